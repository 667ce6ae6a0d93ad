// Says in words what a watch file makes of one entry: for whoever writes one, before it is relied upon. Leaves
// out everything that depends on other entries: duplicates, conflicting claims, revocations by entries.
import type { Hash } from "../../core/tree/hash.ts"
import type { Watch } from "../watch/watch.ts"
import { isMine } from "./ledger-rule.ts"
import { createEntryReader, type Examination, type LoggedEntryBytes } from "./reading.ts"
import {
  type EntrySigner,
  indexWatch,
  type SignerMatch,
  type SubjectMatch,
  type WatchIndex,
} from "./watch-index.ts"

/** An entry with as much as is known of its place. */
interface ExplainedEntry extends LoggedEntryBytes {
  readonly leafHash: Hash
  readonly index?: number
  readonly origin?: string
}

function vouchText(signer: EntrySigner, { believesAnyone, vouchedBy }: WatchIndex): string {
  const result = signer.certificate && vouchedBy(signer)
  if (result === undefined)
    return signer.certificate && believesAnyone ? "; nobody is asked who issued it" : ""
  return result.form === "chained"
    ? `; issued by ${result.authority}`
    : `; issued by nobody whom the watch file names: ${result.text}`
}

function signerLine(signer: EntrySigner, index: WatchIndex): string {
  const { key, identities, issuer, isUnreadable } = signer
  const names = identities.length === 0 ? "" : `, as ${identities.join(", ")}`
  const vouched = issuer === undefined ? "" : ` of ${issuer}`
  const doubt = isUnreadable ? ", with a name that cannot be read" : ""
  return `signed by ${key}${names}${vouched}${doubt}${vouchText(signer, index)}`
}

/** What a match comes to; of what is said nobody needs to be told. */
const kindOfMatch = {
  said: "",
  "look-alike": "look-alike, ",
  odd: "perhaps, because readers take it in different ways: ",
} as const

function subjectLines({ form, subject, reason, strangers }: SubjectMatch): readonly string[] {
  const about = `subject ${subject.name}: ${kindOfMatch[form]}${reason}`
  if (subject.signers.length === 0) return [`${about}; anybody may sign it`]
  if (strangers.length === 0) return [`${about}; its signers are expected`]
  const keys = strangers.map(({ key }) => key).join(", ")
  return [`${about}; unknown-signer, because no rule of it fits ${keys}`]
}

function signerLines({ signer, by: { key }, reason }: SignerMatch, read: Examination) {
  const { name, mine } = signer
  const by = `signer ${name}: ${reason}`
  if (mine === undefined) return `${by}; it has no ledger`
  return isMine(mine, read, key)
    ? `${by}; the entry is in its ledger`
    : `${by}; not-mine, because the entry is not in its ledger`
}

function revokedLines(
  index: WatchIndex,
  { origin = "", index: at }: ExplainedEntry,
  { facts }: Examination,
): readonly string[] {
  return facts.signers.flatMap(({ key }) => {
    const from = index.revokedAt(key, origin)
    if (from === undefined) return []
    const revoked = `revoked ${key} at ${from}`
    if (at === undefined) return [`${revoked}: after-revocation, if the entry comes later`]
    return [`${revoked}: ${at > from ? "after-revocation" : "the entry comes before"}`]
  })
}

function payloadLines({ claim, hasMessage, facts }: Examination): readonly string[] {
  if (claim.summary.payload === undefined && !hasMessage) return []
  if (!hasMessage) return ["its payload is not at hand, so no rule by name can fit"]
  if (facts.odd !== undefined) {
    return [
      "readers take what was signed in different ways, so it may be about anything it mentions",
    ]
  }
  return facts.subjects.map(({ name = "nothing by name" }) => `its statement is about ${name}`)
}

/** One line for each thing there is to say, in order; the last one says so if no rule fits. */
export function explain(entry: ExplainedEntry, watch: Watch): string[] {
  const { index: at = 0 } = entry
  const read = createEntryReader()({ ...entry, index: at })
  if (read.form !== "read") {
    const isIgnored = read.form === "unknown" && watch.unknown === "ignore"
    return [isIgnored ? `ignored: ${read.reason}` : `unclassifiable: ${read.reason}`]
  }
  const { summary } = read.claim
  const index = indexWatch(watch)
  const matches = [
    ...index.subjectsOf(read.facts).flatMap(subjectLines),
    ...index.signersOf(read.facts).map((match) => signerLines(match, read)),
    ...index.claimsOf(read.facts).map(({ name, reason }) => {
      return `claimed-identity, because it says that it is ${name} and ${reason}`
    }),
    ...revokedLines(index, entry, read),
  ]
  return [
    `${summary.kind} about ${read.facts.digests.join(", ")}`,
    ...read.facts.signers.map((signer) => signerLine(signer, index)),
    ...payloadLines(read),
    ...(read.revokes === undefined ? [] : [`revokes ${read.revokes}, if its signature holds`]),
    ...(matches.length === 0 ? ["no rule of the watch file fits"] : matches),
  ]
}
