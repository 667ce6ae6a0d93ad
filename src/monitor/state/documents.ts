// What a monitor remembers beside its trees: typed values by collection and key. Changes are gathered and
// become durable together, under the monitor's signature (state.ts).
import { utf8 } from "../../core/base/bytes.ts"
import { digestOf } from "../../core/base/digest.ts"
import { formatHex } from "../../core/base/text.ts"
import { originWord } from "../../core/note/origin.ts"
import type { Collection } from "./collection.ts"

/** Each text is parsed once, when its value is first asked for; what was put is never parsed. */
export interface DocumentReads {
  /** Refuses `malformed` for a document that is damaged or foreign, naming it, like all that reads values. */
  get<Value>(collection: Collection<Value>, key: string): Value | undefined
  /** The keys that begin with `prefix`, in order; reads no value. */
  keys(collection: Collection<unknown>, prefix?: string): readonly string[]
  /** Keys and values in the order of the keys, as {@link keys}. */
  list<Value>(
    collection: Collection<Value>,
    prefix?: string,
  ): readonly (readonly [key: string, value: Value])[]
}

/** Reads see what was put before. Nothing is durable until the state is committed. */
export interface Documents extends DocumentReads {
  /** The text is written once a commit, whatever is put before. The caller no longer changes `value`. */
  put<Value>(collection: Collection<Value>, key: string, value: Value): void
  remove(collection: Collection<unknown>, key: string): void
}

/**
 * Runs `edit` on the newest state and makes what it put durable before it resolves, one edit at a time;
 * an edit that puts nothing commits nothing.
 */
export type Change = <T>(edit: (documents: Documents) => T) => Promise<T>

/** Documents that are changed, and when. */
export interface Moment {
  readonly documents: Documents
  /** Unix milliseconds. */
  readonly now: number
}

/** What a document with a long name lies under: the SHA-256 of a text in lower-case hex. */
export function hashName(text: string): string {
  return formatHex(digestOf("sha256", utf8(text)))
}

/** The documents of one log in a collection whose keys are `ORIGIN REST`. */
export function ofLog<Value>(documents: DocumentReads, kept: Collection<Value>, origin: string) {
  const prefix = `${originWord(origin)} `
  return documents
    .list(kept, prefix)
    .map(([key, value]) => [key.slice(prefix.length), value] as const)
}
