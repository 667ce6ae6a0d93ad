// A witness over a store in memory, with a clock that the test moves.
import { parseCheckpointText } from "../../src/core/note/checkpoint.ts"
import { readCosignatures } from "../../src/core/note/cosignature.ts"
import { type Note, parseNote } from "../../src/core/note/note.ts"
import { EMPTY_HEAD } from "../../src/core/tree/hash.ts"
import { createNoteVerification } from "../../src/crypto/engines/note-verification.ts"
import type { WitnessStore } from "../../src/witness/store.ts"
import { createWitness, type Witness, type WitnessOptions } from "../../src/witness/witness.ts"
import { nodeHasher } from "../reference.ts"
import { createMemoryWitnessStore } from "../storage/memory/witness-store.ts"
import { createTestLog, type TestLog, testCosigner } from "./test-log.ts"

export const startTime = 1_700_000_000
export const holds = createNoteVerification()

export interface RunningWitness {
  readonly witness: Witness
  readonly store: WitnessStore
  readonly clock: { time: number }
  readonly log: TestLog
}

export async function startWitness(
  options: Partial<WitnessOptions> = {},
  clock = { time: startTime },
): Promise<RunningWitness> {
  const store = options.store ?? createMemoryWitnessStore()
  const log = createTestLog()
  const witness = await createWitness({
    logs: [{ origin: log.origin, vkeys: [log.vkey] }],
    cosigners: [testCosigner()],
    hasher: nodeHasher,
    now: () => clock.time,
    holds,
    defer: setImmediate,
    ...options,
    store,
  })
  return { witness, store, clock, log }
}

/** A store that holds nothing but heads; for a witness whose clock or data was put back. */
export async function storeAt(log: TestLog, size: number, time: number): Promise<WitnessStore> {
  const store = createMemoryWitnessStore()
  const { origin } = log
  const to = { origin, size, root: log.root(size), note: log.note(size), time }
  await store.advance([{ origin, from: EMPTY_HEAD, to }])
  return store
}

/** The time of the test witness's cosignature among these lines; throws unless it holds over the text. */
export function timeOf(text: string, lines: string, cosigner = testCosigner()): number {
  const note: Note = parseNote(`${text}\n${lines}`)
  const head = parseCheckpointText(text)
  const time = readCosignatures(note, head, [cosigner.vkey]).get(cosigner.vkey)
  if (time === undefined) throw new Error("expected a cosignature with a time")
  return time
}
