// The answers to all questions of one search as one: each entry once, in order, with the reasons why it was found, and
// how far the answer goes. What the log left open in any of its answers is open in the whole.
import type { Completeness, Entry } from "../../client/log-answer.ts"
import type { LogClient } from "../../client/log-client.ts"
import { refuse } from "../../core/base/errors.ts"
import { MOST_FOUND_ON_PAGE } from "../../core/base/limits.ts"
import type { Question } from "./search-question.ts"

export interface Found {
  readonly entry: Entry
  /** Empty if there is but one way to be found. */
  readonly why: readonly string[]
}

export interface Answer extends Omit<Completeness, "next" | "attachedNext"> {
  readonly found: readonly Found[]
  /** Whether there are more than were asked for. */
  readonly hasMore: boolean
}

interface Wanted {
  readonly limit: number
  readonly order: "oldest" | "newest"
}

type Part = Omit<Answer, "found"> & { readonly entries: readonly Entry[] }

/** Of a log whose answers differ, what holds for all of them. */
function together(a: Part, b: Part): Part {
  const { opaque: one, attachedUpTo: first } = a
  const { opaque: other, attachedUpTo: second } = b
  const [least, most] = [Math.min(a.completeUpTo, b.completeUpTo), Math.max(a.size, b.size)]
  return {
    entries: [...a.entries, ...b.entries],
    completeUpTo: least,
    size: most,
    hasMore: a.hasMore || b.hasMore,
    ...(one !== undefined &&
      other !== undefined && { opaque: one.count > other.count ? one : other }),
    ...(first !== undefined && second !== undefined && { attachedUpTo: Math.min(first, second) }),
  }
}

/** Pages without entries that are read of a log, which may look for a while and find none, but not for ever. */
const MOST_EMPTY = 1_000

/** How many more of those there may be. */
interface Budget {
  empty: number
}

function spend(budget: Budget, page: number): void {
  if (page > 0) return
  budget.empty -= 1
  if (budget.empty >= 0) return
  refuse("too-large", `the log's answer: expected up to ${MOST_EMPTY} empty pages, found more`)
}

/** The pages of one question; with `attachedAfter`, of what messages beyond that number say. */
async function readPages(
  log: LogClient,
  { criteria }: Question,
  { limit, order }: Wanted,
  attachedAfter?: number,
  budget: Budget = { empty: MOST_EMPTY },
): Promise<Part> {
  const entries: Entry[] = []
  let after: number | undefined
  for (;;) {
    const wanted = Math.min(MOST_FOUND_ON_PAGE, Math.max(1, limit - entries.length))
    const page = await log.search(criteria, { order, after, limit: wanted, attachedAfter })
    entries.push(...page.entries)
    spend(budget, page.entries.length)
    const { next, attachedNext, entries: _, ...completeness } = page
    if (next !== undefined && entries.length < limit) {
      after = next
      continue
    }
    const part = { ...completeness, entries, hasMore: next !== undefined }
    if (attachedNext === undefined) return part
    // As many messages as these say what is asked that the log gives the rest of them in another answer.
    if (attachedNext <= (attachedAfter ?? 0)) {
      const expected = `expected attachedNext above ${attachedAfter ?? 0}, found ${attachedNext}`
      refuse("malformed", `the log's answer: ${expected}`)
    }
    const rest = await readPages(log, { criteria }, { limit, order }, attachedNext, budget)
    return together(part, rest)
  }
}

function byIndex(parts: readonly Part[], questions: readonly Question[]): readonly Found[] {
  const found = new Map<number, { readonly entry: Entry; readonly why: Set<string> }>()
  for (const [i, { entries }] of parts.entries()) {
    const why = questions[i]?.why
    for (const entry of entries) {
      const known = found.get(entry.index) ?? { entry, why: new Set<string>() }
      if (why !== undefined) known.why.add(why)
      found.set(entry.index, known)
    }
  }
  return Array.from(found.values(), ({ entry, why }) => ({ entry, why: [...why] }))
}

/** Asks all questions side by side; rejects as the client does. There is at least one. */
export async function answerTo(
  log: LogClient,
  questions: readonly Question[],
  { limit, order }: Wanted,
): Promise<Answer> {
  const parts = await Promise.all(
    questions.map((question) => readPages(log, question, { limit, order })),
  )
  const sign = order === "newest" ? -1 : 1
  const all = byIndex(parts, questions).toSorted((a, b) => sign * (a.entry.index - b.entry.index))
  const { entries: _, ...whole } = parts.reduce(together)
  return {
    ...whole,
    found: all.slice(0, limit),
    hasMore: whole.hasMore || all.length > limit,
  }
}
