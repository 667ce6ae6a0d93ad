// Reads values that came out of JSON.parse: each function takes what a place must hold and gives it
// typed or refuses `malformed`, naming the place. Follows the JSON form of protobuf where Sigstore's
// files need it: `null` is absent, 64-bit integers are strings, bytes are base64.
import { refuse, shown } from "./errors.ts"
import { parseBase64, parseDecimal } from "./text.ts"

/** Members that an object may have; each is still to be read. */
export type Members<Name extends string> = Readonly<Partial<Record<Name, unknown>>>

/** Parses JSON of up to `longest` UTF-16 units; the length is looked at before anything else. */
export function parseJson(text: string, what: string, longest: number): unknown {
  if (text.length > longest) {
    refuse("too-large", `${what}: expected up to ${longest} characters, found ${text.length}`)
  }
  try {
    return JSON.parse(text)
  } catch {
    return refuse("malformed", `${what}: expected JSON, found ${shown(text)}`)
  }
}

function kindOf(value: unknown): string {
  if (value === null || value === undefined) return "nothing"
  return Array.isArray(value) ? "a list" : `a ${typeof value}`
}

/** An object, of which only the members in `names` are of interest; all of them if there are none. */
export function asObject<Name extends string = string>(
  value: unknown,
  what: string,
  names?: readonly Name[],
): Members<Name> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return refuse("malformed", `${what}: expected an object, found ${kindOf(value)}`)
  }
  const all = value as Readonly<Record<string, unknown>>
  if (names === undefined) return all as Members<Name>
  const members: { [Each in Name]?: unknown } = {}
  for (const name of names) if (Object.hasOwn(all, name)) members[name] = all[name]
  return members
}

/** An object without any member but those in `names`. */
export function asMessage<Name extends string>(
  value: unknown,
  what: string,
  names: readonly Name[],
): Members<Name> {
  const members = asObject(value, what, names)
  const stranger = Object.keys(value as object).find((name) => !Object.hasOwn(members, name))
  if (stranger !== undefined) refuse("malformed", `${what}: unknown member ${shown(stranger)}`)
  return members
}

export function asList(value: unknown, what: string, most: number): readonly unknown[] {
  if (!Array.isArray(value)) {
    return refuse("malformed", `${what}: expected a list, found ${kindOf(value)}`)
  }
  if (value.length > most) {
    refuse("too-large", `${what}: expected up to ${most} members, found ${value.length}`)
  }
  return value
}

export function asText(value: unknown, what: string): string {
  if (typeof value === "string") return value
  return refuse("malformed", `${what}: expected a string, found ${kindOf(value)}`)
}

/** Base64 in the standard alphabet with padding, at least one byte. */
export function asBytes(value: unknown, what: string): Uint8Array {
  const bytes = parseBase64(asText(value, what), what)
  return bytes.length > 0 ? bytes : refuse("malformed", `${what}: expected bytes, found none`)
}

/** An integer from 0 to 2^53-1, as a decimal string or as a number. */
export function asInteger(value: unknown, what: string): number {
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) return value
  if (typeof value === "string") return parseDecimal(value, what)
  const found = typeof value === "number" ? String(value) : kindOf(value)
  return refuse("malformed", `${what}: expected an integer from 0 to 2^53-1, found ${found}`)
}

/** True for a member that is not there, also if it says so by `null`. */
export function isAbsent(value: unknown): value is undefined | null {
  return value === undefined || value === null
}

/** What `read` makes of a member that may be absent. */
export function optional<T>(value: unknown, read: (present: unknown) => T): T | undefined {
  return isAbsent(value) ? undefined : read(value)
}
