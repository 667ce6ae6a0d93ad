// What was shipped must be logged: each digest of a shipped list is expected in a log until its deadline, and
// found by the entries as they are read. What watched entries logged before it was shipped is remembered,
// because signing comes before shipping.
import { originWord } from "../../core/note/origin.ts"
import type { Case } from "../findings/case.ts"
import { attested } from "../findings/finding.ts"
import { collection } from "../state/collection.ts"
import { type DocumentReads, type Documents, ofLog } from "../state/documents.ts"
import { integer, message, optional } from "../state/schema.ts"
import type { Watch } from "../watch/watch.ts"
import type { Examination } from "./reading.ts"

/** Digests of watched entries that are remembered of one log before anything of them is shipped. */
export const MOST_LOGGED = 100_000
const HOUR = 3_600_000

/** By origin and digest. */
export const expectations = collection(
  "expectation",
  message({
    /** The lowest index of an entry about the digest. */
    index: optional(integer),
    /** Unix milliseconds; until then the entry must be there. */
    deadline: optional(integer),
  }),
)

function place(origin: string, digest: string): string {
  return `${originWord(origin)} ${digest}`
}

function shipmentsTo({ shipments }: Watch, origin: string) {
  return shipments.filter((each) => (each.origin ?? origin) === origin)
}

/** The digests that this log must have, each with the hours it has for it. */
function shippedTo(watch: Watch, origin: string): ReadonlyMap<string, number> {
  const hours = new Map<string, number>()
  for (const shipment of shipmentsTo(watch, origin)) {
    for (const digest of shipment.digests) {
      hours.set(digest, Math.min(shipment.hours, hours.get(digest) ?? Number.POSITIVE_INFINITY))
    }
  }
  return hours
}

/**
 * Begins to expect what the shipped lists have, from `now` (Unix milliseconds) on, and forgets what they no
 * longer have; what is expected already keeps its deadline. To be called when the watch file is read.
 */
export function expectShipped(documents: Documents, origin: string, watch: Watch, now: number) {
  const shipped = shippedTo(watch, origin)
  for (const [digest, hours] of shipped) {
    const key = place(origin, digest)
    const known = documents.get(expectations, key)
    if (known?.deadline !== undefined) continue
    documents.put(expectations, key, { ...known, deadline: now + hours * HOUR })
  }
  for (const { foretold } of shipmentsTo(watch, origin)) {
    for (const [logged, digest] of foretold) {
      const known = documents.get(expectations, place(origin, logged))
      if (known?.index !== undefined) noteLogged(documents, origin, digest, known.index)
    }
  }
  for (const [digest, { deadline }] of ofLog(documents, expectations, origin)) {
    if (shipped.has(digest) || deadline === undefined) continue
    documents.remove(expectations, place(origin, digest))
  }
}

/** Whether the digest was expected and is not logged yet. */
export function isAwaited(documents: DocumentReads, origin: string, digest: string): boolean {
  const known = documents.get(expectations, place(origin, digest))
  return known !== undefined && known.index === undefined
}

/** Notes that the entry at `index` is about the digest; the lowest index stays. */
export function noteLogged(documents: Documents, origin: string, digest: string, index: number) {
  const key = place(origin, digest)
  const known = documents.get(expectations, key)
  if (known?.index === undefined || index < known.index)
    documents.put(expectations, key, { ...known, index })
}

/**
 * Makes room for what is logged: beyond {@link MOST_LOGGED} digests that are not shipped, the tenth with the
 * lowest indices is forgotten. Gives how many are left.
 */
function makeRoom(documents: Documents, origin: string): number {
  const logged = ofLog(documents, expectations, origin).flatMap(([digest, { index, deadline }]) =>
    index === undefined || deadline !== undefined ? [] : [{ digest, index }],
  )
  if (logged.length < MOST_LOGGED) return logged.length
  const oldest = logged.toSorted((a, b) => a.index - b.index).slice(0, MOST_LOGGED / 10)
  for (const { digest } of oldest) documents.remove(expectations, place(origin, digest))
  return logged.length - oldest.length
}

/** The digests (`algorithm:hex`) that should be logged and are not at `now`; Unix milliseconds. */
export function overdueExpectations(documents: DocumentReads, origin: string, now: number) {
  return ofLog(documents, expectations, origin).flatMap(([digest, { index, deadline }]) =>
    index === undefined && deadline !== undefined && deadline <= now ? [{ digest, deadline }] : [],
  )
}

/** `not-logged` for what is overdue, and for nothing else; only to be asked once the whole tree was read. */
export function judgeExpectations(documents: DocumentReads, origin: string, now: number): Case[] {
  const missing = overdueExpectations(documents, origin, now).map(({ digest, deadline }) => {
    const due = new Date(deadline).toISOString()
    const summary = `${digest} was shipped and is not logged; it was due by ${due}.`
    return attested("not-logged", origin, summary, digest)
  })
  const but = new Set(missing.map(({ key }) => key))
  return [...missing, { kinds: ["not-logged"], origin, but }]
}

/** Notes what is logged as entries are read, so that shipped digests are found. */
export function createShippedRule(origin: string, watch: Watch) {
  const shipments = shipmentsTo(watch, origin)
  const isIdle = shipments.length === 0
  let remembered: number | undefined

  function noteDigest(index: number, digest: string, isOwn: boolean, documents: Documents): void {
    const isWanted = isAwaited(documents, origin, digest)
    if (!isWanted && !isOwn) return
    if (!isWanted) {
      const known = remembered ?? MOST_LOGGED
      remembered = (known >= MOST_LOGGED ? makeRoom(documents, origin) : known) + 1
    }
    noteLogged(documents, origin, digest, index)
  }

  /** The entry has no remark; `isWatched` says that it is the owner's. */
  return ({ index, facts }: Examination, isWatched: boolean, documents: Documents): void => {
    if (isIdle) return
    const stated = facts.subjects.flatMap(({ digests }) => digests)
    const logged = [...facts.digests, ...stated]
    // What clients log for a shipped image is the image's.
    const foretold = logged.flatMap((digest) =>
      shipments.flatMap((each) => each.foretold.get(digest) ?? []),
    )
    for (const digest of new Set([...logged, ...foretold])) {
      noteDigest(index, digest, isWatched, documents)
    }
  }
}
