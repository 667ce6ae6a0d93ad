// Opens the search index of a data directory over the log's database, and says what to do if it is damaged.

import { Trouble } from "../../../core/base/errors.ts"
import { nativeHasher } from "../../../crypto/tree-hasher.ts"
import { createEntryTerms } from "../../../entry/kinds/terms.ts"
import { openSearchIndex, type SearchIndex } from "../../../log/search/index.ts"
import { createTermSource, type TermSource } from "../../../log/search/term-source.ts"
import { openSearchStore, type StoredLog } from "../../../storage/log-engine.ts"

/** Keys that are remembered while bodies are read. */
const CACHED_KEYS = 1_024

/** Where the log's database and its search index lie. */
export interface SearchFiles {
  readonly database: string
  readonly search: string
}

interface OpenedIndex {
  readonly index: SearchIndex
  close(): Promise<void>
}

/** What the entries of a log are found by, by what the log keeps. */
export function termSource(reads: StoredLog): TermSource {
  return createTermSource({ reads, terms: createEntryTerms(CACHED_KEYS), hasher: nativeHasher })
}

/** Makes the index at `path` if there is none. `reads` stays the caller's to close. */
export async function openIndex(path: string, reads: StoredLog): Promise<OpenedIndex> {
  const store = openSearchStore(path, reads.identity)
  try {
    const { size } = await reads.head()
    const index = await openSearchIndex({
      store,
      source: termSource(reads),
      hasher: nativeHasher,
      defer: setImmediate,
      logSize: size,
    })
    return { index, close: () => store.close() }
  } catch (reason) {
    await store.close()
    throw reason
  }
}

/** Damage, with the command that makes the index again; any other error unchanged. */
export function withAdvice(reason: unknown): unknown {
  if (!(reason instanceof Trouble && reason.code === "damaged")) return reason
  const advice =
    "searches are not answered, all else goes on. Stop the log and make the index again with: " +
    "countersign search-index rebuild --data DIR"
  return new Trouble("damaged", `${reason.message}; ${advice}`, { cause: reason })
}
