// The monitor's documents in memory, with a digest over all of them that follows each change, and drafts:
// changes that are not committed yet. Keeps one SHA-256 a document and one for each of 256 groups.
import { concat, utf8 } from "../../core/base/bytes.ts"
import type { Hash, TreeHasher } from "../../core/tree/hash.ts"
import type { DocumentKind, DocumentReads, Documents } from "./documents.ts"
import type { DocumentChange, StoredDocument } from "./store.ts"

type Entries = readonly (readonly [key: string, value: string])[]

export interface DocumentSet extends DocumentReads {
  apply(changes: readonly DocumentChange[]): void
  /** Over kinds, keys and values, whatever the order in which they came. */
  digest(): Hash
  /** The digest as it will be after these changes. */
  digestAfter(changes: readonly DocumentChange[]): Hash
}

interface Kind {
  readonly values: Map<string, string>
  /** In the order of the keys; made when it is asked for. */
  sorted: Entries | undefined
}

const GROUPS = 256

function byKey([a]: readonly [string, string], [b]: readonly [string, string]): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/** Names a document without doubt, whatever its key holds. */
function nameOf(kind: DocumentKind, key: string): string {
  return JSON.stringify([kind, key])
}

interface Group {
  readonly hashes: Map<string, Hash>
  digest: Hash | undefined
}

/** Hashes by name, in groups, so that a change costs one group and not all documents. */
function createDigest(hasher: TreeHasher) {
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

  function total(digests: readonly Hash[]): Hash {
    return hasher.leaf(concat(...digests))
  }

  function current(group: Group): Hash {
    group.digest ??= digestOf(group.hashes)
    return group.digest
  }

  return {
    set(kind: DocumentKind, key: string, value: string | undefined): void {
      const name = nameOf(kind, key)
      const group = groups[groupOf(name)] as Group
      change(group.hashes, name, value)
      group.digest = undefined
    },
    digest: () => total(groups.map(current)),
    digestAfter(changes: readonly DocumentChange[]): Hash {
      const changed = new Map<number, Map<string, Hash>>()
      for (const { kind, key, value } of changes) {
        const name = nameOf(kind, key)
        const number = groupOf(name)
        const copy = changed.get(number) ?? new Map((groups[number] as Group).hashes)
        changed.set(number, copy)
        change(copy, name, value)
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

export function createDocumentSet(
  stored: readonly StoredDocument[],
  hasher: TreeHasher,
): DocumentSet {
  const kinds = new Map<DocumentKind, Kind>()
  const digest = createDigest(hasher)

  function kindOf(kind: DocumentKind): Kind {
    const found = kinds.get(kind) ?? { values: new Map(), sorted: undefined }
    kinds.set(kind, found)
    return found
  }

  function apply(changes: readonly DocumentChange[]): void {
    for (const { kind, key, value } of changes) {
      const held = kindOf(kind)
      held.sorted = undefined
      if (value === undefined) held.values.delete(key)
      else held.values.set(key, value)
      digest.set(kind, key, value)
    }
  }

  apply(stored)
  return {
    get: (kind, key) => kinds.get(kind)?.values.get(key),
    list(kind) {
      const held = kindOf(kind)
      held.sorted ??= [...held.values].sort(byKey)
      return held.sorted
    },
    apply,
    digest: digest.digest,
    digestAfter: digest.digestAfter,
  }
}

/** Changes over documents that stay as they are until the draft is committed. */
export interface Draft extends Documents {
  changes(): readonly DocumentChange[]
}

type Overlay = Map<string, string | undefined>

function merged(below: Entries, overlay: Overlay | undefined): Entries {
  if (overlay === undefined || overlay.size === 0) return below
  const kept = below.filter(([key]) => !overlay.has(key))
  const put = [...overlay].filter((entry): entry is [string, string] => entry[1] !== undefined)
  return [...kept, ...put].sort(byKey)
}

export function createDraft(below: DocumentReads): Draft {
  const overlays = new Map<DocumentKind, Overlay>()

  function set(kind: DocumentKind, key: string, value: string | undefined): void {
    const overlay: Overlay = overlays.get(kind) ?? new Map()
    overlays.set(kind, overlay)
    if (below.get(kind, key) === value) overlay.delete(key)
    else overlay.set(key, value)
  }

  return {
    get(kind, key) {
      const overlay = overlays.get(kind)
      return overlay?.has(key) === true ? overlay.get(key) : below.get(kind, key)
    },
    list: (kind) => merged(below.list(kind), overlays.get(kind)),
    put: set,
    remove: (kind, key) => set(kind, key, undefined),
    changes: () =>
      [...overlays].flatMap(([kind, overlay]) =>
        Array.from(overlay, ([key, value]) => ({ kind, key, value })),
      ),
  }
}
