// DSSE v1 envelopes: what is signed of one, within which bounds, and the JSON in which one is kept beside the
// log. Leaves out keys and signatures; the kinds that log envelopes are in kinds/.
import { parseUtf8, utf8 } from "../core/base/bytes.ts"
import { assertAtMost, refuse, shown } from "../core/base/errors.ts"
import { asList, asObject, asText, parseJson } from "../core/base/json-value.ts"
import { LONGEST_ENVELOPE, LONGEST_PAYLOAD } from "../core/base/limits.ts"
import { parseBase64 } from "../core/base/text.ts"

export { dssePae } from "./statement/pae.ts"

/** One signature of an envelope. */
export interface DsseSignature {
  readonly sig: string
  /** A hint of the signer's; not kept. */
  readonly keyid?: string | undefined
}

/** DSSE v1; `payload` and each `sig` are padded standard base64. */
export interface DsseEnvelope {
  readonly payload: string
  readonly payloadType: string
  readonly signatures: readonly DsseSignature[]
}

export const ENVELOPE_MEDIA_TYPE = "application/vnd.dsse.envelope.v1+json"

/** How many signatures an envelope may have, and how many verifiers. */
export const MOST_SIGNATURES = 10
const LONGEST_PAYLOAD_TYPE = 256

/** Refuses unless there are 1 to 10. */
export function assertCount(found: number, what: string): void {
  if (found >= 1 && found <= MOST_SIGNATURES) return
  const code = found > MOST_SIGNATURES ? "too-large" : "malformed"
  refuse(code, `${what}: expected 1 to ${MOST_SIGNATURES}, found ${found}`)
}

/** Refuses `too-large` a payload that no reader takes. */
export function assertPayload(base64: string): void {
  assertAtMost(LONGEST_PAYLOAD, base64.length, "payload", "characters of base64")
}

/** Refuses `malformed` unless it is 1 to 256 characters. */
export function assertPayloadType(payloadType: string): void {
  const { length } = payloadType
  if (length >= 1 && length <= LONGEST_PAYLOAD_TYPE && payloadType.isWellFormed()) return
  const expected = `1 to ${LONGEST_PAYLOAD_TYPE} characters of well-formed text`
  refuse("malformed", `payloadType: expected ${expected}, found ${shown(payloadType)}`)
}

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
    const { sig, keyid } = asObject(item, "signature")
    return {
      sig: asText(sig, "sig"),
      ...(keyid !== undefined && { keyid: asText(keyid, "keyid") }),
    }
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
