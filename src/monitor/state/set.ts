// The monitor's documents in memory, with a digest over all of them that follows each change, and drafts:
// changes that are not committed yet. Texts become values here, once each, and values texts. The digest is over
// kinds, keys and texts, whatever the order in which they came: one SHA-256 a document and one for each of 256 groups.
import { concat, utf8 } from "../../core/base/bytes.ts"
import { bug, shown } from "../../core/base/errors.ts"
import type { Hash, TreeHasher } from "../../core/tree/hash.ts"
import type { Collection, DocumentKind } from "./collection.ts"
import type { DocumentReads, Documents } from "./documents.ts"
import type { DocumentChange, StoredDocument } from "./store.ts"

/** A text, or a value with what it was read or put through; each is made of the other when it is asked for. */
interface Held {
  text?: string
  typed?: { readonly by: Collection<unknown>; readonly value: unknown }
}

/** A change of a draft: the value goes on with its text. */
interface HeldChange extends DocumentChange {
  readonly held?: Held | undefined
}

/** Documents by kind and whole key. */
interface Layer {
  held(kind: DocumentKind, wholeKey: string): Held | undefined
  /** In the order of UTF-16 units. */
  wholeKeys(kind: DocumentKind): readonly string[]
}

export interface DocumentSet extends DocumentReads, Layer {
  apply(changes: readonly HeldChange[]): void
  digest(): Hash
  /** The digest as it will be after these changes. */
  digestAfter(changes: readonly DocumentChange[]): Hash
}

function textOf(held: Held): string {
  const { typed } = held
  const text = held.text ?? typed?.by.format(typed.value)
  held.text = text ?? bug("a document with neither text nor value")
  return held.text
}

function isMeant({ under, besides }: Collection<unknown>, prefix: string, key: string): boolean {
  const isOther = besides !== undefined && key.startsWith(besides)
  return key.startsWith(under + prefix) && !isOther
}

