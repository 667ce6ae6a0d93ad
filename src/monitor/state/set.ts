// The monitor's documents in memory, with a digest over all of them that follows each change, and drafts:
// changes that are not committed yet. Texts become values here, once each, and values texts.
import { bug, shown } from "../../core/base/errors.ts"
import type { Hash, TreeHasher } from "../../core/tree/hash.ts"
import type { Collection, DocumentKind } from "./collection.ts"
import { createDocumentDigest } from "./digest.ts"
import type { DocumentReads, Documents } from "./documents.ts"
import type { DocumentChange, StoredDocument } from "./store.ts"

/** A value with what it was read or put through. */
interface Typed {
  readonly by: Collection<unknown>
  readonly value: unknown
}

interface Held {
  readonly text: string
  /** Undefined until it is asked for. */
  typed: Typed | undefined
}

/** A change of a draft: the value goes on with its text. */
interface TypedChange extends DocumentChange {
  readonly typed?: Typed | undefined
}

export interface DocumentSet extends DocumentReads {
  apply(changes: readonly TypedChange[]): void
  digest(): Hash
  /** The digest as it will be after these changes. */
  digestAfter(changes: readonly DocumentChange[]): Hash
  /** The text under the whole key. */
  text(kind: DocumentKind, key: string): string | undefined
}

function isMeant(
  { under, besides }: Collection<unknown>,
  prefix: string,
  wholeKey: string,
): boolean {
  const isOther = besides !== undefined && wholeKey.startsWith(besides)
  return wholeKey.startsWith(under + prefix) && !isOther
}

/** In the order of UTF-16 units. */
function byKey(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

interface Kind {
  readonly held: Map<string, Held>
  /** The keys in order; made when they are asked for. */
  sorted: readonly string[] | undefined
}

function listed<Value>(
  reads: Pick<DocumentReads, "get" | "keys">,
  collection: Collection<Value>,
  prefix: string | undefined,
): readonly (readonly [string, Value])[] {
  return reads
    .keys(collection, prefix)
    .map((key) => [key, reads.get(collection, key) as Value] as const)
}

export function createDocumentSet(
  stored: readonly StoredDocument[],
  hasher: TreeHasher,
): DocumentSet {
  const kinds = new Map<DocumentKind, Kind>()
  const digest = createDocumentDigest(hasher)

  function kindOf(kind: DocumentKind): Kind {
    const found = kinds.get(kind) ?? { held: new Map(), sorted: undefined }
    kinds.set(kind, found)
    return found
  }

  function apply(changes: readonly TypedChange[]): void {
    for (const change of changes) {
      const { kind, key, value: text, typed } = change
      const of = kindOf(kind)
      if (text === undefined || !of.held.has(key)) of.sorted = undefined
      if (text === undefined) of.held.delete(key)
      else of.held.set(key, { text, typed })
      digest.apply(change)
    }
  }

  const reads: Pick<DocumentReads, "get" | "keys"> = {
    get<Value>(collection: Collection<Value>, key: string): Value | undefined {
      const wholeKey = collection.under + key
      const held = kinds.get(collection.kind)?.held.get(wholeKey)
      if (held === undefined || !isMeant(collection, "", wholeKey)) return undefined
      if (held.typed?.by !== collection) {
        held.typed = { by: collection, value: collection.parse(held.text, key) }
      }
      return held.typed.value as Value
    },
    keys(collection, prefix = "") {
      const of = kindOf(collection.kind)
      of.sorted ??= [...of.held.keys()].sort(byKey)
      return of.sorted
        .filter((key) => isMeant(collection, prefix, key))
        .map((key) => key.slice(collection.under.length))
    },
  }

  apply(stored)
  return {
    ...reads,
    list: (collection, prefix) => listed(reads, collection, prefix),
    apply,
    digest: digest.now,
    digestAfter: digest.after,
    text: (kind, key) => kinds.get(kind)?.held.get(key)?.text,
  }
}

/** Changes over documents that stay as they are until the draft is committed. */
export interface Draft extends Documents {
  /** What differs from the documents below, with each text written. */
  changes(): readonly TypedChange[]
}

/** By whole key; undefined removes. */
type Overlay = Map<string, Typed | undefined>

export function createDraft(below: DocumentSet): Draft {
  const overlays = new Map<DocumentKind, Overlay>()

  function set(collection: Collection<unknown>, key: string, typed: Typed | undefined): void {
    const wholeKey = collection.under + key
    if (!isMeant(collection, "", wholeKey)) bug(`${shown(wholeKey)} is of another collection`)
    const overlay: Overlay = overlays.get(collection.kind) ?? new Map()
    overlays.set(collection.kind, overlay)
    overlay.set(wholeKey, typed)
  }

  function changeOf(kind: DocumentKind, key: string, typed: Typed | undefined): TypedChange[] {
    const value = typed?.by.format(typed.value)
    return value === below.text(kind, key) ? [] : [{ kind, key, value, typed }]
  }

  const reads: Pick<DocumentReads, "get" | "keys"> = {
    get<Value>(collection: Collection<Value>, key: string): Value | undefined {
      const wholeKey = collection.under + key
      const overlay = overlays.get(collection.kind)
      if (overlay?.has(wholeKey) !== true) return below.get(collection, key)
      if (!isMeant(collection, "", wholeKey)) return undefined
      const typed = overlay.get(wholeKey)
      if (typed === undefined || typed.by === collection) return typed?.value as Value | undefined
      return collection.parse(typed.by.format(typed.value), key)
    },
    keys(collection, prefix = "") {
      const keys = below.keys(collection, prefix)
      const overlay = overlays.get(collection.kind)
      if (overlay === undefined || overlay.size === 0) return keys
      const { under } = collection
      const put = [...overlay]
        .filter(([key, typed]) => typed !== undefined && isMeant(collection, prefix, key))
        .map(([key]) => key.slice(under.length))
      return [...keys.filter((key) => !overlay.has(under + key)), ...put].sort(byKey)
    },
  }

  return {
    ...reads,
    list: (collection, prefix) => listed(reads, collection, prefix),
    put: (collection, key, value) => set(collection, key, { by: collection, value }),
    remove: (collection, key) => set(collection, key, undefined),
    changes: () =>
      [...overlays].flatMap(([kind, overlay]) =>
        [...overlay].flatMap(([key, typed]) => changeOf(kind, key, typed)),
      ),
  }
}
