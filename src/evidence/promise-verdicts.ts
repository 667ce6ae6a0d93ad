// Verdicts on what a log promised of an entry, and on when it took one. The log's own times are never
// believed: they are held against the clocks of the witnesses that cosigned the heads around the entry.
import { equalBytes } from "../core/base/bytes.ts"
import { refuse } from "../core/base/errors.ts"
import type { SignatureRule, Vkey } from "../core/note/note.ts"
import { portableHasher } from "../core/tree/hash.ts"
import { verifyInclusion } from "../core/tree/proof.ts"
import { readClaim } from "../entry/kinds/claim.ts"
import { provenEntry } from "./entry-verdicts.ts"
import type { EvidenceFile, LoggedEntry, Place, PromiseLines } from "./format.ts"
import { assertOnlySpelling, type HeadOpener, logName, openOwn, timeBy } from "./opened-head.ts"
import { type OpenedPromise, openPromise } from "./promise.ts"
import { assertOnly, headText, type Judge, needed, timeText } from "./verdict.ts"

/** By how many seconds a log's clock may differ from a witness's. */
export const ALLOWED_SKEW = 300

function onlyPlace({ places }: EvidenceFile): Place {
  const [place, ...others] = places
  if (place !== undefined && others.length === 0) return place
  return refuse("malformed", `evidence: expected one index, found ${places.length}`)
}

function openOnlyPromise(key: Vkey, promise: PromiseLines, holds: SignatureRule): OpenedPromise {
  const opened = openPromise(key, promise, holds)
  assertOnlySpelling(key, promise.signature)
  return opened
}

export const judgeBrokenPromise: Judge = (file, open, holds) => {
  assertOnly(file, ["note", "promise", "places"])
  const { key } = file
  const head = open(needed(file.note, "note"), [key])
  // A log of Rekor v1 counts its promises through all of its trees; here index and tree belong together.
  if (head.origin !== key.name) refuse("bad-proof", "the head is not one of the log itself")
  const promise = openOnlyPromise(key, needed(file.promise, "promise"), holds)
  const { index, leafHash, path } = onlyPlace(file)
  if (leafHash === undefined) {
    return refuse("malformed", "evidence: expected a leaf hash, found a body")
  }
  if (promise.logIndex !== index) refuse("bad-proof", "the promise is about another index")
  if (equalBytes(portableHasher.leaf(promise.body), leafHash)) {
    refuse("bad-proof", "the promised entry is where it was promised to be")
  }
  verifyInclusion(leafHash, index, head, path)
  return {
    origin: key.name,
    claims: [
      `The key of the log ${key.name} has promised an entry at index ${index}.`,
      `It has also signed a head of ${headText(head)}, in which another entry stands there.`,
    ],
    freezes: true,
  }
}

/** What is held against the witnesses' clocks. */
interface Bounds {
  /** Unix seconds; the entry was not taken before, or so it is said. */
  readonly from: number
  readonly to: number
  readonly source: string
}

function boundsOfPromise(entry: LoggedEntry, promise: OpenedPromise): Bounds {
  const isSame = promise.logIndex === entry.index && equalBytes(promise.body, entry.body)
  if (!isSame) refuse("bad-proof", "the promise is one of another entry")
  const { integratedTime } = promise
  return {
    from: integratedTime - ALLOWED_SKEW,
    to: integratedTime + ALLOWED_SKEW,
    source: `The log's key has signed that it took entry ${entry.index} at ${timeText(integratedTime)}; ${ALLOWED_SKEW} seconds are allowed.`,
  }
}

function boundsOfCertificate({ index, body }: LoggedEntry): Bounds {
  const { notBefore, notAfter } = readClaim(body)
  if (notBefore === undefined || notAfter === undefined) {
    return refuse("bad-proof", "the entry has no certificate whose dates could be held against it")
  }
  const source = `The certificate of entry ${index} holds from ${timeText(notBefore)} to ${timeText(notAfter)}.`
  return { from: notBefore, to: notAfter, source }
}

function boundsOf(file: EvidenceFile, entry: LoggedEntry, holds: SignatureRule): Bounds {
  if (file.promise === undefined) return boundsOfCertificate(entry)
  return boundsOfPromise(entry, openOnlyPromise(file.key, file.promise, holds))
}

/**
 * The entry, and the head `timed` with the witnesses' times: it is in that of `note`, or comes after that of
 * `old` (`isAfter`) and is in that of `new`.
 */
function openWitnessed(file: EvidenceFile, open: HeadOpener) {
  const { key, witnesses } = file
  if (file.old === undefined) {
    assertOnly(file, ["witnesses", "note", "promise", "places"])
    const timed = openOwn(open, needed(file.note, "note"), key, witnesses)
    return { entry: provenEntry(onlyPlace(file), timed), timed, isAfter: false }
  }
  assertOnly(file, ["witnesses", "old", "new", "promise", "places"])
  const timed = openOwn(open, file.old, key, witnesses)
  const newer = openOwn(open, needed(file.new, "new"), key)
  const entry = provenEntry(onlyPlace(file), newer)
  if (timed.origin !== newer.origin || timed.size > entry.index) {
    refuse("bad-proof", "expected a head of the same log from before the entry")
  }
  return { entry, timed, isAfter: true }
}

/**
 * Every witness of the file must contradict the bounds by itself. The case is as good as their clocks, and
 * for an entry that came too late as good as their knowledge of the newest head.
 */
export const judgeEntryTime: Judge = (file, open, holds) => {
  const { key, witnesses } = file
  if (witnesses.length === 0) refuse("bad-proof", "no witness, so no clock but the log's own")
  const { entry, timed, isAfter } = openWitnessed(file, open)
  const { from, to, source } = boundsOf(file, entry, holds)
  const words = witnesses.map((witness) => {
    const time = timeBy(witness, timed)
    const isContradiction = isAfter ? time > to : time < from
    if (!isContradiction) refuse("bad-proof", `the time of ${witness.name} contradicts nothing`)
    const relation = isAfter ? "without" : "with"
    return `By the clock of the witness ${witness.name}, the newest head that it knew at ${timeText(time)} was of size ${timed.size}, ${relation} entry ${entry.index}.`
  })
  return { origin: logName(key, timed.origin), claims: [source, ...words], freezes: false }
}
