// Reads the JSON form of protobuf as leniently as its specification demands of readers ("ProtoJSON
// Format"): names in camel case or as in the .proto file, `null` for unset, base64 in either alphabet.
// Unknown fields are refused, as grpc-gateway does. Leaves out numbers, maps and well-known types.
import { refuse, shown } from "../core/base/errors.ts"
import { asText, isAbsent, type Members } from "../core/base/json-value.ts"
import { parseBase64 } from "../core/base/text.ts"
import { standardBase64 } from "../entry/rekor-v1/lenient-base64.ts"

/** The name of a field in its .proto file: `x509_certificate` for `x509Certificate`. */
function protoName(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}

/** The fields that are set, by their names in camel case; refuses `malformed` for any other field. */
export function readMessage<Name extends string>(
  value: unknown,
  what: string,
  names: readonly Name[],
): Members<Name> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return refuse("malformed", `${what}: expected an object, found another value`)
  }
  const fields: { [Each in Name]?: unknown } = {}
  for (const [written, field] of Object.entries(value)) {
    const name = names.find((known) => known === written || protoName(known) === written)
    if (name === undefined) {
      return refuse("malformed", `${what}: unknown field ${shown(written)}`)
    }
    if (isAbsent(field)) continue
    if (fields[name] !== undefined) {
      refuse("malformed", `${what}: duplicate field ${shown(written)}`)
    }
    fields[name] = field
  }
  return fields
}

/** Bytes with their canonical base64. Unset is no bytes. */
interface ProtoBytes {
  readonly text: string
  readonly bytes: Uint8Array
}

/** Refuses `malformed` for what is not base64 in any of the spellings. */
export function readProtoBytes(value: unknown, what: string): ProtoBytes {
  const text = standardBase64(asText(value ?? "", what))
  return { text, bytes: parseBase64(text, what) }
}
