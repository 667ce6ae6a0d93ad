// Brings a data directory whose search index lies in the log's database up to date, at the first start.

import { nativeHasher } from "../../../crypto/tree-hasher.ts"
import { createEntryTerms } from "../../../entry/kinds/terms.ts"
import { carryTerms } from "../../../log/search/carrying.ts"
import {
  carrySearch,
  needsCarrying,
  openSearchStore,
  removeSearchStore,
} from "../../../storage/log-engine.ts"
import type { SearchFiles } from "./files.ts"

const CACHED_KEYS = 1_024
const TOLD_EVERY = 65_536

/**
 * Keeps what entries are found by in the log, makes the new index and compares it with the old one, which goes
 * last. Rejects with Trouble, and then the database is as it was. The caller holds the lock of the directory.
 */
export async function upgradeSearch(
  { database, search }: SearchFiles,
  onEvent: (text: string) => void,
): Promise<void> {
  if (!needsCarrying(database)) return
  // Left by an upgrade that was cut off, or made while a newer program was here.
  removeSearchStore(search)
  onEvent("the search index becomes a database of its own; this takes some 40 s a million entries")
  try {
    await carrySearch(database, async ({ reads, old, keep }) => {
      const store = openSearchStore(search, reads.identity)
      const { size } = await reads.head()
      let steps = 0
      try {
        await carryTerms({
          ...{ old, size, reads, keep, store, hasher: nativeHasher, defer: setImmediate },
          terms: createEntryTerms(CACHED_KEYS),
          onProgress(entries) {
            // Each entry is looked at three times: kept, indexed, compared.
            const before = Math.floor(steps / TOLD_EVERY)
            steps += entries
            if (Math.floor(steps / TOLD_EVERY) === before) return
            onEvent(`search index: ${Math.floor((steps / (3 * size)) * 100)} %`)
          },
        })
      } finally {
        await store.close()
      }
    })
  } catch (reason) {
    removeSearchStore(search)
    throw reason
  }
  onEvent("the search index is a database of its own, and finds all that the old one found")
}
