// Canonical JSON (RFC 8785) as bytes, by the `canonicalize` package: what bodies are written in.
import canonicalize from "canonicalize"
import { utf8 } from "../core/base/bytes.ts"
import { bug } from "../core/base/errors.ts"

/** JSON as bodies use it: members that are undefined are left out. */
export type JsonValue =
  | string
  | number
  | boolean
  | null
  | readonly JsonValue[]
  | { readonly [member: string]: JsonValue | undefined }

/** The one text of `value`. Strings must be well-formed; the caller has seen to it. */
export function canonicalText(value: JsonValue): string {
  return canonicalize(value) ?? bug("JSON value without an encoding")
}

/** The one UTF-8 encoding of `value`, as {@link canonicalText}. */
export function canonicalJson(value: JsonValue): Uint8Array {
  return utf8(canonicalText(value))
}
