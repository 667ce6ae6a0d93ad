// The search index of a data directory: opens it over the log's database, says what to do if it is damaged, and brings
// one that lies in the log's database up to date, at the first start.

import { Trouble } from "../../../core/base/errors.ts"
import { nativeHasher } from "../../../crypto/tree-hasher.ts"
import { createEntryTerms } from "../../../entry/kinds/terms.ts"
import { carryTerms } from "../../../log/search/carrying.ts"
import { openSearchIndex } from "../../../log/search/index.ts"
import type { MessageSource } from "../../../log/search/learning.ts"
import { createTermSource, type TermSource } from "../../../log/search/term-source.ts"
import {
  carrySearch,
  needsCarrying,
  openSearchStore,
  removeSearchStore,
  type StoredLog,
} from "../../../storage/log-engine.ts"
import { closing, openAll } from "../../command/closers.ts"

/** Keys that are remembered while bodies are read. */
const CACHED_KEYS = 1_024
const TOLD_EVERY = 65_536

/** Where the log's database and its search index lie. */
export interface SearchFiles {
  readonly database: string
  readonly search: string
}

/** What the entries of a log are found by, by what the log keeps. */
export function termSource(reads: StoredLog): TermSource {
  return createTermSource({ reads, terms: createEntryTerms(CACHED_KEYS), hasher: nativeHasher })
}

/** What attached messages say, and which envelopes are kept. */
export function messageSource(reads: Pick<StoredLog, "attached" | "messages">): MessageSource {
  return { reads, terms: createEntryTerms(0) }
}

/** Makes the index at `path` if there is none. `reads` stays the caller's to close. */
export function openIndex(path: string, reads: StoredLog) {
  return openAll(async (closers) => {
    const store = openSearchStore(path, reads.identity)
    closers.push(store.close)
    const { size: logSize } = await reads.head()
    const given = { store, source: termSource(reads), messages: messageSource(reads), logSize }
    return {
      index: await openSearchIndex({ ...given, hasher: nativeHasher, defer: setImmediate }),
    }
  })
}

/** Damage, with the command that makes the index again; any other error unchanged. */
export function withAdvice(reason: unknown): unknown {
  if (!(reason instanceof Trouble && reason.code === "damaged")) return reason
  const advice =
    "searches are not answered, all else goes on. Stop the log and make the index again with: " +
    "countersign search-index rebuild --data DIR"
  return new Trouble("damaged", `${reason.message}; ${advice}`, { cause: reason })
}

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
      const { size } = await reads.head()
      let steps = 0
      function onProgress(entries: number): void {
        // Each entry is looked at three times: kept, indexed, compared.
        const before = Math.floor(steps / TOLD_EVERY)
        steps += entries
        if (Math.floor(steps / TOLD_EVERY) === before) return
        onEvent(`search index: ${Math.floor((steps / (3 * size)) * 100)} %`)
      }
      const terms = createEntryTerms(CACHED_KEYS)
      const given = { old, size, reads, keep, terms, onProgress }
      await closing(openSearchStore(search, reads.identity), (store) =>
        carryTerms({ ...given, store, hasher: nativeHasher, defer: setImmediate }),
      )
    })
  } catch (reason) {
    removeSearchStore(search)
    throw reason
  }
  onEvent("the search index is a database of its own, and finds all that the old one found")
}
