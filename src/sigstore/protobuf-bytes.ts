// Bytes in the files of Sigstore's clients: the JSON form of protobuf (protobuf.dev, ProtoJSON), and in cosign's older
// bundle that of Go. What they are compared with is bytes everywhere, never the text that they were read from.
import { refuse } from "../core/base/errors.ts"
import { asText } from "../core/base/json-value.ts"
import { readBase64 } from "../entry/base64-fields.ts"

/**
 * SPEC: ProtoJSON: readers take base64 of the standard and of the URL alphabet, padded or not. At least one byte; refuses
 * `malformed`.
 */
export function asProtobufBytes(value: unknown, what: string): Uint8Array {
  const bytes = readBase64("bundle and trusted root bytes", asText(value, what), what)
  return bytes.length > 0 ? bytes : refuse("malformed", `${what}: expected bytes, found none`)
}
