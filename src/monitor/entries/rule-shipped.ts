// Notes what is logged, so that shipped digests are found: see expectation.ts.
import type { Documents } from "../state/documents.ts"
import type { Watch } from "../watch/watch.ts"
import { isAwaited, MOST_LOGGED, makeRoom, noteLogged } from "./expectation.ts"
import type { EntryFacts } from "./watch-index.ts"

export interface ShippedRule {
  /** The entry has no remark; `isWatched` says that it is the owner's. */
  note(index: number, facts: EntryFacts, isWatched: boolean, documents: Documents): void
}

export function createShippedRule(origin: string, watch: Watch): ShippedRule {
  const isIdle = watch.shipments.every((each) => (each.origin ?? origin) !== origin)
  let remembered: number | undefined

  function noteDigest(index: number, digest: string, isOwn: boolean, documents: Documents): void {
    if (isAwaited(documents, origin, digest)) noteLogged(documents, origin, digest, index)
    else if (isOwn) {
      if (remembered === undefined || remembered >= MOST_LOGGED) {
        remembered = makeRoom(documents, origin)
      }
      remembered += 1
      noteLogged(documents, origin, digest, index)
    }
  }

  return {
    note(index, { digests, subjects }, isWatched, documents) {
      if (isIdle) return
      const stated = subjects.flatMap((subject) => subject.digests)
      for (const digest of new Set([...digests, ...stated])) {
        noteDigest(index, digest, isWatched, documents)
      }
    },
  }
}
