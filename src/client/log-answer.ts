// What a log's native API (openapi.yaml) is asked to find, and its answers read into values. Members that this
// version does not know are passed over, so that a newer log can be read. That no entry is missing from what
// was found cannot be checked but by reading the whole log. Leaves out problem documents (exchange.ts).
import { refuse } from "../core/base/errors.ts"
import {
  asBytes,
  asInteger,
  asList,
  asObject,
  asText,
  type Members,
  optional,
} from "../core/base/json-value.ts"
import { MOST_FOUND_ON_PAGE, MOST_PROOF_HASHES } from "../core/base/limits.ts"
import { present } from "../core/base/present.ts"
import { parseHex } from "../core/base/text.ts"
import { parseCheckpointText } from "../core/note/checkpoint.ts"
import { parseNote } from "../core/note/note.ts"
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
  const { index, leafHash, body, isNew, inclusionProof, checkpoint, witnessed } = asObject(
    value,
    what,
  )
  return {
    index: asInteger(index, `${what}.index`),
    leafHash: asHexHash(leafHash, `${what}.leafHash`),
    body: asBytes(body, `${what}.body`),
    ...(typeof isNew === "boolean" && { isNew }),
    proof: readProof(inclusionProof, `${what}.inclusionProof`),
    checkpoint: asText(checkpoint, `${what}.checkpoint`),
    ...(typeof witnessed === "boolean" && { witnessed }),
  }
}

export function readEntry(value: unknown): Entry {
  const { index, leafHash, body, time } = asObject(value, "entry")
  return {
    index: asInteger(index, "entry.index"),
    leafHash: asHexHash(leafHash, "entry.leafHash"),
    body: asBytes(body, "entry.body"),
    time: asText(time, "entry.time"),
  }
}

export function readInclusion(value: unknown): Inclusion {
  const { leafHash, inclusionProof, checkpoint } = asObject(value, "inclusion")
  return {
    leafHash: asHexHash(leafHash, "inclusion.leafHash"),
    proof: readProof(inclusionProof, "inclusion.inclusionProof"),
    ...present({ checkpoint: optional(checkpoint, (it) => asText(it, "inclusion.checkpoint")) }),
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
  const { origin, treeId, size, root, time, checkpoint, vkeys, keys } = asObject(value, "head")
  const list = asList(vkeys ?? keys, "head.vkeys", MOST_KEYS)
  return {
    origin: asText(origin, "head.origin"),
    treeId: asText(treeId, "head.treeId"),
    size: asInteger(size, "head.size"),
    root: asHexHash(root, "head.root"),
    time: asText(time, "head.time"),
    checkpoint: asText(checkpoint, "head.checkpoint"),
    keys: list.map((vkey, i) => asText(vkey, `head.vkeys[${i}]`)),
  }
}

/** The parameters of `GET /v1/entries`; an entry must fit all that are there. */
export interface SearchCriteria {
  readonly digest?: string | undefined
  readonly key?: string | undefined
  readonly identity?: string | undefined
  readonly issuer?: string | undefined
  readonly subject?: string | undefined
  readonly subjectDigest?: string | undefined
  /** A digest that stands in a statement, but not as a subject. */
  readonly mention?: string | undefined
  readonly payload?: string | undefined
  readonly predicateType?: string | undefined
  readonly kind?: string | undefined
  /** Only opaque entries; alone, all of them. */
  readonly opaque?: true | undefined
}

/** Which part of the answer is asked for: up to `limit` entries beyond the index `after`. */
export interface SearchPage {
  readonly order?: "oldest" | "newest" | undefined
  readonly after?: number | undefined
  readonly limit?: number | undefined
  /** Only messages beyond this number are looked through: `attachedNext` of an answer. */
  readonly attachedAfter?: number | undefined
}

/** How far an answer goes. */
export interface Completeness {
  /** `after` of the next page; undefined if there is none. */
  readonly next?: number
  /** The size up to which the log says that nothing is left out. */
  readonly completeUpTo: number
  /** The size of the log when it was asked; entries from `completeUpTo` on were not searched. */
  readonly size: number
  /**
   * How many entries of the whole log, below `upTo`, are opaque: the log does not know what was signed, so they may
   * be about what was asked for. Undefined for a log that does not count them, where any entry may be one.
   */
  readonly opaque?: { readonly count: number; readonly upTo: number }
  /** Attached messages up to this number were looked through; undefined for a log that takes none. */
  readonly attachedUpTo?: number
  /** `attachedAfter` for entries that more messages say to fit; undefined if there are no more. */
  readonly attachedNext?: number
}

/** A page of the entries that fit. */
export interface FoundEntries extends Completeness {
  readonly entries: readonly Entry[]
}

/** A signed statement about an artifact, by the entry that logs it. */
export interface FoundAttestation {
  readonly index: number
  /** Whether the log can give it. */
  readonly isKept: boolean
  readonly predicateType?: string
}

/** What a log has about one artifact. */
export interface FoundArtifact extends Completeness {
  readonly attestations: readonly FoundAttestation[]
}

const completenessNames = [
  "next",
  "completeUpTo",
  "checkpoint",
  "opaque",
  "attachedUpTo",
  "attachedNext",
] as const

function readOpaque(value: unknown): Completeness["opaque"] {
  return optional(value, (opaque) => {
    const { count, upTo } = asObject(opaque, "opaque")
    return { count: asInteger(count, "opaque.count"), upTo: asInteger(upTo, "opaque.upTo") }
  })
}

function readCompleteness(answer: Members<(typeof completenessNames)[number]>): Completeness {
  const next = optional(answer.next, (value) => asInteger(value, "next"))
  const completeUpTo = asInteger(answer.completeUpTo, "completeUpTo")
  const size = optional(answer.checkpoint, (note) => {
    return parseCheckpointText(parseNote(asText(note, "checkpoint")).text).size
  })
  const opaque = readOpaque(answer.opaque)
  const attachedUpTo = optional(answer.attachedUpTo, (value) => asInteger(value, "attachedUpTo"))
  const attachedNext = optional(answer.attachedNext, (value) => asInteger(value, "attachedNext"))
  const known = present({ next, opaque, attachedUpTo, attachedNext })
  return { ...known, completeUpTo, size: size ?? completeUpTo }
}

/** Refuses `malformed` also for a page that would lead back. */
export function readFound(value: unknown, { order, after }: SearchPage): FoundEntries {
  const answer = asObject(value, "search", ["entries", ...completenessNames])
  const entries = asList(answer.entries, "entries", MOST_FOUND_ON_PAGE).map(readEntry)
  const completeness = readCompleteness(answer)
  const { next } = completeness
  const step = order === "newest" ? -1 : 1
  if (next !== undefined && after !== undefined && (next - after) * step <= 0) {
    refuse("malformed", `next: expected a place beyond ${after}, found ${next}`)
  }
  return { entries, ...completeness }
}

function readAttestation(value: unknown): FoundAttestation {
  const { index, isKept, predicateType } = asObject(value, "attestation")
  const type = optional(predicateType, (text) => asText(text, "predicateType"))
  return {
    index: asInteger(index, "index"),
    isKept: isKept === true,
    ...present({ predicateType: type }),
  }
}

export function readArtifact(value: unknown): FoundArtifact {
  const answer = asObject(value, "artifact", ["attestations", ...completenessNames])
  const attestations = asList(answer.attestations, "attestations", MOST_FOUND_ON_PAGE)
  return { attestations: attestations.map(readAttestation), ...readCompleteness(answer) }
}
