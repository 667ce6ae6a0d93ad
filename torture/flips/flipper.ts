// Flips one bit after the other in one file of a folder's copy and judges what is answered.
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs"
import { join } from "node:path"
import { type Answer, judge, type Subject } from "./subject.ts"

export interface FlipJob {
  readonly subject: string
  readonly program: string
  /** The folder with the files as they were made. */
  readonly whole: string
  /** Where copies are made; best in memory, as each is written anew for each bit. */
  readonly work: string
  readonly file: string
  readonly bits: readonly number[]
}

export interface Flipped {
  readonly refused: number
  readonly unchanged: number
  readonly wrong: readonly string[]
}

/** More than that of one kind says nothing new. */
const MOST_WRONG = 50

export function createFlipper(subject: Subject, { whole, work, file }: Omit<FlipJob, "bits">) {
  const names = readdirSync(whole)
  const bytes = readFileSync(join(whole, file))
  let expected: readonly Answer[] | undefined

  async function ask(bit: number | undefined): Promise<readonly Answer[]> {
    rmSync(work, { recursive: true, force: true })
    mkdirSync(work)
    for (const name of names) {
      if (name !== file) copyFileSync(join(whole, name), join(work, name))
    }
    const flipped = Buffer.from(bytes)
    if (bit !== undefined) flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7))
    writeFileSync(join(work, file), flipped, { mode: 0o600 })
    return await subject.ask(work)
  }

  /** A file that was refused must be left as it is: whoever finds the bit may set it right. */
  function whatIsLost(bit: number): string | undefined {
    const path = join(work, file)
    const left = existsSync(path) ? readFileSync(path) : Buffer.alloc(0)
    if (left.length > bit >> 3) left[bit >> 3] = (left[bit >> 3] as number) ^ (1 << (bit & 7))
    return left.equals(bytes) ? undefined : "it was refused, and the file was changed all the same"
  }

  return {
    /** `onBit` is told before each. */
    async flip(bits: readonly number[], onBit: (bit: number) => void): Promise<Flipped> {
      expected ??= await ask(undefined)
      const wrong: string[] = []
      let refused = 0
      let unchanged = 0
      for (const bit of bits) {
        onBit(bit)
        const judged = judge(expected, await ask(bit))
        const what = judged.wrong ?? (judged.isClosed ? whatIsLost(bit) : undefined)
        if (what !== undefined) {
          wrong.push(`${subject.name}, ${file}, byte ${bit >> 3} bit ${bit & 7}: ${what}`)
          if (wrong.length >= MOST_WRONG) break
        } else if (judged.isRefused) refused += 1
        else unchanged += 1
      }
      return { refused, unchanged, wrong }
    },
    /** What is answered where nothing was flipped; steps that a broken harness would not reach stand out. */
    expected: () => ask(undefined),
  }
}
