// A log for the bench of the monitor, as static files on the local disk: entry bundles and hash tiles by their
// C2SP paths, and a signed checkpoint. Every entry is a hashedrekord with a good P-256 signature.
import { createHash, generateKeyPairSync, type KeyObject, sign } from "node:crypto"
import { mkdirSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { loadMonitoredLog } from "../served/built.ts"

type Program = Awaited<ReturnType<typeof loadMonitoredLog>>

export interface LogFiles {
  readonly folder: string
  readonly vkey: string
}

export const MONITORED_ORIGIN = "bench.example"
const KEYS = 64

interface BenchKey {
  readonly privateKey: KeyObject
  readonly der: Uint8Array
}

function makeKeys(): readonly BenchKey[] {
  return Array.from({ length: KEYS }, () => {
    const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" })
    return { privateKey, der: new Uint8Array(publicKey.export({ type: "spki", format: "der" })) }
  })
}

function bodyOf(program: Program, { privateKey, der }: BenchKey, index: number): Uint8Array {
  const artifact = Buffer.from(`artifact ${index}`)
  return program.hashedrekordBody({
    algorithm: "PKIX_ECDSA_P256_SHA_256",
    digest: createHash("sha256").update(artifact).digest(),
    signature: sign("sha256", artifact, privateKey),
    key: { form: "publicKey", der },
  })
}

function write(path: string, content: Uint8Array | string): void {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, content)
}

function signedCheckpoint(program: Program, text: string): { note: string; vkey: string } {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519")
  const raw = new Uint8Array(publicKey.export({ type: "spki", format: "der" }).subarray(-32))
  const vkey = program.makeVkey(MONITORED_ORIGIN, 1, raw)
  const signature = new Uint8Array(sign(null, Buffer.from(text), privateKey))
  const { name, keyId } = vkey
  const note = program.formatNote(text, [{ name, keyId, signature }])
  return { note, vkey: program.formatVkey(vkey) }
}

/** Writes a log of `size` entries into `folder`; about 50 us an entry. */
export async function writeLogFiles(folder: string, size: number): Promise<LogFiles> {
  const program = await loadMonitoredLog()
  const { nativeHasher: hasher, TILE_WIDTH } = program
  const keys = makeKeys()
  const edge = program.emptyEdge()
  const place = (resource: Parameters<Program["formatTilePath"]>[0]) =>
    join(folder, program.formatTilePath(resource))
  let bodies: Uint8Array[] = []
  const writeBundle = (index: number): void => {
    const path = place({ kind: "entries", index, width: bodies.length })
    write(path, program.encodeBundle(bodies))
    bodies = []
  }
  for (let index = 0; index < size; index++) {
    const body = bodyOf(program, keys[index % KEYS] as BenchKey, index)
    bodies.push(body)
    for (const { id, nodes } of program.appendLeaf(edge, hasher.leaf(body), hasher)) {
      const path = place({ kind: "tile", ...id, width: TILE_WIDTH })
      write(path, program.tileBytes(nodes, TILE_WIDTH))
    }
    if (bodies.length === TILE_WIDTH) writeBundle(Math.floor(index / TILE_WIDTH))
  }
  if (bodies.length > 0) writeBundle(Math.floor(size / TILE_WIDTH))
  for (const { tile, width } of program.partialTiles(size)) {
    const nodes = program.edgeTile(edge, tile)
    if (nodes === undefined) throw new Error(`no tile ${tile.level}/${tile.index} in the edge`)
    write(place({ kind: "tile", ...tile, width }), program.tileBytes(nodes, width))
  }
  const head = { size, root: program.edgeRoot(edge, hasher) }
  const { note, vkey } = signedCheckpoint(program, program.formatCheckpoint(MONITORED_ORIGIN, head))
  write(join(folder, "checkpoint"), note)
  return { folder, vkey }
}