function byKey(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

function readsOver(layer: Layer): DocumentReads {
  function keys(collection: Collection<unknown>, prefix = ""): readonly string[] {
    const all = layer.wholeKeys(collection.kind)
    const meant = all.filter((key) => isMeant(collection, prefix, key))
    return meant.map((key) => key.slice(collection.under.length))
  }

  function get<Value>(collection: Collection<Value>, key: string): Value | undefined {
    const wholeKey = collection.under + key
    const held = layer.held(collection.kind, wholeKey)
    if (held === undefined || !isMeant(collection, "", wholeKey)) return undefined
    const isTyped = held.typed?.by === collection
    const value = isTyped ? held.typed?.value : collection.parse(textOf(held), key)
    if (!isTyped) held.typed = { by: collection, value }
    return value as Value
  }

  return {
    get,
    keys,
    list<Value>(collection: Collection<Value>, prefix?: string) {
      return keys(collection, prefix).map((key) => [key, get(collection, key) as Value] as const)
    },
  }
}

interface Kind {
  readonly held: Map<string, Held>
  /** The keys in order; made when they are asked for. */
  sorted: readonly string[] | undefined
}

export function createDocumentSet(stored: readonly StoredDocument[], hasher: TreeHasher) {
  const kinds = new Map<DocumentKind, Kind>()
  const digest = createDocumentDigest(hasher)

  function kindOf(kind: DocumentKind): Kind {
    const found = kinds.get(kind) ?? { held: new Map(), sorted: undefined }
    kinds.set(kind, found)
    return found
  }

  function apply(changes: readonly HeldChange[]): void {
    for (const change of changes) {
      const { kind, key, value: text, held } = change
      const of = kindOf(kind)
      if (text === undefined || !of.held.has(key)) of.sorted = undefined
      if (text === undefined) of.held.delete(key)
      else of.held.set(key, held ?? { text })
      digest.apply(change)
    }
  }

  const layer: Layer = {
    held: (kind, key) => kinds.get(kind)?.held.get(key),
    wholeKeys(kind) {
      const of = kindOf(kind)
      of.sorted ??= [...of.held.keys()].sort(byKey)
      return of.sorted
    },
  }

  apply(stored)
  const reads = readsOver(layer)
  return { ...layer, ...reads, apply, digest: digest.now, digestAfter: digest.after }
}

/** Changes over documents that stay as they are until the draft is committed. */
export interface Draft extends Documents {
  /** What differs from the documents below, with each text written. */
  changes(): readonly HeldChange[]
}

export function createDraft(below: Layer): Draft {
  /** By whole key; undefined removes. */
  const overlays = new Map<DocumentKind, Map<string, Held | undefined>>()

  function set(collection: Collection<unknown>, key: string, held: Held | undefined): void {
    const { kind, under } = collection
    if (!isMeant(collection, "", under + key)) bug(`${shown(under + key)} is of another collection`)
    const overlay = overlays.get(kind) ?? new Map<string, Held | undefined>()
    overlays.set(kind, overlay)
    overlay.set(under + key, held)
  }

  function changeOf(kind: DocumentKind, key: string, held: Held | undefined): HeldChange[] {
    const value = held && textOf(held)
    const before = below.held(kind, key)
    return value === (before && textOf(before)) ? [] : [{ kind, key, value, held }]
  }

  const reads = readsOver({
    held(kind, key) {
      const overlay = overlays.get(kind)
      return overlay?.has(key) === true ? overlay.get(key) : below.held(kind, key)
    },
    wholeKeys(kind) {
      const keys = below.wholeKeys(kind)
      const overlay = overlays.get(kind)
      if (overlay === undefined) return keys
      const put = [...overlay].flatMap(([key, held]) => (held === undefined ? [] : [key]))
      return [...keys.filter((key) => !overlay.has(key)), ...put].sort(byKey)
    },
  })

  return {
    ...reads,
    put: (by, key, value) => set(by, key, { typed: { by, value } }),
    remove: (collection, key) => set(collection, key, undefined),
    changes: () =>
      [...overlays].flatMap(([kind, overlay]) =>
        [...overlay].flatMap(([key, held]) => changeOf(kind, key, held)),
      ),
  }
}

const GROUPS = 256

interface Group {
  readonly hashes: Map<string, Hash>
  digest: Hash | undefined
}

/** Names a document without doubt, whatever its key holds. */
function nameOf({ kind, key }: Pick<DocumentChange, "kind" | "key">): string {
  return JSON.stringify([kind, key])
}

/** Hashes by name, in groups, so that a change costs one group and not all documents. */
function createDocumentDigest(hasher: TreeHasher) {
  const groups = Array.from(
    { length: GROUPS },
    (): Group => ({ hashes: new Map(), digest: undefined }),
  )

  function digestOf(hashes: ReadonlyMap<string, Hash>): Hash {
    const names = [...hashes.keys()].sort()
    return hasher.leaf(concat(...names.map((name) => hashes.get(name) as Hash)))
  }

  function change(group: Map<string, Hash>, name: string, value: string | undefined): void {
    if (value === undefined) group.delete(name)
    else group.set(name, hasher.leaf(utf8(JSON.stringify([name, value]))))
  }

  function groupOf(name: string): number {
    return hasher.leaf(utf8(name))[0] as number
  }

  function current(group: Group): Hash {
    group.digest ??= digestOf(group.hashes)
    return group.digest
  }

  function total(digests: readonly Hash[]): Hash {
    return hasher.leaf(concat(...digests))
  }

  return {
    apply(changed: DocumentChange): void {
      const name = nameOf(changed)
      const group = groups[groupOf(name)] as Group
      change(group.hashes, name, changed.value)
      group.digest = undefined
    },
    now: (): Hash => total(groups.map(current)),
    /** As it will be after these changes. */
    after(changes: readonly DocumentChange[]): Hash {
      const changed = new Map<number, Map<string, Hash>>()
      for (const each of changes) {
        const name = nameOf(each)
        const number = groupOf(name)
        const copy = changed.get(number) ?? new Map((groups[number] as Group).hashes)
        changed.set(number, copy)
        change(copy, name, each.value)
      }
      return total(
        groups.map((group, i) => {
          const copy = changed.get(i)
          return copy === undefined ? current(group) : digestOf(copy)
        }),
      )
    },
  }
}
