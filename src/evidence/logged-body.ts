// What a logged body claims, and how its claim is verified: on the path of every entry that a monitor
// reads, so keys that come again are read once. Verifies nothing itself.
import { parseUtf8 } from "../core/base/bytes.ts"
import { digestOf } from "../core/base/digest.ts"
import { refuse, shown } from "../core/base/errors.ts"
import { asBytes, asText } from "../core/base/json-value.ts"
import { parseBase64 } from "../core/base/text.ts"
import {
  type Algorithm,
  algorithms,
  digestAlgorithm,
  everyAlgorithm,
  messageAlgorithm,
} from "../entry/algorithm.ts"
import { dssePae } from "../entry/dsse.ts"
import type { SignatureCheck } from "../entry/entry.ts"
import { sha256Text } from "../entry/search-terms.ts"
import { type Digest, parseDigest } from "../entry/signature.ts"
import { createVerifierKeyCache, type VerifierKey } from "../entry/verifier-key.ts"
import {
  type EntrySummary,
  type RecordedEntry,
  type RecordedKeys,
  type RecordedSignature,
  readRecorded,
  readRecordedPem,
  summaryOf,
} from "../sigstore/recorded-summary.ts"

export interface LoggedClaim {
  /** Without signers if and only if the kind is not known. */
  readonly summary: EntrySummary
  /** The keys of the signers, in their order. */
  readonly keys: readonly VerifierKey[]
  /** Every one must hold. Empty if the body alone does not say what was signed. */
  readonly checks: readonly SignatureCheck[]
  /** Unix seconds: from when to when all certificates of the signers hold; absent for bare keys. */
  readonly notBefore?: number
  readonly notAfter?: number
}

/**
 * Reads a body. With `payload`, of which a DSSE or in-toto body has only the digest, an in-toto entry can
 * be judged too; a DSSE body keeps no payload type, so it never can. Refuses `mismatch` for the payload
 * of another entry; `malformed` for what can be no entry of any log; `unsupported` or `too-large`
 * for an entry with a key, a hash or a length that is not known here, of which nothing can be said.
 */
export type ClaimReader = (body: Uint8Array, payload?: Uint8Array) => LoggedClaim

/** Longer keys are read anew each time, so that the cache's size in bytes has a bound too. */
const LONGEST_CACHED_TEXT = 4096

/** Of each form the last `limit` keys: the oldest leaves first, however often it came. */
function createKeys(limit: number): RecordedKeys {
  const known = new Map<string, VerifierKey>()
  return {
    der: createVerifierKeyCache(limit),
    pem(content) {
      const cached = known.get(content)
      if (cached !== undefined) return cached
      const key = readRecordedPem(content)
      if (content.length > LONGEST_CACHED_TEXT || limit === 0) return key
      known.set(content, key)
      const oldest = known.size > limit ? known.keys().next() : undefined
      if (oldest?.done === false) known.delete(oldest.value)
      return key
    },
  }
}

function isAlgorithm(name: string): name is Algorithm {
  return everyAlgorithm.some((algorithm) => algorithm === name)
}

/** Refuses `malformed` if what the body says of the algorithm cannot be true of the key. */
function assertOwnAlgorithm({ keyType }: VerifierKey, keyDetails: string): void {
  if (!isAlgorithm(keyDetails) || algorithms[keyDetails].keyType === keyType) return
  refuse("malformed", `keyDetails: expected an algorithm of ${keyType}, found ${shown(keyDetails)}`)
}

/**
 * The check of a signature over a ready-made digest. None for a pair of key and hash that other logs
 * take and this one does not: nothing is known of its rules, so nobody may be accused by them.
 */
function digestChecks(
  { key, content }: RecordedSignature,
  { hash, bytes }: Digest,
  algorithm: Algorithm,
): readonly SignatureCheck[] {
  const signature = asBytes(content, "signature")
  if (algorithms[algorithm].hash !== hash) return []
  return [{ algorithm, spki: key.spki, signature, signed: { form: "digest", digest: bytes } }]
}

function hashedrekordChecks(
  recorded: RecordedSignature,
  digest: Digest,
): readonly SignatureCheck[] {
  const algorithm = digestAlgorithm[recorded.key.keyType]
  const { keyDetails } = recorded
  if (keyDetails === undefined) return digestChecks(recorded, digest, algorithm)
  const stated = asText(keyDetails, "keyDetails")
  assertOwnAlgorithm(recorded.key, stated)
  return stated === algorithm ? digestChecks(recorded, digest, algorithm) : []
}

