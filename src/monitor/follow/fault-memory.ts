// Faults of what a log serves below a head that it signed: each is a finding, graded as it lasts, and is
// looked at again in later rounds, because the tree has moved on and nothing else would. Those with entries that
// were not seen remember which.
import { equalBytes } from "../../core/base/bytes.ts"
import { Refusal, Trouble } from "../../core/base/errors.ts"
import { present } from "../../core/base/present.ts"
import type { Origin } from "../../core/note/origin.ts"
import type { TreeHasher } from "../../core/tree/hash.ts"
import { partialTiles, TILE_WIDTH, tileBytes, tileWidth } from "../../core/tree/tile.ts"
import { absent, type Case } from "../findings/case.ts"
import type { Vantage } from "../findings/observation.ts"
import { collection } from "../state/collection.ts"
import { type DocumentReads, type Documents, ofLog } from "../state/documents.ts"
import { integer, message } from "../state/schema.ts"
import type { OwnTree } from "../state/tree.ts"
import { decodedBundle, type MatchedEntry, wrongBody } from "./bundle-audit.ts"
import { DataFault, type FaultKind } from "./data-fault.ts"
import type { Gap } from "./follower.ts"
import type { LogSource } from "./source.ts"

const faultKinds: readonly FaultKind[] = ["tile-mismatch", "missing-data", "entry-mismatch"]

/** Faults that are looked at again in one round. */
const MOST_AT_ONCE = 32
const MINUTE = 60_000

function keyOf(kind: FaultKind, origin: Origin, place: string): string {
  return `${kind} ${origin} ${place}`
}

function isOfTile(place: string): boolean {
  return place.startsWith("tile ") || place === "the edge"
}

/** By origin and place; the entries that were not seen, if any. */
export const gaps = collection("gap", message({ from: integer, to: integer }))

/** The case of a fault; the caller has asked twice, the second time past caches. */
export function faultCase(
  origin: Origin,
  { kind, place, message: said, index }: DataFault,
  shownBy: Vantage,
  at: number,
): Case {
  const key = keyOf(kind, origin, place)
  const seen = { key, kind, origin, summary: `${shownBy}: ${said}`, ...present({ index }) }
  return kind === "entry-mismatch" ? { ...seen, grade: "ATTESTED" } : { ...seen, shownBy, at }
}

/** Remembers a fault of a tile, which nothing else would look at again; entries are remembered as they pass. */
export function keepTileGap(documents: Documents, origin: Origin, { place }: DataFault): void {
  if (isOfTile(place)) keepGap(documents, origin, { place, from: 0, to: 0 })
}

export function keepGap(documents: Documents, origin: Origin, { place, from, to }: Gap): void {
  documents.put(gaps, `${origin} ${place}`, { from, to })
}

/** A part of all gaps that moves on from minute to minute, so that none starves. */
export function dueGaps(documents: DocumentReads, origin: Origin, now: number): readonly Gap[] {
  const all = ofLog(documents, gaps, origin).map(([place, gap]) => ({ place, ...gap }))
  if (all.length <= MOST_AT_ONCE) return all
  const first = (Math.floor(now / MINUTE) * MOST_AT_ONCE) % all.length
  return [...all.slice(first), ...all.slice(0, first)].slice(0, MOST_AT_ONCE)
}

export type GapCheck =
  /** `entries` are those that were not seen before. */
  | { readonly state: "healed"; readonly entries: readonly MatchedEntry[] }
  | { readonly state: "lasts"; readonly fault: DataFault }

const HEALED: GapCheck = { state: "healed", entries: [] }

