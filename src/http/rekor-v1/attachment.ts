// What is kept of a submission to Rekor v1: the envelope of its attestation, in the form that the log keeps.
import { parseUtf8, utf8 } from "../../core/base/bytes.ts"
import { unlessRefused } from "../../core/base/errors.ts"
import { asList, asObject, asText } from "../../core/base/json-value.ts"
import { parseBase64 } from "../../core/base/text.ts"
import { MOST_SIGNATURES } from "../../entry/dsse.ts"
import type { Attachment } from "../../log/ports/store.ts"
import { ENVELOPE_MEDIA_TYPE, formatEnvelope, readEnvelope } from "../../sigstore/kept-envelope.ts"
import type { JsonObject } from "./request.ts"

/** The envelope in base64 twice, as intoto 0.0.2 has it, in its own form. */
function unwrapped(envelope: unknown): Uint8Array {
  const members = asObject(envelope, "envelope", ["payload", "payloadType", "signatures"])
  const inner = (value: unknown) => parseUtf8(parseBase64(asText(value, "text"), "text"), "text")
  const signatures = asList(members.signatures, "signatures", MOST_SIGNATURES).map((item) => {
    return { sig: inner(asObject(item, "signature", ["sig"]).sig) }
  })
  const payloadType = asText(members.payloadType, "payloadType")
  return formatEnvelope({ payload: inner(members.payload), payloadType, signatures })
}

function envelopeInRekorV1({ kind, spec }: JsonObject): Uint8Array | undefined {
  const { proposedContent, content } = asObject(spec, "spec", ["proposedContent", "content"])
  if (kind === "dsse") {
    const { envelope } = asObject(proposedContent, "proposedContent", ["envelope"])
    return utf8(asText(envelope, "envelope"))
  }
  return kind === "intoto"
    ? unwrapped(asObject(content, "content", ["envelope"]).envelope)
    : undefined
}

/**
 * What may be kept of an accepted submission; undefined where the body has everything. An envelope in one
 * of the other spellings that Rekor takes is not kept.
 */
export function attachmentOfRekorV1(entry: JsonObject): Attachment | undefined {
  return unlessRefused(() => {
    const bytes = envelopeInRekorV1(entry)
    if (bytes === undefined) return undefined
    readEnvelope(bytes)
    return { mediaType: ENVELOPE_MEDIA_TYPE, bytes }
  })
}
