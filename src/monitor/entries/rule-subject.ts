// The rules of watched subjects, signers and keys. Nobody but the expected signers signs a subject (`unknown-signer`), and
// a version of a unique one has one digest (`conflicting-claims`): the one that was claimed first. What is signed by a
// key behind its revocation is `after-revocation`; the order is that of the log's entries, never of time, because whoever
// has a stolen key has its dates as well. What a stranger's key revokes is remembered too, up to a bound, because the key
// may be watched later.
import { shown } from "../../core/base/errors.ts"
import { isVersioned } from "../../evidence/conflict.ts"
import { collection, type ValueOf } from "../state/collection.ts"
import type { Documents } from "../state/documents.ts"
import { integer, message, optional, text } from "../state/schema.ts"
import type { NamedSubject } from "./payload.ts"
import type { Examination } from "./reading.ts"
import type { Remark } from "./remark.ts"
import type { EntrySigner, SubjectMatch, WatchIndex } from "./watch-index.ts"

/** Names of one log that are remembered, each once a hash. */
const MOST_CLAIMS = 100_000

/** What was claimed first, by origin, hash and name; names have any characters, so the name stands last. */
export const claims = collection("claim", message({ digest: text, index: integer }))

/** The claims of subjects with a version; a name that stands there twice stands for several artifacts. */
function claimsOf(named: readonly NamedSubject[]) {
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
  { index, payload }: Examination,
  { subject, reason, strangers }: SubjectMatch,
): readonly Remark[] {
  if (strangers.length === 0) return []
  const signers = strangers.map(signerText).join(", ")
  const summary = `entry ${index} is about ${subject.name} (${reason}) and signed by ${signers}, who is not expected to`
  return [{ kind: "unknown-signer", watched: subject.name, summary, payload: payload?.payload }]
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
    { index, payload, documents }: Examination,
    { subject, named, strangers }: SubjectMatch,
  ): readonly Remark[] {
    if (!subject.isUnique) return []
    return claimsOf(named).flatMap(({ name, digest }): readonly Remark[] => {
      const hash = digest.slice(0, digest.indexOf(":"))
      const key = `${origin} ${hash} ${name.toWellFormed()}`
      const first = documents.get(claims, key)
      // A stranger's claim is compared, but never becomes the one that others are compared with.
      if (first === undefined && strangers.length === 0) remember(key, digest, index, documents)
      if (first !== undefined && index < first.index) {
        // Entries are not always examined in their order; those behind this one are examined again.
        if (strangers.length === 0) documents.put(claims, key, { digest, index })
        return []
      }
      if (first === undefined || first.index === index || first.digest === digest) return []
      const other = first.index
      const summary = `entry ${index} says that ${shown(name, 120)} is ${digest}; by entry ${other} it is ${first.digest}`
      const kind = "conflicting-claims"
      const watched = subject.name
      const remark = { kind, watched, summary, other, evidenceKind: kind } as const
      return [{ ...remark, payload: payload?.payload }]
    })
  }

  /** What there is to say about an entry that is about these subjects; remembers what it claims. */
  return (entry: Examination, matches: readonly SubjectMatch[]): readonly Remark[] =>
    matches.flatMap((match) => [...strangerRemarks(entry, match), ...conflictRemarks(entry, match)])
}

/** Keys of nobody who is watched that are remembered of one log. */
const MOST_STRANGERS = 10_000

/** Keys that entries revoke, by origin and key. */
export const revocations = collection(
  "revocation",
  message({
    /** The lowest index of an entry that revokes it. */
    index: integer,
    /** The first entry behind it that was told of, if the key is not watched. */
    toldAt: optional(integer),
  }),
)

export function createRevocationRule(origin: string, watch: WatchIndex) {
  let strangers: number | undefined

  const placeOf = (key: string): string => `${origin} ${key}`

  /** Behind an entry, which can be proven. */
  function behindEntry(
    { index, facts, payload, documents }: Examination,
    key: string,
    { index: other, toldAt }: ValueOf<typeof revocations>,
  ): readonly Remark[] {
    const isOwn = watch.isKnownKey(key) || watch.signersOf(facts).some(({ by }) => by.key === key)
    if (!isOwn) {
      if (toldAt !== undefined && toldAt < index) return []
      documents.put(revocations, placeOf(key), { index: other, toldAt: index })
    }
    const summary = `entry ${index} is signed by ${key}, which entry ${other} has revoked`
    const named = isOwn ? { watched: key } : { about: key }
    const proof = {
      other,
      evidenceKind: "signed-after-revocation",
      payload: payload?.payload,
    } as const
    return [{ kind: "after-revocation", ...named, summary, ...proof }]
  }

  /** Behind an index that only the watch file knows. */
  function behindIndex(index: number, key: string): readonly Remark[] {
    const from = watch.revokedAt(key, origin)
    if (from === undefined || index <= from) return []
    const summary = `entry ${index} is signed by ${key}, which is revoked from entry ${from} on`
    return [{ kind: "after-revocation", watched: key, summary }]
  }

  return {
    /** Remembers that the entry at `index` revokes the key; its signature holds. */
    remember({ index, documents }: Examination, key: string): void {
      const known = documents.get(revocations, placeOf(key))
      if (known !== undefined && known.index <= index) return
      if (known === undefined && !watch.isKnownKey(key)) {
        strangers ??= documents.keys(revocations, `${origin} `).length
        if (strangers >= MOST_STRANGERS) return
        strangers += 1
      }
      documents.put(revocations, placeOf(key), { ...known, index })
    },
    /** One remark a revoked key; of a key that is not watched only the first entry behind is told of. */
    remarks(entry: Examination): readonly Remark[] {
      const { index, facts, documents } = entry
      const keys = new Set(facts.signers.map(({ key }) => key))
      return [...keys].flatMap((key) => {
        const revocation = documents.get(revocations, placeOf(key))
        return revocation !== undefined && revocation.index < index
          ? behindEntry(entry, key, revocation)
          : behindIndex(index, key)
      })
    },
  }
}
