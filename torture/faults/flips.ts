// One flipped bit, over and over, in every file of a small witness and a small monitor: each must change nothing in any
// answer, or be refused by name. Every bit that lies in or near content is flipped, one at a time, and one in 64 of those
// in long runs of one byte; SQLite is not trusted to leave out any page.
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs"
import { join } from "node:path"
import { createDice } from "../dice.ts"
import type { FaultResult, FaultRun, Harness } from "../fault.ts"
import { chooseBits } from "../flips/bits.ts"
import { flipAll } from "../flips/pool.ts"
import { openSubject, subjects } from "../flips/subjects.ts"

/** A folder in memory is written anew for each bit in no time. */
const MEMORY = "/dev/shm"

const CHECKED = "every answer equal to that over whole files, or refused by name"

async function flipFile(
  { program, times, seed, progress }: FaultRun,
  subject: string,
  { whole, work, file }: { readonly whole: string; readonly work: string; readonly file: string },
): Promise<FaultResult> {
  const { chosen, all, full } = chooseBits(readFileSync(join(whole, file)), times, createDice(seed))
  const fault = `${subject}: ${file}`
  const job = { subject, program, whole, work, file, bits: chosen }
  const found = await flipAll(job, (done, wrong) => {
    for (const line of wrong) progress(`broken: ${line}`)
    progress(`${fault}: ${done} of ${chosen.length} bits`)
  })
  const { refused, unchanged, wrong } = found
  return {
    ...{ fault, times: refused + unchanged + wrong.length, checked: CHECKED, broken: wrong },
    figures: { refused, unchanged, bits: all, "with content": full },
  }
}

async function flipSubject(run: FaultRun, name: string, folder: string): Promise<FaultResult[]> {
  const whole = join(folder, `${name}-whole`)
  mkdirSync(whole)
  const files = await (await openSubject(name, run.program)).make(whole)
  const results: FaultResult[] = []
  for (const file of files) {
    results.push(await flipFile(run, name, { whole, work: join(folder, "work"), file }))
  }
  return results
}

async function run(fault: FaultRun): Promise<readonly FaultResult[]> {
  const folder = mkdtempSync(join(existsSync(MEMORY) ? MEMORY : fault.folder, "flips-"))
  const clear = () => rmSync(folder, { recursive: true, force: true })
  process.once("exit", clear)
  try {
    const results: FaultResult[] = []
    for (const name of Object.keys(subjects)) {
      const isWanted = fault.only.length === 0 || fault.only.some((each) => name.startsWith(each))
      if (isWanted) results.push(...(await flipSubject(fault, name, folder)))
    }
    return results
  } finally {
    clear()
    process.off("exit", clear)
  }
}

export const harness: Harness = {
  name: "flips",
  counts: "flips a file at most; 0 stands for every bit with content and a sample of the others",
  times: 0,
  run,
}
