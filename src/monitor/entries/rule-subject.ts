// The rules of watched subjects: nobody but the expected signers signs them (`unknown-signer`), and a version
// of a unique one has one digest (`conflicting-claims`): the one that was claimed first.
import { shown } from "../../core/base/errors.ts"
import { isVersioned } from "../../evidence/conflict.ts"
import { collection } from "../state/collection.ts"
import type { Documents } from "../state/documents.ts"
import { integer, message, text } from "../state/schema.ts"
import type { NamedSubject } from "./payload.ts"
import type { ReadEntry } from "./reading.ts"
import type { Remark } from "./remark.ts"
import type { EntrySigner, SubjectMatch } from "./watch-index.ts"

/** Names of one log that are remembered, each once a hash. */
const MOST_CLAIMS = 100_000

/** What was claimed first, by origin, hash and name; names have any characters, so the name stands last. */
export const claims = collection("claim", message({ digest: text, index: integer }))

/** One name with one digest (`algorithm:hex`) of it. */
interface Claim {
  readonly name: string
  readonly digest: string
}

/** The claims of subjects with a version; a name that stands there twice stands for several artifacts. */
function claimsOf(named: readonly NamedSubject[]): readonly Claim[] {
  const versioned = named.filter(({ name = "" }) => isVersioned(name))
  return versioned
    .filter(({ name }) => versioned.filter((other) => other.name === name).length === 1)
    .flatMap(({ name = "", digests }) => digests.map((digest) => ({ name, digest })))
}

function signerText({ key, identities, issuer }: EntrySigner): string {
  const [identity] = identities
  return identity === undefined ? key : `${shown(identity, 120)} of ${shown(issuer ?? "nobody")}`
}

function strangerRemarks(
  index: number,
  { subject, reason, strangers }: SubjectMatch,
  payload: Uint8Array | undefined,
): readonly Remark[] {
  if (strangers.length === 0) return []
  const signers = strangers.map(signerText).join(", ")
  const summary = `entry ${index} is about ${subject.name} (${reason}) and signed by ${signers}, who is not expected to`
  return [{ kind: "unknown-signer", watched: subject.name, summary, payload }]
}

export function createSubjectRule(origin: string) {
  let remembered: number | undefined

  function remember(key: string, digest: string, index: number, documents: Documents): void {
    remembered ??= documents.keys(claims, `${origin} `).length
    if (remembered >= MOST_CLAIMS) return
    documents.put(claims, key, { digest, index })
    remembered += 1
  }

  function conflictRemarks(
    index: number,
    { subject, named, strangers }: SubjectMatch,
    documents: Documents,
    payload: Uint8Array | undefined,
  ): readonly Remark[] {
    if (!subject.isUnique) return []
    return claimsOf(named).flatMap(({ name, digest }): readonly Remark[] => {
      const hash = digest.slice(0, digest.indexOf(":"))
      const key = `${origin} ${hash} ${name.toWellFormed()}`
      const first = documents.get(claims, key)
      // A stranger's claim is compared, but never becomes the one that others are compared with.
      if (first === undefined && strangers.length === 0) remember(key, digest, index, documents)
      if (first === undefined || first.digest === digest) return []
      const other = first.index
      const summary = `entry ${index} says that ${shown(name, 120)} is ${digest}; by entry ${other} it is ${first.digest}`
      const kind = "conflicting-claims"
      const watched = subject.name
      return [{ kind, watched, summary, other, evidenceKind: kind, payload }]
    })
  }

  return {
    /** What there is to say about an entry that is about these subjects; remembers what it claims. */
    remarks: (
      index: number,
      { payload }: ReadEntry,
      matches: readonly SubjectMatch[],
      documents: Documents,
    ): readonly Remark[] =>
      matches.flatMap((match) => [
        ...strangerRemarks(index, match, payload?.payload),
        ...conflictRemarks(index, match, documents, payload?.payload),
      ]),
  }
}