/** Rekord signatures are made over the artifact, which only pure Ed25519 needs to see. */
function rekordChecks(recorded: RecordedSignature, digest: Digest): readonly SignatureCheck[] {
  const algorithm = messageAlgorithm[recorded.key.keyType]
  return algorithm === "PKIX_ED25519" ? [] : digestChecks(recorded, digest, algorithm)
}

const checkers: ReadonlyMap<
  string,
  (recorded: RecordedSignature, digest: Digest) => readonly SignatureCheck[]
> = new Map([
  ["hashedrekord:0.0.2", hashedrekordChecks],
  ["hashedrekord:0.0.1", hashedrekordChecks],
  ["rekord:0.0.1", rekordChecks],
])

function checksOf({ kind, digest, signatures }: RecordedEntry): readonly SignatureCheck[] {
  const checker = checkers.get(kind)
  if (checker === undefined || digest === undefined) return []
  const parsed = parseDigest(digest)
  return signatures.flatMap((recorded) => checker(recorded, parsed))
}

/** Refuses `mismatch` unless the payload's digest is the one in the body. */
function assertPayload(entry: RecordedEntry, payload: Uint8Array): void {
  const found = sha256Text(digestOf("sha256", payload))
  if (entry.payload === found) return
  const expected = entry.payload ?? "an entry without payload"
  refuse("mismatch", `payload: expected the digest ${expected}, found ${found}`)
}

/** In-toto bodies keep each signature as base64 of base64. */
function attestationCheck(
  { key, content }: RecordedSignature,
  message: Uint8Array,
): SignatureCheck | undefined {
  const algorithm = messageAlgorithm[key.keyType]
  const signature = parseBase64(parseUtf8(asBytes(content, "sig"), "sig"), "sig")
  // Larger curves are hashed with SHA-256 by some signers and with their own hash by others.
  const isClear = algorithms[algorithm].hash === "sha256" || algorithm === "PKIX_ED25519"
  const signed = { form: "message", message } as const
  return isClear ? { algorithm, spki: key.spki, signature, signed } : undefined
}

function attestationChecks(entry: RecordedEntry, payload: Uint8Array): readonly SignatureCheck[] {
  if (entry.kind !== "intoto:0.0.2") return []
  const message = dssePae(asText(entry.payloadType, "payloadType"), payload)
  return entry.signatures.flatMap((recorded) => attestationCheck(recorded, message) ?? [])
}

function validityOf(signatures: readonly RecordedSignature[]) {
  const dates = signatures.flatMap(({ key }) => key.validity ?? [])
  if (dates.length === 0) return undefined
  return {
    notBefore: Math.max(...dates.map(({ notBefore }) => notBefore)),
    notAfter: Math.min(...dates.map(({ notAfter }) => notAfter)),
  }
}

/** Unknown kinds have no signatures; a known one without any is no entry. */
function assertEntry({ kind, digest, payload, signatures }: RecordedEntry): void {
  if (kind === "unknown") refuse("malformed", "body: expected an entry, found JSON without a kind")
  if ((digest ?? payload) === undefined || signatures.length > 0) return
  refuse("malformed", `body: expected a signature in an entry of kind ${kind}, found none`)
}

/** A reader that remembers up to `limit` keys of each form, at most about 12 KB each. */
export function createClaimReader(limit: number): ClaimReader {
  const known = createKeys(limit)
  return (body, payload) => {
    const recorded = readRecorded(body, known)
    assertEntry(recorded)
    const summary = summaryOf(recorded)
    const keys = recorded.signatures.map(({ key }) => key)
    const validity = validityOf(recorded.signatures)
    if (payload === undefined) return { summary, keys, checks: checksOf(recorded), ...validity }
    assertPayload(recorded, payload)
    return { summary, keys, checks: attestationChecks(recorded, payload), ...validity }
  }
}

/** Refuses as a {@link ClaimReader} does for a payload that is not the one of this body. */
export function assertPayloadOf(body: Uint8Array, payload: Uint8Array): void {
  assertPayload(readRecorded(body), payload)
}

/** A reader that remembers nothing. */
export const readClaim: ClaimReader = createClaimReader(0)
