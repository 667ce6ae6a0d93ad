// A witness that starts, cosigns some checkpoints of a log and is stopped: whatever failed meanwhile, no head that it has
// cosigned is forgotten at the next start, and it goes on from there.
import { mkdirSync } from "node:fs"
import { join } from "node:path"
import { createDice } from "../dice.ts"
import { type LogRun, recordLog } from "../recording/log-run.ts"
import { startProgram, untilServing } from "../recording/tracing.ts"
import {
  askForCosignature,
  makeWitness,
  witnessWords,
  writePolicy,
} from "../recording/witness-run.ts"
import type { Subject } from "./subject.ts"

const END_MS = 15_000
const COSIGNED = 4

/** `folder` is where a log is made that shows its checkpoints. */
export function servedWitness(program: string, folder: string): Subject {
  const policy = join(folder, "subject.policy")
  let run: LogRun | undefined

  async function shown() {
    if (run === undefined) {
      const place = join(folder, "shown")
      mkdirSync(place)
      const given = { program, name: "shown", folder: place, batches: COSIGNED + 2 }
      run = await recordLog({ ...given, dice: createDice(1) })
      writePolicy(policy, run.vkeys)
    }
    return run.shown
  }

  /** The size that a witness stands at, from its answer to one who begins anew. */
  async function sizeAt(url: string): Promise<number> {
    const [first] = await shown()
    if (first === undefined) throw new Error("the log has shown nothing")
    const { status, text } = await askForCosignature(url, 0, first)
    if (status === 200) return first.size
    return status === 409 ? Number(text) : Number.NaN
  }

  async function audit(place: string, cosigned: number): Promise<readonly string[]> {
    const witness = startProgram(program, witnessWords(place, policy))
    try {
      const url = await untilServing(witness)
      if (typeof url !== "string") return [`it does not start again: ${url.code} ${url.stderr}`]
      const size = await sizeAt(url)
      if (!(size >= cosigned)) return [`cosigned was size ${cosigned}, found ${size}`]
      const next = (await shown()).find((each) => each.size > size)
      const before = (await shown()).some((each) => each.size === size)
      if (next === undefined || !before) return []
      const { status, text } = await askForCosignature(url, size, next)
      return status === 200 ? [] : [`it cosigns nothing again: ${status} ${text}`]
    } finally {
      witness.send("SIGKILL")
      await witness.within(END_MS)
    }
  }

  return {
    name: "witness",
    checked: "ended or went on, no cosigned head forgotten, starts again by itself and goes on",
    async prepare(place) {
      await shown()
      await makeWitness(program, place)
    },
    async work(place, under) {
      const witness = startProgram(program, witnessWords(place, policy), under)
      const url = await untilServing(witness)
      let size = 0
      const broken: string[] = []
      if (typeof url === "string") {
        let unanswered: string | undefined
        for (const each of (await shown()).slice(0, COSIGNED)) {
          const answer = await askForCosignature(url, size, each).catch((reason) => String(reason))
          if (typeof answer === "string") unanswered = answer
          else if (answer.status === 200) size = each.size
          if (unanswered !== undefined) break
        }
        if (unanswered === undefined) witness.send("SIGTERM")
        const { hung } = await witness.within(END_MS)
        if (hung) broken.push(`hangs: ${unanswered ?? "it was told to stop"}, and it did not end`)
      } else if (url.hung) broken.push("hangs: it neither served nor ended")
      return { broken, audit: () => audit(place, size) }
    },
    close: async () => {},
  }
}
