// The digest over all documents of a monitor, which its statement signs: over kinds, keys and texts, whatever the
// order in which they came. Keeps one SHA-256 a document and one for each of 256 groups.
import { concat, utf8 } from "../../core/base/bytes.ts"
import type { Hash, TreeHasher } from "../../core/tree/hash.ts"
import type { DocumentChange } from "./store.ts"

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
export function createDocumentDigest(hasher: TreeHasher) {
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
