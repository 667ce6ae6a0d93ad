// Faults of what a log serves below a head that it signed: each is a finding, graded as it lasts, and is
// looked at again in later rounds, because the tree has moved on and nothing else would. Those with entries that
// were not seen remember which.
import { equalBytes } from "../../core/base/bytes.ts"
import { Refusal, Trouble } from "../../core/base/errors.ts"
import { present } from "../../core/base/present.ts"
import { type Origin, originWord } from "../../core/note/origin.ts"
import {
  partialTiles,
  TILE_WIDTH,
  type TileId,
  tileBytes,
  tileWidth,
} from "../../core/tree/tile.ts"
import { absent, type Case, type Vantage } from "../findings/case.ts"
import { keyOf, ungraded } from "../findings/finding.ts"
import { collection } from "../state/collection.ts"
import { type DocumentReads, type Documents, ofLog } from "../state/documents.ts"
import { integer, message } from "../state/schema.ts"
import { decodedBundle, type MatchedEntry, mismatch, type Reading } from "./bundle-audit.ts"
import type { Gap } from "./follower.ts"
import { DataFault, type FaultKind } from "./target-tree.ts"

const faultKinds: readonly FaultKind[] = ["tile-mismatch", "missing-data", "entry-mismatch"]

/** Faults that are looked at again in one round. */
const MOST_AT_ONCE = 32
const MINUTE = 60_000

const EDGE = "the edge"

/** By origin and place; the entries that were not seen, if any. */
export const gaps = collection("gap", message({ from: integer, to: integer }))

/** The case of a fault; the caller has asked twice, the second time past caches. */
export function faultCase(
  origin: Origin,
  { kind, place, message: said, index }: DataFault,
  shownBy: Vantage,
  at: number,
): Case {
  const seen = { ...ungraded(kind, origin, `${shownBy}: ${said}`, place), ...present({ index }) }
  return kind === "entry-mismatch" ? { ...seen, grade: "ATTESTED" } : { ...seen, shownBy, at }
}

/** Remembers a fault of a tile, which nothing else would look at again; entries are remembered as they pass. */
export function keepTileGap(documents: Documents, origin: Origin, { place }: DataFault): void {
  const isOfTile = place.startsWith("tile ") || place === EDGE
  if (isOfTile) keepGap(documents, origin, { place, from: 0, to: 0 })
}

export function keepGap(documents: Documents, origin: Origin, { place, from, to }: Gap): void {
  documents.put(gaps, `${originWord(origin)} ${place}`, { from, to })
}

/** A part of all gaps that moves on from minute to minute, so that none starves. */
export function dueGaps(documents: DocumentReads, origin: Origin, now: number): readonly Gap[] {
  const all = ofLog(documents, gaps, origin).map(([place, gap]) => ({ place, ...gap }))
  if (all.length <= MOST_AT_ONCE) return all
  const first = (Math.floor(now / MINUTE) * MOST_AT_ONCE) % all.length
  return [...all.slice(first), ...all.slice(0, first)].slice(0, MOST_AT_ONCE)
}

/** What lasts of a fault, or the entries that were not seen before. */
type GapCheck = DataFault | readonly MatchedEntry[]

const HEALED: GapCheck = []

async function checkTile({ own, source }: Reading, id: TileId): Promise<GapCheck> {
  const width = tileWidth(id, own.edge.size)
  if (width === 0) return HEALED
  const expected = tileBytes(await own.tile(id), width)
  const place = `tile ${id.level}/${id.index}`
  let isThere = false
  for (const isFresh of [true, false]) {
    const hashes = await source.tile(id.level, id.index, width, isFresh || undefined)
    if (hashes !== undefined && equalBytes(hashes, expected)) return HEALED
    isThere = hashes !== undefined
  }
  if (!isThere) return new DataFault("missing-data", place, `${place} is missing`)
  return new DataFault("tile-mismatch", place, `${place} is not the one in the signed tree`)
}

async function checkEdge(asked: Reading): Promise<GapCheck> {
  for (const { tile } of partialTiles(asked.own.edge.size)) {
    const check = await checkTile(asked, tile)
    if (check instanceof DataFault) return new DataFault("tile-mismatch", EDGE, check.message)
  }
  return HEALED
}

async function bodiesOf({ own, source }: Reading, bundle: number) {
  const width = tileWidth({ level: 0, index: bundle }, own.edge.size)
  for (const isFresh of [true, false]) {
    const bytes = await source.bundle(bundle, width, isFresh || undefined)
    const bodies = decodedBundle(bytes, width)
    if (bodies !== undefined) return bodies
  }
  return undefined
}

async function checkEntries(asked: Reading, { place, from, to }: Gap): Promise<GapCheck> {
  const bundle = Math.floor(from / TILE_WIDTH)
  const bodies = await bodiesOf(asked, bundle)
  if (bodies === undefined) return new DataFault("missing-data", place, `${place} cannot be read`)
  const entries: MatchedEntry[] = []
  for (let index = from; index < to; index++) {
    const body = bodies[index - bundle * TILE_WIDTH] ?? new Uint8Array(0)
    const leafHash = await asked.own.leafHash(index)
    if (!equalBytes(asked.hasher.leaf(body), leafHash)) {
      return mismatch(index, place)
    }
    entries.push({ index, leafHash, body })
  }
  return entries
}

const TILE = /^tile ([0-9]+)\/([0-9]+)$/

/**
 * Asks again, past all caches first, for what was missing or wrong below the own tree's size; undefined if the
 * log cannot be asked now.
 */
export async function checkGap(asked: Reading, gap: Gap): Promise<GapCheck | undefined> {
  const [, level, index] = TILE.exec(gap.place) ?? []
  try {
    if (gap.place === EDGE) return await checkEdge(asked)
    if (level === undefined) return await checkEntries(asked, gap)
    return await checkTile(asked, { level: Number(level), index: Number(index) })
  } catch (error) {
    if (error instanceof Trouble && error.code === "network") return undefined
    if (error instanceof Refusal) return undefined
    throw error
  }
}

/** Forgets a fault that is none any more. */
export function healGap(documents: Documents, origin: Origin, { place }: Gap): readonly Case[] {
  documents.remove(gaps, `${originWord(origin)} ${place}`)
  return faultKinds.map((kind) => absent(keyOf(kind, origin, place)))
}

/** Once the follower has reached its target there is no fault before it but those that are remembered. */
export function nothingButGaps(documents: DocumentReads, origin: Origin): Case {
  const places = ofLog(documents, gaps, origin).map(([place]) => place)
  const keys = faultKinds.flatMap((kind) => places.map((place) => keyOf(kind, origin, place)))
  return { kinds: faultKinds, origin, but: new Set(keys) }
}
