// Verdicts on entries: that they are in the log, by inclusion proofs under a head it signed, and what their
// bodies say. Whether a log ought to have taken an entry is a matter of rules, so none of these freezes it.
import { equalBytes } from "../core/base/bytes.ts"
import { Refusal, refuse, shown } from "../core/base/errors.ts"
import { portableHasher } from "../core/tree/hash.ts"
import { verifyInclusion } from "../core/tree/proof.ts"
import { assertPayloadOf, type LoggedClaim, readClaim } from "../entry/kinds/claim.ts"
import { verifyPortably } from "../entry/portable-verification.ts"
import { revokedKey } from "../entry/revocation.ts"
import { findConflict } from "./conflict.ts"
import type { LoggedEntry, Place } from "./format.ts"
import { logName, openOwn, type TimedHead } from "./opened-head.ts"
import { assertOnly, headText, type Judge, needed } from "./verdict.ts"

/** The entry at a place under a head. Refuses `bad-proof` if it is not there, `mismatch` for its payload. */
export function provenEntry(place: Place, head: TimedHead): LoggedEntry {
  if (place.body === undefined) {
    return refuse("malformed", "evidence: expected the body of an entry, found a leaf hash")
  }
  const { index, body, path, payload } = place
  verifyInclusion(portableHasher.leaf(body), index, head, path)
  if (payload !== undefined) assertPayloadOf(body, payload)
  return place
}

type One = readonly [LoggedEntry]
type Two = readonly [LoggedEntry, LoggedEntry]

/** A verdict with these claims on `count` entries, and that they are logged, in the order of their indices. */
function judging<Entries extends One | Two>(
  count: Entries["length"],
  claimsOf: (...entries: Entries) => readonly string[],
): Judge {
  return (file, open) => {
    assertOnly(file, ["note", "places", "remark"])
    const { key, remark } = file
    const head = openOwn(open, needed(file.note, "note"), key)
    const entries = file.places.map((place) => provenEntry(place, head))
    const indices = entries.map(({ index }) => index)
    const isOrdered = indices.every((index, i) => i === 0 || index > (indices[i - 1] as number))
    if (entries.length !== count || !isOrdered) {
      refuse("malformed", `evidence: expected entries in order: ${count}, found ${entries.length}`)
    }
    const name = logName(key, head.origin)
    const claims = [
      ...claimsOf(...(entries as unknown as Entries)),
      `The log ${name} holds entry ${indices.join(" and entry ")}: its key has signed a head of ${headText(head)} that contains it.`,
    ]
    if (remark !== undefined) claims.push(`Remark of the maker, which nothing proves: ${remark}`)
    return { origin: name, claims, freezes: false }
  }
}

/** Why a body can be no entry; undefined for one that can be read, or of which nothing is known. */
function damageOf({ body, payload }: LoggedEntry): string | undefined {
  try {
    readClaim(body, payload)
    return undefined
  } catch (error) {
    if (error instanceof Refusal && error.code === "malformed") return error.message
    throw error instanceof Refusal ? new Refusal("bad-proof", error.message) : error
  }
}

/** Proves that no honest log with Countersign's rules takes this entry. Anything in doubt is refused. */
export const judgeBadEntry = judging<One>(1, (entry) => {
  const damage = damageOf(entry)
  if (damage !== undefined) return [`Entry ${entry.index} cannot be read: ${damage}.`]
  const { checks, summary } = readClaim(entry.body, entry.payload)
  if (checks.length === 0) {
    const kind = shown(summary.kind)
    refuse("bad-proof", `the signature of this entry (${kind}) cannot be judged from it`)
  }
  if (checks.every(verifyPortably)) refuse("bad-proof", "the entry's signature holds")
  return [`A signature of entry ${entry.index} does not hold over what the entry says.`]
})

/** Proves no more than that the entry is logged. */
export const judgeUnexpectedEntry = judging<One>(1, ({ index }) => [
  `Entry ${index} is in the log; whether it should be is for its owner to say.`,
])

export const judgeDuplicateEntry = judging<Two>(2, (first, second) => {
  if (!equalBytes(first.body, second.body)) refuse("bad-proof", "the two entries differ")
  return [`Entry ${second.index} repeats entry ${first.index} byte for byte.`]
})

/** Refuses `bad-proof` if a signature that can be judged does not hold: then its key has said nothing. */
function assertHolds({ index }: LoggedEntry, { checks }: LoggedClaim): void {
  if (checks.every(verifyPortably)) return
  refuse("bad-proof", `the signature of entry ${index} does not hold, so its key has not signed it`)
}

export const judgeSignedAfterRevocation = judging<Two>(2, (first, second) => {
  const revocation = readClaim(first.body)
  const later = readClaim(second.body, second.payload)
  const key = revokedKey(revocation.summary)
  if (key === undefined || revocation.checks.length === 0) {
    return refuse("bad-proof", `entry ${first.index} is no revocation`)
  }
  assertHolds(first, revocation)
  assertHolds(second, later)
  if (!later.summary.signers.some((signer) => signer.key === key)) {
    refuse("bad-proof", `entry ${second.index} is not signed by the revoked key`)
  }
  if (revokedKey(later.summary) === key) {
    refuse("bad-proof", `entry ${second.index} revokes the key once more`)
  }
  const isJudged = later.checks.length > 0
  return [
    `Entry ${first.index} revokes the key ${key}.`,
    `Entry ${second.index}, which comes after it, ${isJudged ? "is signed by" : "names as its signer"} that key.`,
  ]
})

function signersText({ index }: LoggedEntry, { summary }: LoggedClaim): string {
  return `Entry ${index} names as its signers: ${summary.signers.map(({ key }) => key).join(", ")}.`
}

export const judgeConflictingClaims = judging<Two>(2, (first, second) => {
  const payload = needed(first.payload, "payload")
  const older = readClaim(first.body, payload)
  const newerPayload = needed(second.payload, "payload")
  const newer = readClaim(second.body, newerPayload)
  assertHolds(first, older)
  assertHolds(second, newer)
  const conflict = findConflict(payload, newerPayload)
  if (conflict === undefined) {
    return refuse("bad-proof", "the two statements agree about every subject that both name")
  }
  const { name, digests } = conflict
  return [
    `Entry ${first.index} says that ${name} has the digest ${digests[0]}.`,
    `Entry ${second.index} says that it has the digest ${digests[1]}.`,
    signersText(first, older),
    signersText(second, newer),
  ]
})
