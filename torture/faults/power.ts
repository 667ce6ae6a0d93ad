// The power goes: one run of each program is recorded with every call by which it changes files, and behind each of
// those calls disks are built that a loss of power at that moment may leave: nothing that was not synced, all of it, any
// part of it, writes torn at sectors, names that were not synced. On each the program is started as ever, and held to
// what it had told others by then. Memory of the disk itself that lies about a sync is left out.
import { mkdirSync } from "node:fs"
import { join } from "node:path"
import { createDice } from "../dice.ts"
import type { FaultResult, FaultRun, Harness } from "../fault.ts"
import { explore } from "../recording/exploring.ts"
import { loadLogProgram } from "../recording/log-program.ts"
import { recordLog } from "../recording/log-run.ts"
import { createLogPast, judgeLogState } from "../recording/log-state.ts"
import { straceTrouble } from "../recording/tracing.ts"

async function run(run: FaultRun): Promise<readonly FaultResult[]> {
  const trouble = straceTrouble()
  if (trouble !== undefined) throw new Error(trouble)
  const { program, folder, seed, times } = run
  const dice = createDice(seed)
  const place = join(folder, "log")
  mkdirSync(place)
  const modules = await loadLogProgram(program)
  const { recording } = await recordLog({ program, name: "log", folder: place, batches: 30, dice })
  run.progress(`${recording.events.length} events`)
  const past = createLogPast()
  const start = Date.now()
  const { states, broken } = await explore({
    ...{ recording, times, dice, hear: past.hear },
    judge: (state, n) =>
      judgeLogState({ program: modules, past, folder: join(folder, "state") }, state, n % 10 === 0),
  })
  run.progress(`${(states / (Date.now() - start)) * 1000} states/s`)
  return [{ fault: "log", times: states, checked: "", broken }]
}

export const harness: Harness = { name: "power", counts: "states of the disk", times: 20_000, run }
