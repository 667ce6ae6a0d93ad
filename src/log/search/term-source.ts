// Where the index gets the terms of entries from: their bodies and side terms in the log's store. Bodies are
// compared with the leaf hashes of full tiles, so that a body that rotted does not make its entry unfindable.
import { concat, equalBytes } from "../../core/base/bytes.ts"
import { Trouble } from "../../core/base/errors.ts"
import { HASH_SIZE, type TreeHasher } from "../../core/tree/hash.ts"
import { TILE_WIDTH } from "../../core/tree/tile.ts"
import type { EntryTerms } from "../ports/search.ts"
import type { LogReads } from "../ports/store.ts"
import { createTermHasher } from "./hash.ts"
import { openSideTerms } from "./side-terms.ts"

/** The hashes of each entry's terms, side by side, of committed entries. */
export type TermSource = (from: number, to: number) => Promise<readonly Uint8Array[]>

export type EntryReads = Pick<LogReads, "bodies" | "sideTerms" | "tiles">

interface TermSourceOptions {
  readonly reads: EntryReads
  readonly terms: EntryTerms
  readonly hasher: TreeHasher
}

/** The bodies of entries `from` to `to`, at most 4,096. Throws Trouble `damaged` for one that is not in its tile. */
export async function readBodies(
  { reads, hasher }: Omit<TermSourceOptions, "terms">,
  from: number,
  to: number,
): Promise<readonly Uint8Array[]> {
  const bodies = await reads.bodies(from, to)
  if (bodies.length !== to - from) {
    throw new Trouble("damaged", `entry ${from + bodies.length} is missing`)
  }
  const first = Math.floor(from / TILE_WIDTH)
  const count = Math.ceil(to / TILE_WIDTH) - first
  const ids = Array.from({ length: count }, (_, i) => ({ level: 0, index: first + i }))
  const tiles = await reads.tiles(ids)
  bodies.forEach((body, i) => {
    const index = from + i
    const tile = tiles[Math.floor(index / TILE_WIDTH) - first]
    if (tile === undefined) return
    const at = (index % TILE_WIDTH) * HASH_SIZE
    if (equalBytes(hasher.leaf(body), tile.subarray(at, at + HASH_SIZE))) return
    throw new Trouble("damaged", `entry ${index} does not match its leaf hash in the tree`)
  })
  return bodies
}

/** Each call reads at most 4,096 entries. Throws Trouble `damaged` for what is missing or not as written. */
export function createTermSource(options: TermSourceOptions): TermSource {
  const { reads, terms, hasher } = options
  const hashTerms = createTermHasher(hasher)
  return async (from, to) => {
    const bodies = await readBodies(options, from, to)
    const side = new Map((await reads.sideTerms(from, to)).map((stored) => [stored.index, stored]))
    return bodies.map((body, i) => {
      const stored = side.get(from + i)
      const said = terms.ofBody(body, stored !== undefined)
      const hashes = hashTerms(said.terms)
      if (stored !== undefined) return concat(hashes, openSideTerms(stored, hasher))
      if (!said.needsSide) return hashes
      throw new Trouble("damaged", `the side terms of entry ${from + i} are missing`)
    })
  }
}
