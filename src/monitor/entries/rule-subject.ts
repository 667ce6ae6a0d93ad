// The rules of watched subjects. Nobody but the expected signers signs a subject (`unknown-signer`), nor a thing whose
// name people may take for the subject's (`look-alike`), and a version of a unique one has one digest
// (`conflicting-claims`): the one that was claimed first. What readers do not read in one way is told of only where one
// of them may find a watched subject in it.
import { shown } from "../../core/base/errors.ts"
import { originWord } from "../../core/note/origin.ts"
import { canonicalName } from "../../entry/statement/names.ts"
import type { StatedSubject } from "../../entry/statement/reading.ts"
import { isVersioned } from "../../evidence/conflict.ts"
import { collection } from "../state/collection.ts"
import type { Documents } from "../state/documents.ts"
import { integer, message, text } from "../state/schema.ts"
import type { Examination } from "./reading.ts"
import type { Remark } from "./remark.ts"
import type { EntrySigner, SubjectMatch } from "./watch-index.ts"

/** Names of one log that are remembered, each once a hash. */
const MOST_CLAIMS = 100_000

/** What was claimed first, by origin, hash and name; names have any characters, so the name stands last. */
export const claims = collection("claim", message({ digest: text, index: integer }))

const SHA_2 = /^sha(?:256|384|512):/

/** The claims of subjects with a version; a name that stands there twice stands for several artifacts. */
function claimsOf(named: readonly StatedSubject[]) {
  const versioned = named.flatMap(({ name = "", digests }) =>
    isVersioned(name) ? [{ name: canonicalName(name), digests }] : [],
  )
  const counts = new Map<string, number>()
  for (const { name } of versioned) counts.set(name, (counts.get(name) ?? 0) + 1)
  return versioned
    .filter(({ name }) => counts.get(name) === 1)
    .flatMap(({ name, digests }) =>
      digests.filter((digest) => SHA_2.test(digest)).map((digest) => ({ name, digest })),
    )
}

function signerText({ key, identities, issuer }: EntrySigner): string {
  const [identity] = identities
  return identity === undefined ? key : `${shown(identity, 120)} of ${shown(issuer ?? "nobody")}`
}

/** What the signers of an entry that may be about a subject make of it; nothing if they may sign it. */
function remarkOnSigners(
  { index, payload }: Examination,
  { form, subject, reason, strangers }: SubjectMatch,
): readonly Remark[] {
  const watched = subject.name
  const proof = { watched, payload: payload?.payload }
  const signers = strangers.map(signerText).join(", ")
  const isStrange = strangers.length > 0
  if (form === "said") {
    const summary = `entry ${index} is about ${watched} (${reason}) and signed by ${signers}, who is not expected to`
    return isStrange ? [{ kind: "unknown-signer", summary, ...proof }] : []
  }
  if (form === "look-alike") {
    const isFree = subject.signers.length === 0
    const summary = `entry ${index} may be taken for one about ${watched}: ${reason}${isStrange ? `; it is signed by ${signers}` : ""}`
    return isStrange || isFree ? [{ kind: "look-alike", summary, ...proof }] : []
  }
  const what = `entry ${index} may be about ${watched}, because readers take it in different ways: ${reason}`
  return isStrange
    ? [
        {
          kind: "unknown-signer",
          summary: `${what}; it is signed by ${signers}, who is not expected to`,
          ...proof,
        },
      ]
    : [{ kind: "unclassifiable", summary: what, ...proof }]
}

export function createSubjectRule(origin: string) {
  let remembered: number | undefined

  function remember(
    key: string,
    claim: { readonly digest: string; readonly index: number },
    documents: Documents,
  ): void {
    remembered ??= documents.keys(claims, `${originWord(origin)} `).length
    const isNew = documents.get(claims, key) === undefined
    if (isNew && remembered >= MOST_CLAIMS) return
    documents.put(claims, key, claim)
    if (isNew) remembered += 1
  }

  function conflictRemarks(
    { index, payload }: Examination,
    { subject, form, named, strangers }: SubjectMatch,
    documents: Documents,
  ): readonly Remark[] {
    if (!subject.isUnique || form !== "said") return []
    return claimsOf(named).flatMap(({ name, digest }): readonly Remark[] => {
      const hash = digest.slice(0, digest.indexOf(":"))
      const key = `${originWord(origin)} ${hash} ${name.toWellFormed()}`
      const first = documents.get(claims, key)
      const isFirst = first === undefined || index < first.index
      // A stranger's claim is compared, but never becomes the one that others are compared with.
      if (isFirst && strangers.length === 0) remember(key, { digest, index }, documents)
      if (isFirst || first.digest === digest) return []
      const other = first.index
      const summary = `entry ${index} says that ${shown(name, 120)} is ${digest}; by entry ${other} it is ${first.digest}`
      const kind = "conflicting-claims"
      const watched = subject.name
      const remark = { kind, watched, summary, other, evidenceKind: kind } as const
      return [{ ...remark, payload: payload?.payload }]
    })
  }

  /** What there is to say about an entry that is about these subjects; remembers what it claims. */
  return (
    entry: Examination,
    matches: readonly SubjectMatch[],
    documents: Documents,
  ): readonly Remark[] =>
    matches.flatMap((match) => [
      ...remarkOnSigners(entry, match),
      ...conflictRemarks(entry, match, documents),
    ])
}
