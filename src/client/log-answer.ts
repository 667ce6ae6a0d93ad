// The answers of a log's native API (openapi.yaml) read into values. Members that this version does not
// know are passed over, so that a newer log can be read. Leaves out problem documents (exchange.ts).
import { refuse } from "../core/base/errors.ts"
import { asBytes, asInteger, asList, asObject, asText, optional } from "../core/base/json-value.ts"
import { MOST_PROOF_HASHES } from "../core/base/limits.ts"
import { present } from "../core/base/present.ts"
import { parseHex } from "../core/base/text.ts"
import { asHash, type Hash, type Head } from "../core/tree/hash.ts"
import type { InclusionProof } from "../core/tree/proof.ts"
import type { Receipt } from "./receipt.ts"

/** An entry as the log gives it; nothing of it is proven. */
export interface Entry {
  readonly index: number
  readonly leafHash: Hash
  readonly body: Uint8Array
  /** When the log says that it committed the entry, in RFC 3339. */
  readonly time: string
}

/** An inclusion proof (RFC 6962, section 2.1.1) as the log gives it; it is not checked. */
export interface Inclusion {
  readonly leafHash: Hash
  readonly proof: InclusionProof
  /** The note over the head that the proof leads to, if that is the newest. */
  readonly checkpoint?: string
}

/** The newest head by the log's word; `checkpoint` is what it has signed. */
export interface TreeHead extends Head {
  readonly origin: string
  readonly treeId: string
  readonly time: string
  readonly checkpoint: string
  readonly keys: readonly string[]
}

const MOST_KEYS = 16

function asHexHash(value: unknown, what: string): Hash {
  return asHash(parseHex(asText(value, what), what), what)
}

function asHashes(value: unknown, what: string): readonly Hash[] {
  return asList(value, what, MOST_PROOF_HASHES).map((hash, i) => asHexHash(hash, `${what}[${i}]`))
}

function readProof(value: unknown, what: string): InclusionProof {
  const proof = asObject(value, what, ["index", "size", "root", "hashes"])
  return {
    index: asInteger(proof.index, `${what}.index`),
    size: asInteger(proof.size, `${what}.size`),
    root: asHexHash(proof.root, `${what}.root`),
    hashes: asHashes(proof.hashes, `${what}.hashes`),
  }
}

export function readReceipt(value: unknown, what = "receipt"): Receipt {
  const receipt = asObject(value, what, [
    "index",
    "leafHash",
    "body",
    "isNew",
    "inclusionProof",
    "checkpoint",
    "witnessed",
  ])
  return {
    index: asInteger(receipt.index, `${what}.index`),
    leafHash: asHexHash(receipt.leafHash, `${what}.leafHash`),
    body: asBytes(receipt.body, `${what}.body`),
    ...(typeof receipt.isNew === "boolean" && { isNew: receipt.isNew }),
    proof: readProof(receipt.inclusionProof, `${what}.inclusionProof`),
    checkpoint: asText(receipt.checkpoint, `${what}.checkpoint`),
    ...(typeof receipt.witnessed === "boolean" && { witnessed: receipt.witnessed }),
  }
}

export function readEntry(value: unknown): Entry {
  const entry = asObject(value, "entry", ["index", "leafHash", "body", "time"])
  return {
    index: asInteger(entry.index, "entry.index"),
    leafHash: asHexHash(entry.leafHash, "entry.leafHash"),
    body: asBytes(entry.body, "entry.body"),
    time: asText(entry.time, "entry.time"),
  }
}

export function readInclusion(value: unknown): Inclusion {
  const inclusion = asObject(value, "inclusion", ["leafHash", "inclusionProof", "checkpoint"])
  const checkpoint = optional(inclusion.checkpoint, (text) => asText(text, "inclusion.checkpoint"))
  return {
    leafHash: asHexHash(inclusion.leafHash, "inclusion.leafHash"),
    proof: readProof(inclusion.inclusionProof, "inclusion.inclusionProof"),
    ...present({ checkpoint }),
  }
}

/** Refuses `mismatch` for a proof between other sizes than those asked for. */
export function readConsistency(value: unknown, from: number, to: number): readonly Hash[] {
  const proof = asObject(value, "consistency", ["from", "to", "hashes"])
  const found = [asInteger(proof.from, "consistency.from"), asInteger(proof.to, "consistency.to")]
  if (found[0] !== from || found[1] !== to) {
    refuse("mismatch", `expected a proof from ${from} to ${to}, found ${found.join(" to ")}`)
  }
  return asHashes(proof.hashes, "consistency.hashes")
}

/** Reads the answers of `/v1/head` and of `/v1/tree-head`, its older form. */
export function readTreeHead(value: unknown): TreeHead {
  const head = asObject(value, "head", [
    "origin",
    "treeId",
    "size",
    "root",
    "time",
    "checkpoint",
    "vkeys",
    "keys",
  ])
  const vkeys = asList(head.vkeys ?? head.keys, "head.vkeys", MOST_KEYS)
  return {
    origin: asText(head.origin, "head.origin"),
    treeId: asText(head.treeId, "head.treeId"),
    size: asInteger(head.size, "head.size"),
    root: asHexHash(head.root, "head.root"),
    time: asText(head.time, "head.time"),
    checkpoint: asText(head.checkpoint, "head.checkpoint"),
    keys: vkeys.map((vkey, i) => asText(vkey, `head.vkeys[${i}]`)),
  }
}
