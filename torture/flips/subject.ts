// What bits are flipped in: files on a disk, and what a program answers that is started over them.

/** What one step was answered with; names of errors as the program has them. */
export type Answer =
  | { readonly step: string; readonly text: string }
  | { readonly step: string; readonly refused: string; readonly message: string }

export interface Subject {
  readonly name: string
  /** Makes the files in an empty folder; gives the names of those in which bits are flipped. */
  make(folder: string): Promise<readonly string[]>
  /** Opens what is in the folder, asks for all that it has, tries what it must not do, and closes it. */
  ask(folder: string): Promise<readonly Answer[]>
}

/** Steps that nothing but a whole state is given for; any named refusal of them is one of the state. */
const opening = new Set(["read", "open", "open again"])

/** Runs a step; errors of every kind become answers. */
export async function answerOf(step: string, work: () => Promise<unknown>): Promise<Answer> {
  try {
    return { step, text: JSON.stringify((await work()) ?? null) }
  } catch (reason) {
    const error = reason instanceof Error ? reason : new Error(String(reason))
    const code = "code" in error ? String(error.code) : ""
    return { step, refused: `${error.name} ${code}`, message: error.message }
  }
}

function isSame(a: Answer | undefined, b: Answer): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}

function isNamed({ step }: Answer, refused: string): boolean {
  return refused.startsWith("Trouble ") || (opening.has(step) && refused.startsWith("Refusal "))
}

export interface Judged {
  readonly isRefused: boolean
  /** Whether all of it was refused, from the opening on. */
  readonly isClosed: boolean
  /** The step that was answered otherwise, with what. */
  readonly wrong?: string
}

/**
 * Every answer must be the expected one or a refusal by name. After a refusal, what is held at the end may be what was
 * held after any of the expected steps, and so may the number of the state that is opened again.
 */
export function judge(expected: readonly Answer[], found: readonly Answer[]): Judged {
  const held = expected.filter(({ step }) => step.startsWith("held") || step.startsWith("open"))
  const states = held.map((each) => ("text" in each ? each.text : ""))
  const isClosed = found.some((answer) => answer.step === "open" && "refused" in answer)
  let isRefused = false
  for (const answer of found) {
    const meant = expected.find(({ step }) => step === answer.step)
    if (isSame(meant, answer)) continue
    const isKnown = isRefused && "text" in answer && states.includes(answer.text)
    if (!isKnown && !("refused" in answer && isNamed(answer, answer.refused))) {
      const what = "text" in answer ? answer.text : `${answer.refused}: ${answer.message}`
      return { isRefused, isClosed, wrong: `${answer.step}: ${what.slice(0, 300)}` }
    }
    isRefused = true
  }
  return { isRefused, isClosed }
}