async function checkTile(
  own: OwnTree,
  source: LogSource,
  level: number,
  index: number,
): Promise<GapCheck> {
  const width = tileWidth({ level, index }, own.edge.size)
  if (width === 0) return HEALED
  const nodes = await own.tile({ level, index })
  const place = `tile ${level}/${index}`
  let isThere = false
  for (const isFresh of [true, false]) {
    const hashes = await source.tile(level, index, width, isFresh || undefined)
    if (hashes !== undefined && equalBytes(hashes, tileBytes(nodes, width))) return HEALED
    isThere = hashes !== undefined
  }
  if (!isThere) return lasting("missing-data", place, `${place} is missing`)
  return lasting("tile-mismatch", place, `${place} is not the one in the signed tree`)
}

async function checkEdge(own: OwnTree, source: LogSource): Promise<GapCheck> {
  for (const { tile } of partialTiles(own.edge.size)) {
    const check = await checkTile(own, source, tile.level, tile.index)
    if (check.state === "lasts") {
      return lasting("tile-mismatch", "the edge", check.fault.message)
    }
  }
  return HEALED
}

function lasting(kind: FaultKind, place: string, said: string, index?: number): GapCheck {
  return { state: "lasts", fault: new DataFault(kind, place, said, index) }
}

async function bodiesOf(
  own: OwnTree,
  source: LogSource,
  bundle: number,
): Promise<readonly Uint8Array[] | undefined> {
  const width = Math.min(TILE_WIDTH, own.edge.size - bundle * TILE_WIDTH)
  for (const isFresh of [true, false]) {
    const bytes = await source.bundle(bundle, width, isFresh || undefined)
    const bodies = decodedBundle(bytes, width)
    if (bodies !== undefined) return bodies
  }
  return undefined
}

async function checkEntries(
  own: OwnTree,
  source: LogSource,
  { place, from, to }: Gap,
  hasher: TreeHasher,
): Promise<GapCheck> {
  const bundle = Math.floor(from / TILE_WIDTH)
  const bodies = await bodiesOf(own, source, bundle)
  if (bodies === undefined) return lasting("missing-data", place, `${place} cannot be read`)
  const entries: MatchedEntry[] = []
  for (let index = from; index < to; index++) {
    const body = bodies[index - bundle * TILE_WIDTH] ?? new Uint8Array(0)
    const leafHash = await own.leafHash(index)
    if (!equalBytes(hasher.leaf(body), leafHash)) {
      return lasting("entry-mismatch", place, wrongBody(index), index)
    }
    entries.push({ index, leafHash, body })
  }
  return { state: "healed", entries }
}

const TILE = /^tile ([0-9]+)\/([0-9]+)$/

/** Asks again, past all caches first, for what was missing or wrong below the own tree's size. */
async function checkGap(
  own: OwnTree,
  source: LogSource,
  gap: Gap,
  hasher: TreeHasher,
): Promise<GapCheck> {
  if (gap.place === "the edge") return await checkEdge(own, source)
  const [, level, index] = TILE.exec(gap.place) ?? []
  if (level !== undefined) return await checkTile(own, source, Number(level), Number(index))
  return await checkEntries(own, source, gap, hasher)
}

/** As {@link checkGap}; undefined if the log cannot be asked now. */
export async function checkGapIfReachable(
  ...question: Parameters<typeof checkGap>
): Promise<GapCheck | undefined> {
  try {
    return await checkGap(...question)
  } catch (error) {
    if (error instanceof Trouble && error.code === "network") return undefined
    if (error instanceof Refusal) return undefined
    throw error
  }
}

/** Forgets a fault that is none any more. */
export function healGap(documents: Documents, origin: Origin, { place }: Gap): readonly Case[] {
  documents.remove(gaps, `${origin} ${place}`)
  return faultKinds.map((kind) => absent(keyOf(kind, origin, place)))
}

/** Once the follower has reached its target there is no fault before it but those that are remembered. */
export function nothingButGaps(documents: DocumentReads, origin: Origin): Case {
  const places = ofLog(documents, gaps, origin).map(([place]) => place)
  const keys = faultKinds.flatMap((kind) => places.map((place) => keyOf(kind, origin, place)))
  return { kinds: faultKinds, origin, but: new Set(keys) }
}
