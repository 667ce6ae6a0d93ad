// What is signed by a key behind its revocation: `after-revocation`. The order is that of the log's entries,
// never of time, because whoever has a stolen key has its dates as well. What a stranger's key revokes is
// remembered too, up to a bound, because the key may be watched later.
import { collection, type ValueOf } from "../state/collection.ts"
import type { Documents } from "../state/documents.ts"
import { integer, message, optional } from "../state/schema.ts"
import type { ReadEntry } from "./reading.ts"
import type { Remark } from "./remark.ts"
import type { WatchIndex } from "./watch-index.ts"

/** Keys of nobody who is watched that are remembered of one log. */
const MOST_STRANGERS = 10_000

/** Keys that entries revoke, by origin and key. */
export const revocations = collection(
  "revocation",
  message({
    /** The lowest index of an entry that revokes it. */
    index: integer,
    /** The first entry behind it that was told of, if the key is not watched. */
    toldAt: optional(integer),
  }),
)

export function createRevocationRule(origin: string, watch: WatchIndex) {
  let strangers: number | undefined

  function placeOf(key: string): string {
    return `${origin} ${key}`
  }

  function isWatched(key: string, { facts }: ReadEntry): boolean {
    return watch.isKnownKey(key) || watch.signersOf(facts).some(({ by }) => by.key === key)
  }

  /** Behind an entry, which can be proven. */
  function behindEntry(
    index: number,
    key: string,
    { index: other, toldAt }: ValueOf<typeof revocations>,
    documents: Documents,
    reading: ReadEntry,
  ): readonly Remark[] {
    const isOwn = isWatched(key, reading)
    if (!isOwn) {
      if (toldAt !== undefined) return []
      documents.put(revocations, placeOf(key), { index: other, toldAt: index })
    }
    const summary = `entry ${index} is signed by ${key}, which entry ${other} has revoked`
    const payload = reading.payload?.payload
    const evidenceKind = "signed-after-revocation"
    const named = isOwn ? { watched: key } : { about: key }
    return [{ kind: "after-revocation", ...named, summary, other, evidenceKind, payload }]
  }

  /** Behind an index that only the watch file knows. */
  function behindIndex(index: number, key: string): readonly Remark[] {
    const from = watch.revokedAt(key, origin)
    if (from === undefined || index <= from) return []
    const summary = `entry ${index} is signed by ${key}, which is revoked from entry ${from} on`
    return [{ kind: "after-revocation", watched: key, summary }]
  }

  return {
    /** Remembers that the entry at `index` revokes the key; its signature holds. */
    remember(index: number, key: string, documents: Documents): void {
      const known = documents.get(revocations, placeOf(key))
      if (known !== undefined && known.index <= index) return
      if (known === undefined && !watch.isKnownKey(key)) {
        strangers ??= documents.keys(revocations, `${origin} `).length
        if (strangers >= MOST_STRANGERS) return
        strangers += 1
      }
      documents.put(revocations, placeOf(key), { ...known, index })
    },
    /** One remark a revoked key; of a key that is not watched only the first entry behind is told of. */
    remarks(index: number, reading: ReadEntry, documents: Documents): readonly Remark[] {
      const keys = new Set(reading.facts.signers.map(({ key }) => key))
      return [...keys].flatMap((key) => {
        const revocation = documents.get(revocations, placeOf(key))
        return revocation !== undefined && revocation.index < index
          ? behindEntry(index, key, revocation, documents, reading)
          : behindIndex(index, key)
      })
    },
  }
}
