// A real witness process that cosigns an evil log until it is given evidence, and what it takes to go on.
import { expect } from "vitest"
import { parseCheckpointText } from "../../src/core/note/checkpoint.ts"
import { parseNote } from "../../src/core/note/note.ts"
import { requestText } from "../http/test-log.ts"
import { countersign } from "../scenarios/process.ts"
import { type Asked, addCheckpoint } from "../scenarios/witness/client.ts"
import { newWitness, type ServedWitness } from "../scenarios/witness/new-witness.ts"
import type { EvilLog } from "./evil-log.ts"

export interface FreezingWitness {
  /** The line of a sinks file that sends it evidence. */
  readonly sink: string
  /** Expects that it cosigns the log no more. */
  expectFrozen(): Promise<void>
  /** Expects that it still cosigns. */
  expectCosigning(): Promise<void>
  /** Stops it, unfreezes the log, and expects that it cosigns again. */
  unfreeze(): Promise<void>
}

/** Starts a witness that has cosigned what the log shows everybody. */
export async function freezingWitness(
  evil: EvilLog,
  logKeys: readonly string[] = evil.vkeys,
  note: string = evil.honest.log.head().checkpoint,
): Promise<FreezingWitness> {
  const logs = logKeys.map((vkey) => `log ${vkey}\n`).join("")
  const witness = await newWitness(`${logs}quorum none\n`)
  const { size } = parseCheckpointText(parseNote(note).text)
  let served: ServedWitness = await witness.serve()
  const ask = (oldSize: number): Promise<Asked> =>
    addCheckpoint(served.url, requestText(oldSize, [], note))
  expect(await ask(0)).toMatchObject({ status: 200 })

  return {
    sink: `witness ${served.url}`,
    async expectFrozen() {
      expect(await ask(size)).toMatchObject({ status: 422 })
    },
    async expectCosigning() {
      expect(await ask(size)).toMatchObject({ status: 200 })
    },
    async unfreeze() {
      await served.stop()
      const { path, guard } = witness.directory
      const words = ["--data", path, "--guard", guard, "--origin", evil.origin]
      expect(await countersign("witness", "unfreeze", ...words)).toMatchObject({ code: 0 })
      served = await witness.serve()
      expect(await ask(size)).toMatchObject({ status: 200 })
    },
  }
}
