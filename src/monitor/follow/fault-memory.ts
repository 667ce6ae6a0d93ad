// Faults of what a log serves below a head that it signed: each is a finding, graded as it lasts, and is
// looked at again in later rounds, because the tree has moved on and nothing else would. One document of
// kind `gap` each; those with entries that were not seen remember which.

import { equalBytes } from "../../core/base/bytes.ts"
import { Refusal, Trouble } from "../../core/base/errors.ts"
import { asInteger } from "../../core/base/json-value.ts"
import type { Origin } from "../../core/note/origin.ts"
import { decodeBundle } from "../../core/tree/bundle.ts"
import type { TreeHasher } from "../../core/tree/hash.ts"
import { partialTiles, TILE_WIDTH, tileBytes, tileWidth } from "../../core/tree/tile.ts"
import type { Grade } from "../findings/finding.ts"
import { openFindings, raise, resolve } from "../findings/life.ts"
import type { Vantage } from "../findings/observation.ts"
import { clear, suspect } from "../findings/suspicion.ts"
import { formatDocument, parseDocument } from "../state/document-json.ts"
import type { DocumentReads, Documents } from "../state/documents.ts"
import type { OwnTree } from "../state/tree.ts"
import type { MatchedEntry } from "./bundle-audit.ts"
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

/** Notes a fault and gives its grade by now; the caller has asked twice, the second time past caches. */
export function raiseFault(
  documents: Documents,
  origin: Origin,
  fault: DataFault,
  vantage: Vantage,
  now: number,
): Grade {
  const { kind, place, message, index } = fault
  const key = keyOf(kind, origin, place)
  const soFar = suspect(documents, key, vantage, now)
  const grade = kind === "entry-mismatch" ? "ATTESTED" : soFar
  const at = index === undefined ? {} : { index }
  raise(documents, { key, kind, grade, origin, summary: `${vantage}: ${message}`, ...at }, now)
  if (isOfTile(place)) keepGap(documents, origin, { place, from: 0, to: 0 })
  return grade
}

export function keepGap(documents: Documents, origin: Origin, { place, from, to }: Gap): void {
  documents.put("gap", `${origin} ${place}`, formatDocument({ from, to }))
}

function gapsOf(documents: DocumentReads, origin: Origin): readonly Gap[] {
  const prefix = `${origin} `
  return documents
    .list("gap")
    .filter(([key]) => key.startsWith(prefix))
    .map(([key, text]) => {
      const { from, to } = parseDocument(text, "gap", ["from", "to"])
      const place = key.slice(prefix.length)
      return { place, from: asInteger(from, "gap.from"), to: asInteger(to, "gap.to") }
    })
}

/** A part of all gaps that moves on from minute to minute, so that none starves. */
export function dueGaps(documents: DocumentReads, origin: Origin, now: number): readonly Gap[] {
  const gaps = gapsOf(documents, origin)
  if (gaps.length <= MOST_AT_ONCE) return gaps
  const first = (Math.floor(now / MINUTE) * MOST_AT_ONCE) % gaps.length
  return [...gaps.slice(first), ...gaps.slice(0, first)].slice(0, MOST_AT_ONCE)
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

function lasting(kind: FaultKind, place: string, message: string, index?: number): GapCheck {
  return { state: "lasts", fault: new DataFault(kind, place, message, index) }
}

async function bodiesOf(
  own: OwnTree,
  source: LogSource,
  bundle: number,
): Promise<readonly Uint8Array[] | undefined> {
  const width = Math.min(TILE_WIDTH, own.edge.size - bundle * TILE_WIDTH)
  for (const isFresh of [true, false]) {
    const bytes = await source.bundle(bundle, width, isFresh || undefined)
    const bodies = bytes && decodedOrNone(bytes, width)
    if (bodies !== undefined) return bodies
  }
  return undefined
}

function decodedOrNone(bytes: Uint8Array, width: number): readonly Uint8Array[] | undefined {
  try {
    return decodeBundle(bytes, width)
  } catch (error) {
    if (error instanceof Refusal) return undefined
    throw error
  }
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
      const message = `entry ${index} is served with a body that is not the one in the signed tree`
      return lasting("entry-mismatch", place, message, index)
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

function heal(documents: Documents, origin: Origin, place: string, now: number): void {
  for (const kind of faultKinds) {
    const key = keyOf(kind, origin, place)
    clear(documents, key)
    resolve(documents, key, now)
  }
}

/** Forgets a fault that is none any more. */
export function healGap(documents: Documents, origin: Origin, { place }: Gap, now: number): void {
  documents.remove("gap", `${origin} ${place}`)
  heal(documents, origin, place, now)
}

/**
 * Closes the faults that the follower met, as long as it stood before them, and meets no more: to be
 * called when it has reached its target without them.
 */
export function healPassed(documents: Documents, origin: Origin, now: number): void {
  const places = new Set(gapsOf(documents, origin).map(({ place }) => place))
  for (const { kind, key, origin: of } of openFindings(documents)) {
    const prefix = `${kind} ${origin} `
    if (of !== origin || !(faultKinds as readonly string[]).includes(kind)) continue
    const place = key.slice(prefix.length)
    if (!places.has(place)) heal(documents, origin, place, now)
  }
}
