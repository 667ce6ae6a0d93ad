// Where what is watched was found: for each watched digest and key the newest entries of a log that state it in their
// bodies, so that the log's own search can be compared. Bounded for each of them, and there are no more than are watched.

import { originWord } from "../../core/note/origin.ts"
import type { SearchItem } from "../follow/source.ts"
import { collection, type ValueOf } from "../state/collection.ts"
import type { DocumentReads, Documents } from "../state/documents.ts"
import { flag, integer, list, message, optional } from "../state/schema.ts"
import type { Watch } from "../watch/watch.ts"

/** Entries that are remembered of each; more than the log's search gives at once. */
const MOST_SIGHTINGS = 256

/** By origin, parameter and value; the indexes in order. */
const sightings = collection(
  "sighting",
  message({
    indexes: list(integer, MOST_SIGHTINGS),
    /** Whether there are lower ones that are not remembered. */
    isCut: optional(flag),
  }),
  { under: "at " },
)

/** How much of what is watched the log's own search was asked for in the last round, by origin. */
export const searches = collection(
  "sighting",
  message({ at: integer, answered: integer, of: integer }),
  { under: "search " },
)

export type SearchStatus = ValueOf<typeof searches>

export function noteSearched(documents: Documents, origin: string, status: SearchStatus): void {
  documents.put(searches, origin, status)
}

function placeOf(origin: string, { by, value }: SearchItem): string {
  return `${originWord(origin)} ${by} ${value}`
}

/** What a watch file names, as far as a log can be asked for it by its value. */
export function watchedItems({ subjects, signers }: Watch): readonly SearchItem[] {
  const digests = new Set(
    // What is foretold of bare digests is judged as entries are read; asked for, it would be nine questions for one.
    subjects.flatMap(({ digests, foretold, images }) =>
      images.length === 0 ? [...digests] : [...digests, ...foretold.keys()],
    ),
  )
  const rules = [
    ...signers.flatMap((each) => each.rules),
    ...subjects.flatMap((each) => each.signers),
  ]
  const keys = new Set(rules.flatMap((rule) => (rule.form === "key" ? [rule.key] : [])))
  return [
    ...[...digests].map((value) => ({ by: "digest", value }) as const),
    ...[...keys].map((value) => ({ by: "key", value }) as const),
  ]
}

interface SeenFacts {
  readonly digests: readonly string[]
  readonly signers: readonly { readonly key: string }[]
}

/** An entry whose body states what is watched. */
export interface Sighting {
  readonly index: number
  readonly facts: SeenFacts
}

function itemsOf({ digests, signers }: SeenFacts): readonly SearchItem[] {
  return [
    ...digests.map((value) => ({ by: "digest", value }) as const),
    ...signers.map(({ key }) => ({ by: "key", value: key }) as const),
  ]
}

function remember(documents: Documents, place: string, index: number): void {
  const known = documents.get(sightings, place)
  const indexes = known?.indexes ?? []
  if (indexes.includes(index)) return
  const all = [...indexes, index].toSorted((a, b) => a - b)
  const isCut = known?.isCut === true || all.length > MOST_SIGHTINGS
  const kept = all.slice(-MOST_SIGHTINGS)
  documents.put(sightings, place, isCut ? { indexes: kept, isCut } : { indexes: kept })
}

const known = new WeakMap<Watch, ReadonlySet<string>>()

function namesOf(watch: Watch): ReadonlySet<string> {
  const names =
    known.get(watch) ?? new Set(watchedItems(watch).map(({ by, value }) => `${by} ${value}`))
  known.set(watch, names)
  return names
}

/** Whether the body of an entry states something that is watched. */
export function isSighted(watch: Watch, { digests, signers }: SeenFacts): boolean {
  const names = namesOf(watch)
  return (
    digests.some((digest) => names.has(`digest ${digest}`)) ||
    signers.some(({ key }) => names.has(`key ${key}`))
  )
}

/** Remembers entries whose bodies state what is watched. */
export function noteSightings(
  documents: Documents,
  origin: string,
  watch: Watch,
  seen: readonly Sighting[],
): void {
  for (const each of seen) {
    for (const item of itemsOf(each.facts)) {
      if (namesOf(watch).has(`${item.by} ${item.value}`)) {
        remember(documents, placeOf(origin, item), each.index)
      }
    }
  }
}

/** Where something was found; `from` is the index below which nothing is remembered. */
export function sightingsOf(documents: DocumentReads, origin: string, item: SearchItem) {
  const { indexes = [], isCut = false } = documents.get(sightings, placeOf(origin, item)) ?? {}
  return { indexes, from: isCut ? (indexes[0] ?? 0) : 0 }
}
