// What is signed by a key behind its revocation: `after-revocation`. The order is that of the log's entries,
// never of time, because whoever has a stolen key has its dates as well.
import type { Documents } from "../state/documents.ts"
import type { ReadEntry } from "./reading.ts"
import type { EntryRemark } from "./remark.ts"
import {
  countRevocations,
  MOST_STRANGERS,
  type RememberedRevocation,
  rememberedRevocation,
  rememberRevocation,
} from "./revocation-memory.ts"
import type { WatchIndex } from "./watch-index.ts"

export interface RevocationRule {
  /** Remembers that the entry at `index` revokes the key; its signature holds. */
  remember(index: number, key: string, documents: Documents): void
  /** One remark a revoked key; of a key that is not watched only the first entry behind is told of. */
  remarks(index: number, reading: ReadEntry, documents: Documents): readonly EntryRemark[]
}

export function createRevocationRule(origin: string, watch: WatchIndex): RevocationRule {
  let strangers: number | undefined

  function isWatched(key: string, { facts }: ReadEntry): boolean {
    return watch.isKnownKey(key) || watch.signersOf(facts).some(({ by }) => by.key === key)
  }

  /** Behind an entry, which can be proven. */
  function behindEntry(
    index: number,
    key: string,
    revocation: RememberedRevocation,
    documents: Documents,
    reading: ReadEntry,
  ): readonly EntryRemark[] {
    const { index: other, toldAt } = revocation
    const isOwn = isWatched(key, reading)
    if (!isOwn) {
      if (toldAt !== undefined) return []
      rememberRevocation(documents, origin, key, { index: other, toldAt: index })
    }
    const summary = `entry ${index} is signed by ${key}, which entry ${other} has revoked`
    const payload = reading.payload?.payload
    const evidenceKind = "signed-after-revocation"
    const kind = "after-revocation"
    const named = isOwn ? { about: key, watched: key } : { about: key }
    return [{ kind, ...named, index, summary, other, evidenceKind, ...(payload && { payload }) }]
  }

  /** Behind an index that only the watch file knows. */
  function behindIndex(index: number, key: string): readonly EntryRemark[] {
    const from = watch.revokedAt(key, origin)
    if (from === undefined || index <= from) return []
    const summary = `entry ${index} is signed by ${key}, which is revoked from entry ${from} on`
    const evidenceKind = "unexpected-entry"
    const named = { about: key, watched: key }
    return [{ kind: "after-revocation", ...named, index, summary, evidenceKind }]
  }

  return {
    remember(index, key, documents) {
      const known = rememberedRevocation(documents, origin, key)
      if (known !== undefined && known.index <= index) return
      if (known === undefined && !watch.isKnownKey(key)) {
        strangers ??= countRevocations(documents, origin)
        if (strangers >= MOST_STRANGERS) return
        strangers += 1
      }
      rememberRevocation(documents, origin, key, { ...known, index })
    },
    remarks(index, reading, documents) {
      const keys = new Set(reading.facts.signers.map(({ key }) => key))
      return [...keys].flatMap((key) => {
        const revocation = rememberedRevocation(documents, origin, key)
        return revocation !== undefined && revocation.index < index
          ? behindEntry(index, key, revocation, documents, reading)
          : behindIndex(index, key)
      })
    },
  }
}
