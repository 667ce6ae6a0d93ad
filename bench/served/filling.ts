// Brings a new log to a size quickly: the sequencer in this process, synthetic bodies, large batches. Every
// commit is as durable and every head as signed as in the server; only the signatures of the entries, which
// the sequencer never sees, are not there.
import type { Term } from "../../src/entry/term.ts"
import { loadWriting } from "./built.ts"

const BATCH = 4_096
/** About what a hashedrekord with a P-256 key takes. */
const BODY_BYTES = 500

function syntheticBody(index: number): Uint8Array {
  return Buffer.from(
    `{"apiVersion":"0.0.2","number":${index},"`.padEnd(BODY_BYTES - 2, "x").concat('"}'),
  )
}

/** What a hashedrekord with a bare key can be found by: its digest, one of 64 keys, its kind. */
export function syntheticTerms(index: number): readonly Term[] {
  const digest = index.toString(16).padStart(64, "0")
  return [
    { name: "kind", value: "hashedrekord:0.0.2" },
    { name: "digest", value: `sha256:${digest}` },
    { name: "key", value: `sha256:${String(index % 64).padStart(64, "0")}` },
  ]
}

/** Makes a log in `folder` and appends `size` entries; gives the seconds that the appending took. */
export async function fillLog(folder: string, size: number): Promise<number> {
  const program = await loadWriting()
  const directory = program.dataDirectory(folder)
  const origin = program.parseOrigin("bench.example")
  const hasher = program.nativeHasher
  await program.createLogFiles(directory, { origin, time: Date.now() })
  const store = program.openSqliteStore(directory.database)
  const sequencer = await program.openSequencer({
    store,
    guard: program.openGuardFile(directory.guard),
    signer: program.createLogSigner(origin, program.readLogKeys(directory, undefined)),
    hasher,
    now: Date.now,
  })
  const index = await program.openSearchIndex({
    reads: store,
    hasher,
    defer: setImmediate,
    size: 0,
    limits: program.defaultSearchLimits,
  })
  const hashTerms = program.createTermHasher(hasher)
  const start = performance.now()
  for (let first = 0; first < size; first += BATCH) {
    const count = Math.min(BATCH, size - first)
    const bodies = Array.from({ length: count }, (_, i) => syntheticBody(first + i))
    const leafHashes = bodies.map((body) => hasher.leaf(body))
    const terms = bodies.map((_, i) => hashTerms(syntheticTerms(first + i)))
    const fold = index.nextFold(program.countTerms(terms))
    await sequencer.append({ bodies, leafHashes, terms, fold })
    index.append(terms, fold)
  }
  const seconds = (performance.now() - start) / 1_000
  await sequencer.close()
  return seconds
}
