// Makes a log to attack: bundles of the longest entries first, then ordinary ones. The sequencer in this process with
// synthetic bodies: commits are durable and heads signed as in the server; the signatures of the entries hold for nothing.
import { createHash, generateKeyPairSync } from "node:crypto"
import type { Filled } from "../attack.ts"
import type { Program } from "./program.ts"

const BATCH = 4_096
const LARGE_BATCH = 128
const KEYS = 64
const BUNDLE = 256
const LARGE_BODY = 59_000
/** About what a hashedrekord with a P-256 key takes. */
const ORDINARY_BODY = 500

function newKey(): Buffer {
  const { publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" })
  return publicKey.export({ type: "spki", format: "der" })
}

/** The body of a hashedrekord whose signature is made up. */
function syntheticBody(index: number, key: Buffer, length: number): Uint8Array {
  const digest = Buffer.alloc(32)
  digest.writeUInt32BE(index, 28)
  const start =
    `{"apiVersion":"0.0.2","kind":"hashedrekord","spec":{"hashedRekordV002":{"data":{"algorithm":` +
    `"SHA2_256","digest":"${digest.toString("base64")}"},"signature":{"content":"`
  const end = `","verifier":{"keyDetails":"PKIX_ECDSA_P256_SHA_256","publicKey":{"rawBytes":"${key.toString("base64")}"}}}}}}`
  return Buffer.from(start.padEnd(length - end.length, "x").concat(end))
}

export interface FillOptions {
  readonly folder: string
  readonly largeBundles: number
  readonly entries: number
}

/** Makes a log in `folder`. */
export async function fillLog(
  program: Program,
  { folder, largeBundles, entries }: FillOptions,
): Promise<Filled> {
  const directory = program.dataDirectory(folder)
  const origin = program.parseOrigin("torture.example")
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
  const large = largeBundles * BUNDLE
  const total = large + entries
  for (let first = 0; first < total; ) {
    const isLarge = first < large
    const count = isLarge ? LARGE_BATCH : Math.min(BATCH, total - first)
    const length = isLarge ? LARGE_BODY : ORDINARY_BODY
    const bodies = Array.from({ length: count }, (_, i) =>
      syntheticBody(first + i, keys[(first + i) % KEYS] as Buffer, length),
    )
    await sequencer.append({ bodies, leafHashes: bodies.map((body) => hasher.leaf(body)) })
    first += count
  }
  await sequencer.close()
  const reads = program.openSqliteReads(directory.database)
  const { index, close } = await program.openIndex(directory.search, reads)
  await index.follow(total)
  await close()
  await reads.close()
  const digest = createHash("sha256")
    .update(keys[0] as Buffer)
    .digest("hex")
  return { largeBundles, ordinaryBundle: largeBundles, key: `sha256:${digest}` }
}
