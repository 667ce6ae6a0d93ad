// The rules of watched subjects: nobody but the expected signers signs them (`unknown-signer`), and a version
// of a unique one has one digest (`conflicting-claims`).
import { shown } from "../../core/base/errors.ts"
import type { Documents } from "../state/documents.ts"
import {
  type Claim,
  claimsOf,
  countClaims,
  firstClaim,
  MOST_CLAIMS,
  rememberClaim,
} from "./claim-memory.ts"
import type { ReadEntry } from "./reading.ts"
import type { EntryRemark } from "./remark.ts"
import type { EntrySigner, SubjectMatch } from "./watch-index.ts"

export interface SubjectRule {
  /** What there is to say about an entry that is about these subjects; remembers what it claims. */
  remarks(
    index: number,
    reading: ReadEntry,
    matches: readonly SubjectMatch[],
    documents: Documents,
  ): readonly EntryRemark[]
}

function signerText({ key, identities, issuer }: EntrySigner): string {
  const [identity] = identities
  return identity === undefined ? key : `${shown(identity, 120)} of ${shown(issuer ?? "nobody")}`
}

function strangerRemarks(
  index: number,
  { subject, reason, strangers }: SubjectMatch,
  payload: Uint8Array | undefined,
): readonly EntryRemark[] {
  if (strangers.length === 0) return []
  const signers = strangers.map(signerText).join(", ")
  const summary = `entry ${index} is about ${subject.name} (${reason}) and signed by ${signers}, who is not expected to`
  const kind = "unknown-signer"
  const evidenceKind = "unexpected-entry"
  const named = { about: subject.name, watched: subject.name }
  return [{ kind, ...named, index, summary, evidenceKind, ...(payload && { payload }) }]
}

export function createSubjectRule(origin: string): SubjectRule {
  let remembered: number | undefined

  function remember(claim: Claim, index: number, documents: Documents): void {
    remembered ??= countClaims(documents, origin)
    if (remembered >= MOST_CLAIMS) return
    rememberClaim(documents, origin, claim, index)
    remembered += 1
  }

  function conflictRemarks(
    index: number,
    { subject, named, strangers }: SubjectMatch,
    documents: Documents,
    payload: Uint8Array | undefined,
  ): readonly EntryRemark[] {
    if (!subject.isUnique) return []
    return claimsOf(named).flatMap((claim): readonly EntryRemark[] => {
      const first = firstClaim(documents, origin, claim)
      // A stranger's claim is compared, but never becomes the one that others are compared with.
      if (first === undefined && strangers.length === 0) remember(claim, index, documents)
      if (first === undefined || first.digest === claim.digest) return []
      const other = first.index
      const summary = `entry ${index} says that ${shown(claim.name, 120)} is ${claim.digest}; by entry ${other} it is ${first.digest}`
      return [
        {
          kind: "conflicting-claims",
          about: subject.name,
          watched: subject.name,
          index,
          summary,
          other,
          evidenceKind: "conflicting-claims",
          ...(payload && { payload }),
        },
      ]
    })
  }

  return {
    remarks: (index, { payload }, matches, documents) =>
      matches.flatMap((match) => [
        ...strangerRemarks(index, match, payload?.payload),
        ...conflictRemarks(index, match, documents, payload?.payload),
      ]),
  }
}
