// DSSE envelopes as they are kept beside the log: the JSON of the envelope, and what its payload says if it
// is an in-toto statement. Leaves out the signatures, which were verified before the entry was logged.
import { parseUtf8, utf8 } from "../core/bytes.ts"
import { asObject, asText, parseJson } from "../core/json-value.ts"
import { parseBase64 } from "../core/text.ts"
import type { DsseEnvelope } from "../entry/dsse.ts"
import { inTotoTerms } from "../entry/in-toto-terms.ts"

export const ENVELOPE_MEDIA_TYPE = "application/vnd.dsse.envelope.v1+json"

const LONGEST_ENVELOPE = 32 * 1024 * 1024
const MOST_SUBJECTS = 16

/** The envelope as it is kept: members in the order of the DSSE specification, no others. */
export function formatEnvelope({ payload, payloadType, signatures }: DsseEnvelope): Uint8Array {
  const kept = signatures.map(({ sig, keyid }) => (keyid === undefined ? { sig } : { keyid, sig }))
  return utf8(JSON.stringify({ payload, payloadType, signatures: kept }))
}

export interface KeptPayload {
  readonly payloadType: string
  readonly payload: Uint8Array
}

/** Refuses `malformed` for what is no envelope. */
export function readEnvelope(bytes: Uint8Array): KeptPayload {
  const text = parseUtf8(bytes, "envelope")
  const value = parseJson(text, "envelope", LONGEST_ENVELOPE)
  const { payload, payloadType } = asObject(value, "envelope", ["payload", "payloadType"])
  return {
    payloadType: asText(payloadType, "payloadType"),
    payload: parseBase64(asText(payload, "payload"), "payload"),
  }
}

/** What an in-toto statement says about itself. */
export interface Statement {
  readonly predicateType?: string
  /** Names of the first subjects. */
  readonly subjects: readonly string[]
}

/** Empty for a payload that is no statement. */
export function readStatement({ payloadType, payload }: KeptPayload): Statement {
  const terms = inTotoTerms(payloadType, payload)
  const valuesOf = (wanted: string) =>
    terms.flatMap(({ name, value }) => (name === wanted ? [value] : []))
  const [predicateType] = valuesOf("predicate-type")
  const subjects = valuesOf("subject").slice(0, MOST_SUBJECTS)
  return predicateType === undefined ? { subjects } : { predicateType, subjects }
}
