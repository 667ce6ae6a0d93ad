// What there is to say about an entry by itself, whatever rule of the watch file fits: that it cannot be read, that its
// signature does not hold, that nobody of its name should be here.
import type { EntryReading, Examination } from "./reading.ts"
import type { Remark } from "./remark.ts"
import type { WatchIndex } from "./watch-index.ts"

export function unclassifiable(
  index: number,
  { form, reason }: Exclude<EntryReading, Examination>,
): Remark {
  const evidenceKind = form === "malformed" ? "bad-entry" : "unexpected-entry"
  const summary = `entry ${index} cannot be classified: ${reason}`
  return { kind: "unclassifiable", summary, evidenceKind }
}

export function badSignature({ index, isProvable, payload }: Examination): Remark {
  const over = isProvable ? "what it says" : "the envelope that the log keeps with it"
  const summary = `a signature of entry ${index} does not hold over ${over}`
  const evidenceKind = isProvable ? "bad-entry" : "unexpected-entry"
  return { kind: "bad-signature", summary, evidenceKind, payload: payload?.payload }
}

export function canaryRemark({ index }: Examination): Remark {
  const summary = `entry ${index} is the monitor's own test: signed by a key that nobody knows`
  return { kind: "unknown-signer", about: "canary", summary, isCanary: true }
}

export function unlistedRemark(index: number, signers: string): Remark {
  const summary = `entry ${index} is signed by ${signers}, who is no signer of the watch file; nobody else is expected in this log`
  return { kind: "unlisted-signer", summary }
}

/** Names or dates in a certificate that cannot be read, where they would decide. */
export function unreadablePart(
  { claim, facts }: Examination,
  { watchesIdentities, believesAnyone, isBelieved }: WatchIndex,
): string | undefined {
  if (!watchesIdentities) return undefined
  // Where authorities are named, nobody takes an unreadable name by anyone else for one that is watched.
  const isDoubtful = facts.signers.some((each) => each.isUnreadable && isBelieved(each))
  if (isDoubtful) return "a name in its certificate"
  const isUndated = claim.keys.some((key) => key.form === "certificate" && !key.validity)
  return isUndated && believesAnyone ? "the dates of its certificate" : undefined
}
