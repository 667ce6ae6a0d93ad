// DSSE envelopes as they are kept beside the log: the JSON of the envelope, and what its payload says if it
// is an in-toto statement. Leaves out the signatures, which were verified before the entry was logged.
import { parseUtf8, utf8 } from "../core/base/bytes.ts"
import { asList, asObject, asText, parseJson } from "../core/base/json-value.ts"
import { LONGEST_ENVELOPE } from "../core/base/limits.ts"
import { parseBase64 } from "../core/base/text.ts"
import { type DsseEnvelope, MOST_SIGNATURES } from "../entry/dsse.ts"
import { inTotoTerms } from "../entry/in-toto-terms.ts"

export const ENVELOPE_MEDIA_TYPE = "application/vnd.dsse.envelope.v1+json"

const MOST_NAMED_SUBJECTS = 16

/** The envelope as it is kept: members in the order of the DSSE specification, no others. */
export function formatEnvelope({ payload, payloadType, signatures }: DsseEnvelope): Uint8Array {
  const kept = signatures.map(({ sig, keyid }) => (keyid === undefined ? { sig } : { keyid, sig }))
  return utf8(JSON.stringify({ payload, payloadType, signatures: kept }))
}

/** The way back from {@link formatEnvelope}. Refuses `malformed` for what is no envelope. */
export function parseEnvelope(bytes: Uint8Array): DsseEnvelope {
  const text = parseUtf8(bytes, "envelope")
  const members = ["payload", "payloadType", "signatures"] as const
  const value = asObject(parseJson(text, "envelope", LONGEST_ENVELOPE), "envelope", members)
  const signatures = asList(value.signatures, "signatures", MOST_SIGNATURES).map((item) => {
    const { sig, keyid } = asObject(item, "signature", ["sig", "keyid"])
    const known = keyid === undefined ? {} : { keyid: asText(keyid, "keyid") }
    return { sig: asText(sig, "sig"), ...known }
  })
  return {
    payload: asText(value.payload, "payload"),
    payloadType: asText(value.payloadType, "payloadType"),
    signatures,
  }
}

export interface KeptPayload {
  readonly payloadType: string
  readonly payload: Uint8Array
}

/** What was signed. Refuses as {@link parseEnvelope} does. */
export function readEnvelope(bytes: Uint8Array): KeptPayload {
  const { payload, payloadType } = parseEnvelope(bytes)
  return { payloadType, payload: parseBase64(payload, "payload") }
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
  const subjects = valuesOf("subject").slice(0, MOST_NAMED_SUBJECTS)
  return predicateType === undefined ? { subjects } : { predicateType, subjects }
}
