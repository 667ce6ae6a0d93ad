// Answers a search from its sources, oldest or newest entries first: the runs and what is in memory.
import { refuse } from "../../core/base/errors.ts"
import type { FoundEntries, SearchPage } from "../ports/log.ts"
import type { HashedQuery } from "../ports/search.ts"
import type { OpaqueSet } from "./opaque-set.ts"

/** Entries side by side that can be looked through for a term. */
export interface SearchSource {
  readonly first: number
  /** The entry after the last one. */
  readonly end: number
  /** Grows with the entries that have the term, to begin with the rarest. */
  weight(hash: Uint8Array): Promise<number>
  /** Its entries in rising order. */
  entriesWith(hash: Uint8Array): Promise<readonly number[]>
}

function union(lists: readonly (readonly number[])[]): readonly number[] {
  const filled = lists.filter((list) => list.length > 0)
  if (filled.length <= 1) return filled[0] ?? []
  return [...new Set(filled.flat())].sort((a, b) => a - b)
}

function intersection(a: readonly number[], b: readonly number[]): readonly number[] {
  let at = 0
  return a.filter((index) => {
    while (at < b.length && (b[at] as number) < index) at += 1
    return b[at] === index
  })
}

async function weightOf(source: SearchSource, group: readonly Uint8Array[]): Promise<number> {
  let weight = 0
  for (const hash of group) weight += await source.weight(hash)
  return weight
}

/** The entries of one source that have a term of each group, in rising order. */
async function matchesIn(source: SearchSource, query: HashedQuery): Promise<readonly number[]> {
  const weighed: { readonly group: readonly Uint8Array[]; readonly weight: number }[] = []
  for (const group of query) weighed.push({ group, weight: await weightOf(source, group) })
  weighed.sort((a, b) => a.weight - b.weight)
  let found: readonly number[] | undefined
  for (const { group } of weighed) {
    const lists: (readonly number[])[] = []
    for (const hash of group) lists.push(await source.entriesWith(hash))
    const own = union(lists)
    found = found === undefined ? own : intersection(found, own)
    if (found.length === 0) break
  }
  return found ?? []
}

interface SearchRun {
  /** In rising order, without gaps. */
  readonly sources: readonly SearchSource[]
  readonly query: HashedQuery
  readonly page: SearchPage
  /** Entries from this one on are not part of the answer. */
  readonly size: number
  /** Others are passed over. */
  readonly isWanted?: ((index: number) => boolean) | undefined
  /** Called before each source; false ends the search there, and the answer says where to go on. */
  readonly mayGoOn: () => Promise<boolean>
}

function assertLimit(limit: number): void {
  if (Number.isSafeInteger(limit) && limit >= 1) return
  refuse("malformed", `search: expected a limit of at least 1, found ${limit}`)
}

/** From where up to but without where a page looks. */
function rangeOf({ after, order }: SearchPage, size: number) {
  const isNewest = order === "newest"
  const from = isNewest ? 0 : (after ?? -1) + 1
  const to = isNewest ? Math.min(after ?? size, size) : size
  return { isNewest, from, to }
}

/** Refuses `malformed` for a query or a page that asks for nothing. */
export async function searchSources(search: SearchRun): Promise<FoundEntries> {
  const { sources, query, page, size, mayGoOn, isWanted = () => true } = search
  const { limit } = page
  if (query.length === 0 || query.some((group) => group.length === 0)) {
    refuse("malformed", "search: expected at least one term to search for, found none")
  }
  assertLimit(limit)
  const { isNewest, from, to } = rangeOf(page, size)
  const indexes: number[] = []
  const last = (): number => indexes[indexes.length - 1] as number
  for (const source of isNewest ? sources.toReversed() : sources) {
    if (source.end <= from || source.first >= to) continue
    if (!(await mayGoOn())) return { indexes, next: isNewest ? source.end : source.first - 1 }
    const found = await matchesIn(source, query)
    const wanted = found.filter((index) => index >= from && index < to && isWanted(index))
    for (const index of isNewest ? wanted.toReversed() : wanted) {
      if (indexes.length === limit) return { indexes, next: last() }
      indexes.push(index)
    }
  }
  return { indexes }
}

/** All opaque entries below `size`, whatever they are found by. Refuses `malformed` for a page without entries. */
export function searchOpaque(
  opaque: Pick<OpaqueSet, "list">,
  page: SearchPage,
  size: number,
): FoundEntries {
  const { limit } = page
  assertLimit(limit)
  const { isNewest, from, to } = rangeOf(page, size)
  const found = opaque.list(from, to, limit + 1, isNewest)
  const indexes = found.slice(0, limit)
  const next = indexes.at(-1)
  return found.length > limit && next !== undefined ? { indexes, next } : { indexes }
}
