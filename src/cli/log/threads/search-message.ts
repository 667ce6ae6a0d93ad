// What the main thread and the search thread say to each other: searches there, what they found back, and in
// between how far the index has come.
import type { SearchPage } from "../../../log/ports/log.ts"
import type { HashedQuery, LogSearch } from "../../../log/ports/search.ts"
import type { PlainError } from "./plain-error.ts"

export interface AskedSearch {
  readonly type: "search"
  /** Comes back with the answer: searches overtake each other. */
  readonly id: number
  readonly query: HashedQuery
  readonly page: SearchPage
  readonly size: number
}

export type ToSearch = AskedSearch | { readonly type: "close" }

export type SearchResult = Awaited<ReturnType<LogSearch["search"]>>

export type FromSearch =
  | { readonly type: "found"; readonly id: number; readonly result: SearchResult }
  | { readonly type: "refused"; readonly id: number; readonly error: PlainError }
  | { readonly type: "indexed"; readonly size: number }
  /** The index cannot go on; told once for each reason. */
  | { readonly type: "trouble"; readonly error: PlainError }
  | { readonly type: "closed" }
