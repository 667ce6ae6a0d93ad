// What signers keep of their signatures, in JSON: Sigstore bundles (v0.1 to v0.3), cosign's older form, log entries of
// Rekor v1 and v2, receipts and the lines of `countersign submit --json`. Of each it takes the entry that was logged,
// by its leaf hash, and the signature itself: the log entry alone is not enough, because whoever has a signature can
// log it again in another spelling. Reads what it needs and passes over all else; verifies nothing.
import { parseAnyBase64 } from "../../core/base/any-base64.ts"
import { parseUtf8 } from "../../core/base/bytes.ts"
import { refuse, unlessRefused } from "../../core/base/errors.ts"
import {
  asList,
  asObject,
  asText,
  isAbsent,
  type Members,
  parseJson,
} from "../../core/base/json-value.ts"
import { LONGEST_BUNDLE, MOST_BUNDLE_ENTRIES } from "../../core/base/limits.ts"
import { formatHex, parseHex } from "../../core/base/text.ts"
import type { Hash } from "../../core/tree/hash.ts"
import { MOST_SIGNATURES } from "../../entry/dsse.ts"
import type { RecordedKeys, RecordedSignature } from "../../entry/kinds/kind.ts"
import { readRecordedPem } from "../../entry/kinds/recorded.ts"
import { readRecorded } from "../../entry/kinds/summary.ts"
import { createVerifierKeyCache, rememberKeys } from "../../entry/verifier-key.ts"
import { readDigest } from "./list.ts"
import { markOf, marksOf } from "./signature-mark.ts"

/** What makes an entry expected; each list may be empty, not all of them. */
export interface LedgerRecord {
  readonly leafHashes: readonly string[]
  /** Marks of signatures. */
  readonly signatures: readonly string[]
  readonly digests: readonly string[]
}

export type LeafHasher = (body: Uint8Array) => Hash

const MOST_ATTESTATIONS = 1_000
/** Documents within documents: an attestation in a list, its bundle. */
const DEEPEST = 3
const nothing: LedgerRecord = { leafHashes: [], signatures: [], digests: [] }

function joined(records: readonly LedgerRecord[]): LedgerRecord {
  return {
    leafHashes: [...new Set(records.flatMap((each) => each.leafHashes))],
    signatures: [...new Set(records.flatMap((each) => each.signatures))],
    digests: [...new Set(records.flatMap((each) => each.digests))],
  }
}

function bytesOf(value: unknown, what: string): Uint8Array {
  return parseAnyBase64(asText(value, what), what)
}

const latin1 = new TextDecoder("latin1")
const BASE64_TEXT = /^[A-Za-z0-9+/_=-]{40,}$/

/** The signature as the key made it: entries of the kind intoto have it in base64 twice. */
export function recordedBytes(content: unknown): Uint8Array | undefined {
  return unlessRefused(() => {
    const once = bytesOf(content, "signature")
    const text = latin1.decode(once)
    return BASE64_TEXT.test(text) ? parseAnyBase64(text, "signature") : once
  })
}

/** Few keys sign much. */
const MOST_KEYS = 64

const knownKeys: RecordedKeys = {
  der: createVerifierKeyCache(MOST_KEYS),
  pem: rememberKeys(MOST_KEYS, readRecordedPem),
}

function marksIn(body: Uint8Array): readonly string[] {
  const signatures: readonly RecordedSignature[] =
    unlessRefused(() => readRecorded(body, knownKeys).parts.signatures) ?? []
  return signatures.flatMap(({ content, key }) => {
    const bytes = recordedBytes(content)
    return bytes === undefined ? [] : [markOf(bytes, key.keyType)]
  })
}

function recordOfBody(value: unknown, what: string, leaf: LeafHasher): LedgerRecord {
  const body = bytesOf(value, what)
  return { ...nothing, leafHashes: [formatHex(leaf(body))], signatures: marksIn(body) }
}

function readLeafHash(value: unknown): string {
  const hex = asText(value, "leafHash")
  if (hex.length !== 64) refuse("malformed", "leafHash: expected a leaf hash of 64 hex digits")
  parseHex(hex, "leafHash")
  return hex
}

function signatureRecord(value: unknown, what: string): LedgerRecord {
  return { ...nothing, signatures: marksOf(bytesOf(value, what)) }
}

function envelopeRecord(value: unknown): LedgerRecord {
  const { signatures } = asObject(value, "envelope", ["signatures"])
  const list = asList(signatures, "envelope.signatures", MOST_SIGNATURES)
  return joined(list.map((each) => signatureRecord(asObject(each, "signature")["sig"], "sig")))
}

function bundleRecord(
  { verificationMaterial, messageSignature, dsseEnvelope }: Members<string>,
  leaf: LeafHasher,
): LedgerRecord {
  const { tlogEntries } = asObject(verificationMaterial, "verificationMaterial", ["tlogEntries"])
  const entries = asList(tlogEntries ?? [], "tlogEntries", MOST_BUNDLE_ENTRIES)
  const what = "tlogEntries: canonicalizedBody"
  const logged = entries.map((entry) =>
    recordOfBody(asObject(entry, "tlogEntries")["canonicalizedBody"], what, leaf),
  )
  const record = joined(logged)
  // It is the one in the entry, which was read with its key.
  if (record.signatures.length > 0) return record
  const signed = isAbsent(dsseEnvelope)
    ? signatureRecord(asObject(messageSignature, "messageSignature")["signature"], "signature")
    : envelopeRecord(dsseEnvelope)
  return joined([record, signed])
}

