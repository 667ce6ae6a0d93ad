// What is asked of one place in one state, as a thing that can be handed to another thread.
import { type Answers, failure } from "./answers.ts"
import { askLogPlace, type LogPlaces } from "./log-place.ts"
import { askMonitorPlace } from "./monitor-place.ts"
import type { RottingProgram } from "./program.ts"
import { askWitnessPlace, type WitnessPlace } from "./witness-place.ts"

interface Asked {
  readonly folder: string
  readonly isWriting: boolean
}

export type Job =
  | (Asked & { readonly what: "log"; readonly logs: LogPlaces; readonly entries: number })
  | (Asked & { readonly what: "witness"; readonly witness: WitnessPlace })
  | (Asked & { readonly what: "monitor" })
  | (Asked & { readonly what: "check" })

/** The question under which a check answers; nothing where it finds the place whole. */
export const CHECK = "check"

async function check(program: RottingProgram, folder: string): Promise<Answers> {
  try {
    const { code, output } = await program.command("fsck", "--data", folder)
    return new Map(code === 0 ? [] : [[CHECK, output]])
  } catch (reason) {
    return new Map([[CHECK, failure(reason)]])
  }
}

export async function doJob(program: RottingProgram, job: Job): Promise<Answers> {
  const { folder, isWriting } = job
  if (job.what === "witness") return await askWitnessPlace(program, folder, job.witness, isWriting)
  if (job.what === "monitor") return await askMonitorPlace(program, folder, isWriting)
  if (job.what === "check") return await check(program, folder)
  const { logs, entries } = job
  const appended = isWriting ? entries : undefined
  return await askLogPlace(program, folder, { noted: logs.noted, entries }, appended)
}
