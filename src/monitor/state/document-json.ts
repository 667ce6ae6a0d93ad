// Documents as text: canonical JSON (RFC 8785), read back as strictly as it was written.
import { refuse, shown } from "../../core/base/errors.ts"
import { asMessage, type Members, parseJson } from "../../core/base/json-value.ts"
import { canonicalText, type JsonValue } from "../../entry/canonical-json.ts"

/** In UTF-16 units; no document but evidence is ever near it. */
const LONGEST_DOCUMENT = 1_048_576

/** The one text of a document; members that are undefined are left out. Strings must be well-formed. */
export function formatDocument(value: JsonValue): string {
  return canonicalText(value)
}

/** The members of a document that {@link formatDocument} wrote. Refuses `malformed` for anything else. */
export function parseDocument<Name extends string>(
  text: string,
  what: string,
  names: readonly Name[],
): Members<Name> {
  const value = parseJson(text, what, LONGEST_DOCUMENT)
  const members = asMessage(value, what, names)
  if (formatDocument(value as JsonValue) !== text) {
    refuse("malformed", `${what}: expected canonical JSON, found ${shown(text)}`)
  }
  return members
}

/** One of a closed set of words; refuses `malformed`. */
export function asWord<Word extends string>(
  value: unknown,
  what: string,
  words: readonly Word[],
): Word {
  return (
    words.find((word) => word === value) ??
    refuse("malformed", `${what}: expected ${words.join(", ")}, found ${shown(String(value))}`)
  )
}
