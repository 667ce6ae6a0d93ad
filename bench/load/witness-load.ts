// Logs for the witness, and their add-checkpoint requests, one file a log. All logs have the same entries, so
// that roots and proofs are made once; each signs with a key of its own.
import { generateKeyPairSync, type KeyObject, sign } from "node:crypto"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import type { Hash, Head } from "../../src/core/tree/hash.ts"
import { loadCheckpoints } from "../served/built.ts"
import { postRequest, writeRequests } from "./request-file.ts"

export interface WitnessLoad {
  /** The policy file that names the logs. */
  readonly policy: string
  /** One a log; its requests advance the log in their order. */
  readonly requests: readonly string[]
}

export interface WitnessLoadOptions {
  readonly folder: string
  /** Names the files; no two loads of a run have the same. */
  readonly name: string
  readonly logs: number
  /** Requests of each log. */
  readonly steps: number
}

/** Entries before the first request, and by how many each request advances the log. */
const FIRST_SIZE = 1_000
const STEP = 10

/** A head that every log reaches, with the proof from the one before it. */
interface Step extends Head {
  readonly oldSize: number
  readonly proof: readonly Hash[]
}

type Checkpoints = Awaited<ReturnType<typeof loadCheckpoints>>

function leafHash(index: number, { nativeHasher }: Checkpoints): Hash {
  return nativeHasher.leaf(Buffer.from(`entry ${index}`))
}

/** Every node of the tree by height and index. */
function nodeRows(size: number, checkpoints: Checkpoints): readonly (readonly Hash[])[] {
  const { nativeHasher } = checkpoints
  let row = Array.from({ length: size }, (_, i) => leafHash(i, checkpoints))
  const rows = [row]
  while (row.length > 1) {
    const below = row
    row = Array.from({ length: Math.floor(below.length / 2) }, (_, i) =>
      nativeHasher.node(below[2 * i] as Hash, below[2 * i + 1] as Hash),
    )
    rows.push(row)
  }
  return rows
}

function makeSteps(count: number, checkpoints: Checkpoints): readonly Step[] {
  const { planConsistency, proofFromNodes, foldNodes, rootNodes, nativeHasher } = checkpoints
  const sizes = Array.from({ length: count }, (_, i) => FIRST_SIZE + i * STEP)
  const rows = nodeRows(sizes.at(-1) ?? 0, checkpoints)
  const hashOf = ({ height, index }: { readonly height: number; readonly index: number }): Hash =>
    rows[height]?.[index] as Hash
  return sizes.map((size, i) => {
    const oldSize = sizes[i - 1] ?? 0
    const root = foldNodes(rootNodes(size).map(hashOf), nativeHasher)
    const plan = oldSize === 0 ? [] : planConsistency(oldSize, size)
    return { size, root, oldSize, proof: proofFromNodes(plan, hashOf, nativeHasher) }
  })
}

function makeRequest(
  origin: string,
  keyId: number,
  key: KeyObject,
  step: Step,
  { formatCheckpoint, formatNote, formatAddCheckpoint }: Checkpoints,
): Buffer {
  const text = formatCheckpoint(origin, step)
  const signature = new Uint8Array(sign(null, Buffer.from(text), key))
  const note = formatNote(text, [{ name: origin, keyId, signature }])
  const body = Buffer.from(formatAddCheckpoint({ ...step, note })).toString("utf8")
  return postRequest("/add-checkpoint", "text/plain", body)
}

/** Makes the logs, signs all of their checkpoints, and writes the policy and the requests. */
export async function makeWitnessLoad(options: WitnessLoadOptions): Promise<WitnessLoad> {
  const { folder, name, logs, steps } = options
  const checkpoints = await loadCheckpoints()
  const { makeVkey, formatVkey } = checkpoints
  const made = makeSteps(steps, checkpoints)
  const lines: string[] = []
  const requests = Array.from({ length: logs }, (_, i) => {
    const origin = `${name}-${i}.example`
    const { publicKey, privateKey } = generateKeyPairSync("ed25519")
    const spki = new Uint8Array(publicKey.export({ type: "spki", format: "der" }))
    const vkey = makeVkey(origin, 1, spki.slice(-32))
    lines.push(`log ${formatVkey(vkey)}\n`)
    const file = join(folder, `${name}-${i}.requests`)
    writeRequests(
      file,
      made.map((step) => makeRequest(origin, vkey.keyId, privateKey, step, checkpoints)),
    )
    return file
  })
  const policy = join(folder, `${name}.policy`)
  writeFileSync(policy, `${lines.join("")}quorum none\n`)
  return { policy, requests }
}
