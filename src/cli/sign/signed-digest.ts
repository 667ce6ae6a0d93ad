// The submission of a signature over a digest: of a file, or of a text.
import { formatBase64, formatHex } from "../../core/base/text.ts"
import type { EntryRequest } from "../../entry/kinds/registry.ts"
import { type VerifierKey, verifierKeyText } from "../../entry/verifier-key.ts"
import type { FileSignature } from "./keys/private-key.ts"

/** A signature over a file or a text, by this key. */
export function hashedrekordRequest(
  key: VerifierKey,
  { hash, digest, signature }: FileSignature,
): EntryRequest {
  return {
    kind: "hashedrekord",
    digest: `${hash}:${formatHex(digest)}`,
    signature: formatBase64(signature),
    ...verifierKeyText(key),
  }
}
