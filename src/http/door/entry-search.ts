// The search that a door asks: entries by criteria, each a choice of terms. The index behind it is the log's.
import type { Term } from "../../entry/term.ts"

/** One thing that is asked for: an entry answers to it if it has any of these terms. */
export type Criterion = readonly Term[]

/** How several criteria are joined. */
export type SearchOperator = "and" | "or"

/** The port to the search index: the indexes of all entries found, each once. */
export type EntrySearch = (
  criteria: readonly Criterion[],
  operator: SearchOperator,
) => Promise<readonly number[]>
