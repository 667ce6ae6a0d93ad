// Schemas of what the monitor remembers: each reads a value out of parsed JSON, typed or refused by name, and
// writes it back. What a document holds is declared with them once (collection.ts).
import { refuse, shown } from "../../core/base/errors.ts"
import {
  asBytes,
  asInteger,
  asList,
  asMessage,
  asText,
  isAbsent,
} from "../../core/base/json-value.ts"
import { formatBase64, formatHex, parseHex } from "../../core/base/text.ts"
import { asHash, type Hash } from "../../core/tree/hash.ts"
import type { JsonValue } from "../../entry/canonical-json.ts"

export interface Schema<T> {
  /** Refuses `malformed` or `too-large`, naming `what`. */
  read(value: unknown, what: string): T
  write(value: T): JsonValue
}

/** Of a member that may be absent; only what is there is written. */
interface Optional<T> extends Schema<T | undefined> {
  readonly isOptional: true
}

type Members = Readonly<Record<string, Schema<unknown> & { readonly isOptional?: true }>>
type OptionalIn<M extends Members> = {
  [Name in keyof M]: M[Name] extends Optional<unknown> ? Name : never
}[keyof M]

/** What a message with these members holds. */
type Message<M extends Members> = {
  readonly [Name in keyof Omit<M, OptionalIn<M>>]: ReturnType<M[Name]["read"]>
} & {
  readonly [Name in OptionalIn<M>]?: Exclude<ReturnType<M[Name]["read"]>, undefined>
}

export const text: Schema<string> = { read: asText, write: (value) => value }

/** From 0 to 2^53-1. */
export const integer: Schema<number> = { read: asInteger, write: (value) => value }

export const flag: Schema<boolean> = {
  read: (value) => value === true,
  write: (value) => value,
}

/** Another form of what `schema` reads. */
export function mapped<T, Written>(
  schema: Schema<Written>,
  read: (written: Written, what: string) => T,
  write: (value: T) => Written,
): Schema<T> {
  return {
    read: (value, what) => read(schema.read(value, what), what),
    write: (value) => schema.write(write(value)),
  }
}

/** As lower-case hex. */
export const hash: Schema<Hash> = mapped(
  text,
  (hex, what) => asHash(parseHex(hex, what), what),
  formatHex,
)

/** As base64; at least one byte. */
export const bytes: Schema<Uint8Array> = { read: asBytes, write: formatBase64 }

/** One of a closed set of words. */
export function word<Word extends string>(...words: readonly Word[]): Schema<Word> {
  return {
    read: (value, what) =>
      words.find((each) => each === value) ??
      refuse("malformed", `${what}: expected ${words.join(", ")}, found ${shown(String(value))}`),
    write: (value) => value,
  }
}

export function optional<T>(schema: Schema<T>): Optional<T> {
  return {
    isOptional: true,
    read: (value, what) => (isAbsent(value) ? undefined : schema.read(value, what)),
    write: (value) => schema.write(value as T),
  }
}

export function list<T>(schema: Schema<T>, most: number): Schema<readonly T[]> {
  return {
    read: (value, what) => asList(value, what, most).map((each) => schema.read(each, what)),
    write: (value) => value.map((each) => schema.write(each)),
  }
}

/** What is undefined is left out. */
function objectOf<T>(names: readonly string[], memberOf: (name: string) => unknown): T {
  const pairs = names.map((name) => [name, memberOf(name)] as const)
  return Object.fromEntries(pairs.filter(([, value]) => value !== undefined)) as T
}

/** An object with members of any names. */
export function record<T>(schema: Schema<T>): Schema<Readonly<Record<string, T>>> {
  return {
    read(value, what) {
      const names = Object.keys(Object(value))
      const members = asMessage(value, what, names)
      return objectOf(names, (name) => schema.read(members[name], what))
    },
    write: (value) => objectOf(Object.keys(value), (name) => schema.write(value[name] as T)),
  }
}

/** An object with these members and no others. */
export function message<M extends Members>(members: M): Schema<Message<M>> {
  const names = Object.keys(members)
  return {
    read(value, what) {
      const found = asMessage(value, what, names)
      return objectOf(names, (name) => members[name]?.read(found[name], `${what}.${name}`))
    },
    write(value) {
      const all = value as Readonly<Record<string, unknown>>
      return objectOf(names, (name) =>
        all[name] === undefined ? undefined : members[name]?.write(all[name]),
      )
    },
  }
}
