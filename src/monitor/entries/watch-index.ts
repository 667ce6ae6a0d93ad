// A watch file made ready for many entries: which of its subjects and signers an entry is about. Entries that
// nobody watches cost a few look-ups.
import { shown } from "../../core/base/errors.ts"
import type { RevokedKey } from "../watch/rules.ts"
import type { Subject, Watch, WatchedSigner } from "../watch/watch.ts"
import {
  type ClaimMatch,
  createIdentityCheck,
  type EntrySigner,
  type IdentityCheck,
  type IdentityOptions,
} from "./identity-rule.ts"
import type { NamedSubject } from "./payload.ts"

export type { EntrySigner }

export interface EntryFacts {
  /** `algorithm:hex` of the artifact or the payload. */
  readonly digests: readonly string[]
  readonly signers: readonly EntrySigner[]
  /** Of the in-toto statement, as far as it is known. */
  readonly subjects: readonly NamedSubject[]
}

export interface SubjectMatch {
  readonly subject: Subject
  /** Why, for people. */
  readonly reason: string
  /** Names of in-toto subjects that fit. */
  readonly named: readonly NamedSubject[]
  /** Signers that are not expected. */
  readonly strangers: readonly EntrySigner[]
}

export interface SignerMatch {
  readonly signer: WatchedSigner
  readonly by: EntrySigner
  readonly reason: string
}

export interface WatchIndex
  extends Pick<IdentityCheck, "believesAnyone" | "isBelieved" | "vouchedBy"> {
  subjectsOf(facts: EntryFacts): readonly SubjectMatch[]
  signersOf(facts: EntryFacts): readonly SignerMatch[]
  /** Who claims to be somebody who is watched, and is not believed. */
  claimsOf(facts: EntryFacts): readonly ClaimMatch[]
  /** The lowest index from behind which the watch file expects nothing by this key. */
  revokedAt(key: string, origin: string): number | undefined
  isKnownKey(key: string): boolean
  /** Whether names in certificates and statements play a part. */
  readonly watchesIdentities: boolean
  readonly watchesStatements: boolean
}

const nothing: readonly never[] = []

function push<V>(map: Map<string, V[]>, key: string, value: V): void {
  const values = map.get(key)
  if (values === undefined) map.set(key, [value])
  else values.push(value)
}

function strangersTo({ signers }: Subject, facts: EntryFacts, { fits }: IdentityCheck) {
  if (signers.length === 0) return nothing
  return facts.signers.filter((signer) => !signers.some((rule) => fits(rule, signer, false)))
}

/** Why an entry is about a subject; undefined if it is not. */
function reasonFor({ digests, names }: Subject, facts: EntryFacts, named: readonly NamedSubject[]) {
  const own = facts.digests.find((digest) => digests.has(digest))
  if (own !== undefined) return `it is about ${own}`
  const stated = facts.subjects.flatMap((each) => each.digests).find((each) => digests.has(each))
  if (stated !== undefined) return `its statement is about ${stated}`
  const [first] = named
  if (first?.name === undefined) return undefined
  const pattern = names.find((each) => each.matches(first.name ?? ""))
  return `its statement is about ${shown(first.name, 120)}, which fits ${pattern?.text}`
}

function matchSubject(
  subject: Subject,
  facts: EntryFacts,
  identities: IdentityCheck,
): SubjectMatch | undefined {
  const named = facts.subjects.filter(
    ({ name }) => name !== undefined && subject.names.some((pattern) => pattern.matches(name)),
  )
  const reason = reasonFor(subject, facts, named)
  return reason === undefined
    ? undefined
    : { subject, reason, named, strangers: strangersTo(subject, facts, identities) }
}

/** A list that is longer is asked itself, because one more map of it would cost as much again. */
const LONGEST_MAPPED = 10_000

/** Gives the subjects that list a digest. */
function lookUpDigests(all: readonly Subject[]): (digest: string) => readonly Subject[] {
  const long = all.filter(({ digests }) => digests.size > LONGEST_MAPPED)
  const byDigest = new Map<string, Subject[]>()
  for (const subject of all) {
    if (long.includes(subject)) continue
    for (const digest of subject.digests) push(byDigest, digest, subject)
  }
  return (digest) => {
    const mapped = byDigest.get(digest) ?? nothing
    if (long.length === 0) return mapped
    return [...mapped, ...long.filter(({ digests }) => digests.has(digest))]
  }
}

function keysOf(watch: Watch): ReadonlySet<string> {
  const rules = [...watch.subjects, ...watch.signers].flatMap((each) =>
    "rules" in each ? each.rules : each.signers,
  )
  const keys = rules.flatMap((rule) => (rule.form === "key" ? [rule.key] : []))
  return new Set([...keys, ...watch.signers.flatMap((each) => each.revoked.map(({ key }) => key))])
}

export function indexWatch(watch: Watch, options: IdentityOptions = {}): WatchIndex {
  const identities = createIdentityCheck(watch, options)
  const lookUp = lookUpDigests(watch.subjects)
  const byName = watch.subjects.filter(({ names }) => names.length > 0)
  const byKey = new Map<string, WatchedSigner[]>()
  for (const signer of watch.signers) {
    for (const rule of signer.rules) if (rule.form === "key") push(byKey, rule.key, signer)
  }
  const byIdentity = watch.signers.filter(({ rules }) => rules.some(({ form }) => form === "oidc"))
  const revoked = new Map<string, RevokedKey[]>()
  for (const signer of watch.signers) {
    for (const each of signer.revoked) push(revoked, each.key, each)
  }
  const knownKeys = keysOf(watch)

  function signersBy(by: EntrySigner): readonly SignerMatch[] {
    const keyed = byKey.get(by.key)
    if (keyed === undefined && by.identities.length === 0) return nothing
    const found = new Set([...(keyed ?? nothing), ...byIdentity])
    return [...found].flatMap((signer): readonly SignerMatch[] => {
      const rule = signer.rules.find((each) => identities.fits(each, by, true))
      if (rule === undefined) return nothing
      const isKey = rule.form === "key"
      const reason = isKey ? `key ${rule.key}` : `identity ${rule.identity.text} of ${rule.issuer}`
      return [{ signer, by, reason }]
    })
  }

  return {
    believesAnyone: identities.believesAnyone,
    isBelieved: identities.isBelieved,
    vouchedBy: identities.vouchedBy,
    subjectsOf(facts) {
      const { digests, subjects } = facts
      const found = digests.flatMap(lookUp)
      for (const { digests: stated } of subjects) found.push(...stated.flatMap(lookUp))
      if (subjects.length > 0) found.push(...byName)
      if (found.length === 0) return nothing
      return [...new Set(found)].flatMap(
        (subject) => matchSubject(subject, facts, identities) ?? nothing,
      )
    },
    signersOf: ({ signers }) => signers.flatMap(signersBy),
    claimsOf: ({ signers }) => identities.claimsOf(signers),
    revokedAt(key, origin) {
      const indices = revoked
        .get(key)
        ?.filter((each) => each.origin === undefined || each.origin === origin)
        .map(({ index }) => index)
      return indices === undefined || indices.length === 0 ? undefined : Math.min(...indices)
    },
    isKnownKey: (key) => knownKeys.has(key),
    watchesIdentities: byIdentity.length > 0,
    watchesStatements: watch.subjects.length > 0,
  }
}
