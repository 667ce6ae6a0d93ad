// What a logged body claims, and how its claim is verified: on the path of every entry that a monitor
// reads, so keys that come again are read once. Verifies nothing itself.
import { digestOf } from "../../core/base/digest.ts"
import { refuse } from "../../core/base/errors.ts"
import type { KeptPayload } from "../dsse.ts"
import type { SignatureCheck } from "../entry.ts"
import { sha256Text } from "../search-terms.ts"
import { parseDigest } from "../signature.ts"
import { createVerifierKeyCache, rememberKeys, type VerifierKey } from "../verifier-key.ts"
import type { RecordedKeys, RecordedSignature } from "./kind.ts"
import { readRecordedPem } from "./recorded.ts"
import { type EntrySummary, type RecordedEntry, readRecorded, summaryOf } from "./summary.ts"

export interface LoggedClaim {
  /** Without signers if and only if the kind is not known. */
  readonly summary: EntrySummary
  /** The keys of the signers, in their order. */
  readonly keys: readonly VerifierKey[]
  /** The signatures as they stand in the body, in the same order. */
  readonly signatures: readonly RecordedSignature[]
  /** Every one must hold. Empty if the body alone does not say what was signed. */
  readonly checks: readonly SignatureCheck[]
  /** Unix seconds: from when to when all certificates of the signers hold; absent for bare keys. */
  readonly notBefore?: number
  readonly notAfter?: number
  /**
   * Whether the body is written as logs write bodies, without repeated members or blanks. The order of members
   * is not looked at, because all readers find the same whatever it is.
   */
  readonly isPlain: boolean
}

/**
 * Reads a body. With `payload`, of which a DSSE or in-toto body has only the digest, an in-toto entry can
 * be judged too; a DSSE body keeps no payload type, so it never can. Refuses `mismatch` for the payload
 * of another entry; `malformed` for what can be no entry of any log; `unsupported` or `too-large`
 * for an entry with a key, a hash or a length that is not known here, of which nothing can be said.
 */
type ClaimReader = (body: Uint8Array, payload?: Uint8Array) => LoggedClaim

function checksOf({ kind, parts }: RecordedEntry): readonly SignatureCheck[] {
  const { digest, signatures } = parts
  if (kind?.checks === undefined || digest === undefined) return []
  const { checks } = kind
  const parsed = parseDigest(digest)
  return signatures.flatMap((recorded) => checks(recorded, parsed))
}

/** Refuses `mismatch` unless the payload's digest is the one in the body. */
function assertPayload({ parts }: RecordedEntry, payload: Uint8Array): void {
  const found = sha256Text(digestOf("sha256", payload))
  if (parts.payload === found) return
  const expected = parts.payload ?? "an entry without payload"
  refuse("mismatch", `payload: expected the digest ${expected}, found ${found}`)
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
function assertEntry({ name, kind, parts }: RecordedEntry): void {
  if (name === "unknown") refuse("malformed", "body: expected an entry, found JSON without a kind")
  if (kind === undefined || parts.signatures.length > 0) return
  refuse("malformed", `body: expected a signature in an entry of kind ${name}, found none`)
}

/** A reader that remembers up to `limit` keys of each form, at most about 12 KB each. */
export function createClaimReader(limit: number): ClaimReader {
  const known: RecordedKeys = {
    der: createVerifierKeyCache(limit),
    pem: rememberKeys(limit, readRecordedPem),
  }
  return (body, payload) => {
    const recorded = readRecorded(body, known)
    assertEntry(recorded)
    const summary = summaryOf(recorded)
    const { kind, parts } = recorded
    const { signatures } = parts
    const keys = signatures.map(({ key }) => key)
    const validity = validityOf(signatures)
    if (payload !== undefined) assertPayload(recorded, payload)
    const checks =
      payload === undefined
        ? checksOf(recorded)
        : (kind?.envelope?.payloadChecks(parts, payload) ?? [])
    const isPlain = JSON.stringify(recorded.value) === recorded.text
    return { summary, keys, signatures, checks, isPlain, ...validity }
  }
}

/** Refuses as a {@link ClaimReader} does for a payload that is not the one of this body. */
export function assertPayloadOf(body: Uint8Array, payload: Uint8Array): void {
  assertPayload(readRecorded(body), payload)
}

/**
 * The checks of an entry with the envelope that was kept of it. They hold for what was signed; that they fail
 * proves nothing, because the body does not keep the type that was signed too. Refuses as a
 * {@link ClaimReader} does.
 */
export function keptEnvelopeChecks(body: Uint8Array, kept: KeptPayload): readonly SignatureCheck[] {
  const { kind, parts } = readRecorded(body)
  return kind?.envelope?.envelopeChecks(parts, kept) ?? []
}

/** A reader that remembers nothing. */
export const readClaim: ClaimReader = createClaimReader(0)
