// Brings a new log to a size quickly: the sequencer in this process, synthetic bodies, large batches. Every
// commit is as durable and every head as signed as in the server; only the signatures of the entries, which
// the sequencer never sees, hold for nothing. The search index is made afterwards, as the server would.
import { generateKeyPairSync } from "node:crypto"
import { loadWriting } from "./built.ts"

const BATCH = 4_096
const KEYS = 64
/** About what a hashedrekord with a P-256 key takes. */
const BODY_BYTES = 500

function newKey(): string {
  const { publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" })
  return publicKey.export({ type: "spki", format: "der" }).toString("base64")
}

/** The body of a hashedrekord whose signature is made up. */
function syntheticBody(index: number, key: string): Uint8Array {
  const digest = Buffer.alloc(32)
  digest.writeUInt32BE(index, 28)
  const start =
    `{"apiVersion":"0.0.2","kind":"hashedrekord","spec":{"hashedRekordV002":{"data":{"algorithm":` +
    `"SHA2_256","digest":"${digest.toString("base64")}"},"signature":{"content":"`
  const end = `","verifier":{"keyDetails":"PKIX_ECDSA_P256_SHA_256","publicKey":{"rawBytes":"${key}"}}}}}}`
  return Buffer.from(start.padEnd(BODY_BYTES - end.length, "x").concat(end))
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
    signer: program.createLogSigner(origin, await program.openLogKeys(directory)),
    hasher,
    now: Date.now,
  })
  const keys = Array.from({ length: KEYS }, newKey)
  const start = performance.now()
  for (let first = 0; first < size; first += BATCH) {
    const count = Math.min(BATCH, size - first)
    const bodies = Array.from({ length: count }, (_, i) => {
      return syntheticBody(first + i, keys[(first + i) % KEYS] as string)
    })
    const leafHashes = bodies.map((body) => hasher.leaf(body))
    await sequencer.append({ bodies, leafHashes })
  }
  const seconds = (performance.now() - start) / 1_000
  await sequencer.close()
  const reads = program.openSqliteReads(directory.database)
  const { index, close } = await program.openIndex(directory.search, reads)
  await index.follow(size)
  await close()
  await reads.close()
  return seconds
}
