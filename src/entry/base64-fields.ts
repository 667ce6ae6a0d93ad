// How each field of a submission may spell its base64, in one table that every door reads by, and those of bundles and
// trusted roots; openapi.yaml says the same. A field is read in any spelling unless its text itself is hashed into the
// body by the rules of others: then another spelling would make another entry of one signature. Leaves out the fields
// of C2SP notes and of logged bodies, which are strict everywhere (core/note, kinds/recorded.ts).
import { parseAnyBase64 } from "../core/base/any-base64.ts"
import { parseBase64 } from "../core/base/text.ts"

/** `any`: either alphabet, padded or not, line breaks and blanks around. `strict`: RFC 4648 section 4, padded. */
type Base64Rule = "any" | "strict"

export const base64Fields = {
  "native hashedrekord signature": "any",
  "native publicKey": "any",
  "native certificate": "any",
  "native dsse payload": "any",
  "native dsse sig": "any",
  "rekor-v1 signature content": "any",
  "rekor-v1 publicKey content": "any",
  "rekor-v1 data content": "any",
  // The envelope is a text whose SHA-256 stands in the body, so each spelling within it is an entry of its own.
  "rekor-v1 dsse payload": "any",
  "rekor-v1 dsse sig": "any",
  "rekor-v1 intoto payload": "any",
  "rekor-v1 intoto sig": "any",
  // SPEC: Rekor v1 hashes the inner text into the body as it was sent (intoto_v0_0_2_schema.json).
  "rekor-v1 intoto inner payload": "strict",
  "rekor-v1 intoto inner sig": "strict",
  "rekor-v2 signature content": "any",
  "rekor-v2 digest": "any",
  "rekor-v2 rawBytes": "any",
  "rekor-v2 dsse payload": "any",
  "rekor-v2 dsse sig": "any",
  // SPEC: ProtoJSON: bytes are read in either alphabet, padded or not.
  "bundle and trusted root bytes": "any",
} as const satisfies Readonly<Record<string, Base64Rule>>

export type Base64Field = keyof typeof base64Fields

/** The bytes of a field; `what` names it in the refusal `malformed`. */
export function readBase64(field: Base64Field, text: string, what: string): Uint8Array {
  const read = base64Fields[field] === "strict" ? parseBase64 : parseAnyBase64
  return read(text, what)
}