/** Of `sign-blob` the signature; of `attest-blob` the whole envelope. */
function cosignSignature(value: unknown): LedgerRecord {
  const bytes = bytesOf(value, "base64Signature")
  const envelope = unlessRefused(() => {
    const text = parseUtf8(bytes, "envelope")
    return envelopeRecord(parseJson(text, "envelope", LONGEST_BUNDLE))
  })
  return envelope ?? { ...nothing, signatures: marksOf(bytes) }
}

function cosignRecord({ base64Signature, rekorBundle }: Members<string>, leaf: LeafHasher) {
  const signed = cosignSignature(base64Signature)
  if (isAbsent(rekorBundle)) return signed
  const { Payload } = asObject(rekorBundle, "rekorBundle", ["Payload"])
  const { body } = asObject(Payload, "rekorBundle.Payload", ["body"])
  return joined([recordOfBody(body, "rekorBundle.Payload.body", leaf), signed])
}

/** A receipt, or a line of `submit --json`, which has no body. */
function receiptRecord({ body, leafHash }: Members<string>, leaf: LeafHasher): LedgerRecord {
  const stated = isAbsent(leafHash) ? [] : [readLeafHash(leafHash)]
  if (isAbsent(body)) return { ...nothing, leafHashes: stated }
  const record = recordOfBody(body, "body", leaf)
  if (stated.length > 0 && stated[0] !== record.leafHashes[0]) {
    refuse("malformed", "leafHash: expected that of the body, found another one")
  }
  return record
}

const MARK = /^sha256:[0-9a-f]{64}$/

function asMark(value: unknown): string {
  const mark = asText(value, "signatures")
  return MARK.test(mark) ? mark : refuse("malformed", "signatures: expected marks sha256:HEX")
}

/** A line as `formatRecord` writes it. */
function storedRecord({ leafHash, signatures }: Members<string>): LedgerRecord {
  const leafHashes = isAbsent(leafHash) ? [] : [readLeafHash(leafHash)]
  const marks = asList(signatures, "signatures", MOST_BUNDLE_ENTRIES * MOST_SIGNATURES).map(asMark)
  return { ...nothing, leafHashes, signatures: marks }
}

type Reader = (members: Members<string>, leaf: LeafHasher, depth: number) => LedgerRecord

const isObject = (value: unknown): boolean =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** By the member that tells the form, in this order. */
const readers: readonly (readonly [tells: (members: Members<string>) => boolean, Reader])[] = [
  [({ verificationMaterial }) => isObject(verificationMaterial), bundleRecord],
  [({ base64Signature }) => !isAbsent(base64Signature), cosignRecord],
  [
    ({ canonicalizedBody }) => !isAbsent(canonicalizedBody),
    ({ canonicalizedBody }, leaf) => recordOfBody(canonicalizedBody, "canonicalizedBody", leaf),
  ],
  [
    ({ attestations }) => Array.isArray(attestations),
    ({ attestations }, leaf, depth) => {
      const list = asList(attestations, "attestations", MOST_ATTESTATIONS)
      return joined(list.map((each) => readInner(each, leaf, depth)))
    },
  ],
  [({ bundle }) => isObject(bundle), ({ bundle }, leaf, depth) => readInner(bundle, leaf, depth)],
  [({ signatures }) => Array.isArray(signatures), storedRecord],
  [({ body, leafHash }) => !isAbsent(body) || !isAbsent(leafHash), receiptRecord],
  [
    ({ digest }) => !isAbsent(digest),
    ({ digest }) => ({ ...nothing, digests: [readDigest(asText(digest, "digest"))] }),
  ],
]

const EXPECTED =
  "expected a Sigstore bundle, a log entry, a receipt, or an object with a leafHash or a digest"

/** Rekor v1 names an entry by its place in front of it: `{UUID: {"body": ...}}`. */
function namedEntry(members: Members<string>): Members<string> | undefined {
  const [only, ...others] = Object.values(members)
  if (others.length > 0 || !isObject(only)) return undefined
  const entry = asObject(only, "entry")
  return typeof entry["body"] === "string" ? entry : undefined
}

function readInner(value: unknown, leaf: LeafHasher, depth: number): LedgerRecord {
  if (depth >= DEEPEST) refuse("malformed", `expected documents at most ${DEEPEST} deep`)
  const members = asObject(value, "document")
  const read = readers.find(([tells]) => tells(members))?.[1]
  if (read !== undefined) return read(members, leaf, depth + 1)
  const entry = namedEntry(members)
  return entry === undefined ? refuse("malformed", EXPECTED) : receiptRecord(entry, leaf)
}

/** Reads one document of any form. Refuses `malformed` or `too-large`, naming the member at fault. */
export function readLedgerDocument(value: unknown, leaf: LeafHasher): LedgerRecord {
  return readInner(value, leaf, 0)
}

/** The lines in which a record is kept; {@link readLedgerDocument} reads them back. */
export function formatRecord({ leafHashes, signatures, digests }: LedgerRecord): readonly string[] {
  const [first, ...others] = leafHashes
  const entry = { ...(first !== undefined && { leafHash: first }), signatures }
  return [
    ...(first === undefined && signatures.length === 0 ? [] : [JSON.stringify(entry)]),
    ...others.map((leafHash) => JSON.stringify({ leafHash })),
    ...digests.map((digest) => JSON.stringify({ digest })),
  ]
}
