// What the tests of both Rekor APIs share: posting, and checking an answer the way a client does, with
// code that shares nothing with the log's own door.
import { createHash, createPublicKey, verify } from "node:crypto"
import { expect } from "vitest"
import { verifyInclusion } from "../../src/client/inclusion.ts"
import { openCheckpoint } from "../../src/core/note/checkpoint.ts"
import { parseVkey } from "../../src/core/note/note.ts"
import { asHash, type Hash } from "../../src/core/tree/hash.ts"
import type { Log } from "../../src/log/ports/log.ts"
import { readLogEntry } from "../../src/sigstore/transparency-log-entry.ts"
import { ask } from "./client.ts"
import type { Reply } from "./door/contract-check.ts"

export const V1 = "/api/v1/log/entries"
export const V2 = "/api/v2/log/entries"

export function post(
  port: number,
  path: string,
  body: object | string | Uint8Array,
  headers: Readonly<Record<string, string>> = { "content-type": "application/json" },
): Promise<Reply> {
  const isRaw = typeof body === "string" || body instanceof Uint8Array
  return ask(port, path, {
    method: "POST",
    headers,
    body: isRaw ? body : JSON.stringify(body),
  })
}

function hexHash(text: string): Hash {
  return asHash(Buffer.from(text, "hex"))
}

export function leafHashOf(body: Uint8Array): string {
  return createHash("sha256").update(Uint8Array.of(0)).update(body).digest("hex")
}

export interface EntryV2 {
  readonly logIndex: string
  readonly inclusionPromise: null
  readonly integratedTime: string
  readonly kindVersion: { readonly kind: string; readonly version: string }
  readonly inclusionProof: { readonly treeSize: string; readonly logIndex: string }
  readonly canonicalizedBody: string
}

/** Checks a TransparencyLogEntry as a client does; gives its leaf hash in hex. */
export function verifyV2(log: Log, json: unknown): string {
  const entry = readLogEntry(json, "entry")
  const vkeys = log.vkeys.map(parseVkey)
  const proof = entry.proof
  if (proof === undefined) throw new Error("expected a proof, found none")
  const spki = vkeys[0]?.publicKey ?? new Uint8Array(0)
  expect(Buffer.from(entry.logId)).toEqual(createHash("sha256").update(spki).digest())
  expect(proof.index).toBe(entry.index)
  for (const vkey of vkeys) openCheckpoint(proof.checkpoint, [vkey], log.origin)
  const checkpoint = openCheckpoint(proof.checkpoint, vkeys, log.origin)
  return Buffer.from(verifyInclusion(entry.body, proof, checkpoint)).toString("hex")
}

export interface EntryV1 {
  readonly body: string
  readonly integratedTime: number
  readonly logID: string
  readonly logIndex: number
  readonly verification: {
    readonly inclusionProof: {
      readonly checkpoint: string
      readonly hashes: readonly string[]
      readonly logIndex: number
      readonly rootHash: string
      readonly treeSize: number
    }
    readonly signedEntryTimestamp: string
  }
}

/** The entry ID and the entry of an answer that has one entry. */
export function onlyEntry(json: unknown): readonly [id: string, entry: EntryV1] {
  const [first, ...others] = Object.entries(json as Readonly<Record<string, EntryV1>>)
  expect(others).toEqual([])
  if (first === undefined) throw new Error("expected an entry, found none")
  return first
}

export interface SignedSize {
  readonly size: number
  readonly root: string
}

const CHECKPOINT = /^(([^ \n]+) - ([0-9]+)\n([0-9]+)\n([A-Za-z0-9+/=]+)\n)\n— ([^ \n]+) (\S+)\n$/

/** Checks a v1 checkpoint by its letters: host and tree ID, one signature line, whose key hint is right. */
export function verifyCheckpointV1(text: string, logKey: Buffer, treeId: string): SignedSize {
  const match = CHECKPOINT.exec(text)
  if (match === null) throw new Error(`expected a v1 checkpoint with one signature, found ${text}`)
  const [, signed = "", host, tree, size, root = "", signer, line = ""] = match
  expect([signer, tree]).toEqual([host, treeId])
  const bytes = Buffer.from(line, "base64")
  const hint = createHash("sha256").update(logKey).digest().subarray(0, 4)
  expect(bytes.subarray(0, 4)).toEqual(hint)
  const key = createPublicKey({ key: logKey, type: "spki", format: "der" })
  expect(verify("sha256", Buffer.from(signed), key, bytes.subarray(4))).toBe(true)
  return { size: Number(size), root: Buffer.from(root, "base64").toString("hex") }
}

/** Checks a SET; the text is in RFC 8785 by its order and because nothing in it needs an escape. */
export function holdsTimestamp(
  { body, integratedTime, logID, logIndex }: Omit<EntryV1, "verification">,
  timestamp: string,
  logKey: Buffer,
): boolean {
  const text = JSON.stringify({ body, integratedTime, logID, logIndex })
  const key = createPublicKey({ key: logKey, type: "spki", format: "der" })
  return verify("sha256", Buffer.from(text), key, Buffer.from(timestamp, "base64"))
}

/** SPKI of the log's ECDSA key. */
export function logKeyOf(log: Log): Buffer {
  return Buffer.from(parseVkey(log.vkeys[0] ?? "").publicKey)
}

/** Checks a v1 answer as a client does; gives its leaf hash in hex. */
export function verifyV1(log: Log, json: unknown): string {
  const [id, entry] = onlyEntry(json)
  const logKey = logKeyOf(log)
  const { inclusionProof: proof, signedEntryTimestamp } = entry.verification
  expect(entry.logID).toBe(createHash("sha256").update(logKey).digest("hex"))
  expect(holdsTimestamp(entry, signedEntryTimestamp, logKey)).toBe(true)
  const signed = verifyCheckpointV1(proof.checkpoint, logKey, log.treeId)
  expect(signed).toEqual({ size: proof.treeSize, root: proof.rootHash })
  expect(proof.logIndex).toBe(entry.logIndex)
  const body = Buffer.from(entry.body, "base64")
  const head = { size: proof.treeSize, root: hexHash(proof.rootHash) }
  const inclusion = { ...head, index: proof.logIndex, hashes: proof.hashes.map(hexHash) }
  verifyInclusion(body, inclusion, head)
  const leafHash = leafHashOf(body)
  expect(id).toBe(BigInt(log.treeId).toString(16).padStart(16, "0") + leafHash)
  return leafHash
}
