// The power goes: one run of each program is recorded with every call by which it changes files, and behind each of
// those calls disks are built that a loss of power at that moment may leave: nothing that was not synced, all of it, any
// part of it, writes torn at sectors, names that were not synced. On each the program is started as ever, and held to
// what it had told others by then. Left out: disks that lie about a sync, and the index of the write-ahead log.
import { mkdirSync } from "node:fs"
import { join } from "node:path"
import type { FaultResult, FaultRun, Harness } from "../fault.ts"
import { losses } from "../recording/runs.ts"
import { inScratch } from "../recording/scratch.ts"
import { straceTrouble } from "../recording/tracing.ts"

function isWanted(fault: string, { only }: FaultRun): boolean {
  return only.length === 0 || only.some((each) => fault.startsWith(each))
}

async function run(asked: FaultRun): Promise<readonly FaultResult[]> {
  const trouble = straceTrouble()
  if (trouble !== undefined) throw new Error(trouble)
  const { program, seed, progress } = asked
  const wanted = losses.filter(({ fault }) => isWanted(fault, asked))
  const shares = wanted.reduce((sum, { share }) => sum + share, 0)
  const results: FaultResult[] = []
  for (const { fault, share, loss } of wanted) {
    const times = Math.ceil((asked.times * share) / shares)
    const folder = join(asked.folder, `of-${fault}`)
    mkdirSync(folder)
    const started = Date.now()
    const result = await inScratch(folder, (scratch) =>
      loss({ program, folder, scratch, seed, progress }, times),
    )
    results.push(result)
    const seconds = Math.round((Date.now() - started) / 1_000)
    const broken = result.broken.length === 0 ? "" : `, ${result.broken.length} BROKEN`
    progress(`${fault}: ${result.times} states in ${seconds} s${broken}`)
  }
  return results
}

export const harness: Harness = { name: "power", counts: "states of disks", times: 20_000, run }
