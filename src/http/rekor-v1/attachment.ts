// What is kept of a submission to Rekor v1: the envelope of its attestation, in the form that the log keeps.
import { unlessRefused } from "../../core/base/errors.ts"
import { ENVELOPE_MEDIA_TYPE, readEnvelope } from "../../entry/dsse.ts"
import { envelopeOfRekorV1 } from "../../entry/kinds/request.ts"
import type { Attachment } from "../../log/ports/store.ts"
import type { JsonObject } from "./request.ts"

/**
 * What may be kept of an accepted submission; undefined where the body has everything. An envelope in one
 * of the other spellings that Rekor takes is not kept.
 */
export function attachmentOfRekorV1(entry: JsonObject): Attachment | undefined {
  return unlessRefused(() => {
    const bytes = envelopeOfRekorV1(entry)
    if (bytes === undefined) return undefined
    readEnvelope(bytes)
    return { mediaType: ENVELOPE_MEDIA_TYPE, bytes }
  })
}
