// A watch file made ready for many entries: which of its subjects and signers an entry is about, whatever an
// algorithm is called in a statement and however a name is written. Entries that nobody watches cost a few look-ups,
// however much is watched.
import { shown } from "../../core/base/errors.ts"
import type { StatedSubject } from "../../entry/statement/reading.ts"
import type { Superset } from "../../entry/statement/superset.ts"
import { indexNames } from "../watch/name-index.ts"
import { LONGEST_NAME } from "../watch/pattern.ts"
import type { RevokedKey, SignerRule } from "../watch/rules.ts"
import type { Subject, Watch, WatchedSigner } from "../watch/watch.ts"
import {
  type ClaimMatch,
  createIdentityCheck,
  type EntrySigner,
  type IdentityCheck,
  type IdentityOptions,
} from "./identity-rule.ts"

export type { EntrySigner }

export interface EntryFacts {
  /** `algorithm:hex` of the artifact or the payload. */
  readonly digests: readonly string[]
  readonly signers: readonly EntrySigner[]
  /** Of the in-toto statement, as far as it is known. */
  readonly subjects: readonly StatedSubject[]
  /** Of a statement that not all readers read in one way: what any of them may find in it. */
  readonly odd?: Superset | undefined
}

/**
 * How an entry is about a subject: by what it says, by a name that only looks like a watched one, or perhaps, because
 * some reader may find the subject in it.
 */
type MatchForm = "said" | "look-alike" | "odd"

export interface SubjectMatch {
  readonly form: MatchForm
  readonly subject: Subject
  /** Why, for people. */
  readonly reason: string
  /** The in-toto subjects whose names fit. */
  readonly named: readonly StatedSubject[]
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
  /** One match a subject: the surest. */
  subjectsOf(facts: EntryFacts): readonly SubjectMatch[]
  signersOf(facts: EntryFacts): readonly SignerMatch[]
  /** Who claims to be somebody who is watched, and is not believed. */
  claimsOf(facts: EntryFacts): readonly ClaimMatch[]
  /** The lowest index from behind which the watch file expects nothing by this key. */
  revokedAt(key: string, origin: string): number | undefined
  /** Whether the watch file revokes any key. */
  readonly hasRevocations: boolean
  /** Whether a rule or a revocation names the key. */
  isKnownKey(key: string): boolean
  /** Whether a rule for any subject or signer fits; `isWide` if one of several names is enough. */
  isListed(signer: EntrySigner, isWide: boolean): boolean
  /** Whether names in certificates play a part. */
  readonly watchesIdentities: boolean
}

const nothing: readonly never[] = []

function push<V>(map: Map<string, V[]>, key: string, value: V): void {
  const values = map.get(key)
  if (values === undefined) map.set(key, [value])
  else values.push(value)
}

function strangersTo(
  { signers }: Subject,
  facts: EntryFacts,
  { fits }: IdentityCheck,
): readonly EntrySigner[] {
  if (signers.length === 0) return nothing
  return facts.signers.filter((signer) => !signers.some((rule) => fits(rule, signer, false)))
}

const hashOfDigits: Readonly<Record<number, string>> = {
  40: "sha1",
  64: "sha256",
  96: "sha384",
  128: "sha512",
}

/** The digest by its value: whatever the algorithm is called, its length says which one of ours it can be. */
function byValue(digest: string): string {
  const hex = digest.slice(digest.lastIndexOf(":") + 1).toLowerCase()
  return `${hashOfDigits[hex.length] ?? "unknown"}:${hex}`
}

/** A list that is longer is asked itself, because one more map of it would cost as much again. */
const LONGEST_MAPPED = 10_000

/** Gives the subjects that list a digest, or foretell it. */
function lookUpDigests(all: readonly Subject[]): (digest: string) => readonly Subject[] {
  const long = all.filter(({ digests }) => digests.size > LONGEST_MAPPED)
  const byDigest = new Map<string, Subject[]>()
  for (const subject of all) {
    for (const digest of subject.foretold.keys()) push(byDigest, byValue(digest), subject)
    if (long.includes(subject)) continue
    for (const digest of subject.digests) push(byDigest, byValue(digest), subject)
  }
  return (digest) => {
    const mapped = byDigest.get(digest) ?? nothing
    if (long.length === 0) return mapped
    return [...mapped, ...long.filter(({ digests }) => digests.has(digest))]
  }
}

function rulesOf({ subjects, signers }: Watch): readonly SignerRule[] {
  return [...subjects.flatMap((each) => each.signers), ...signers.flatMap(({ rules }) => rules)]
}

/** The rules by identity of all subjects and signers, each once. */
function rulesByIdentity(watch: Watch): readonly SignerRule[] {
  const found = new Map<string, SignerRule>()
  for (const rule of rulesOf(watch)) {
    if (rule.form !== "key") found.set(JSON.stringify(rule), rule)
  }
  return [...found.values()]
}

function keysIn(rules: readonly SignerRule[]): ReadonlySet<string> {
  return new Set(rules.flatMap((rule) => (rule.form === "key" ? [rule.key] : [])))
}

/** Why the entry is about a digest of the subject. */
function digestReason(subject: Subject, digest: string, how: string): string {
  const why = subject.foretold.get(digest)
  return why === undefined ? `${how} ${digest}` : `${how} ${digest}: ${shown(why, 120)}`
}

/** The matches of one entry, the surest of each subject. */
function gatherMatches(facts: EntryFacts, identities: IdentityCheck) {
  const found = new Map<Subject, SubjectMatch>()
  return {
    add(form: MatchForm, subject: Subject, reason: string, named: readonly StatedSubject[]): void {
      const known = found.get(subject)
      const strangers = known?.strangers ?? strangersTo(subject, facts, identities)
      const isSurer = known === undefined || (form === "said" && known.form !== form)
      if (isSurer) found.set(subject, { form, subject, reason, named, strangers })
      else if (known.form === form && !named.every((each) => known.named.includes(each))) {
        found.set(subject, { ...known, named: [...known.named, ...named] })
      }
    },
    /** Whether the entry is about the subject, and all who signed it are expected to. */
    isExpected(subject: Subject): boolean {
      const known = found.get(subject)
      return known !== undefined && subject.signers.length > 0 && known.strangers.length === 0
    },
    list: () => [...found.values()],
  }
}

type Matches = ReturnType<typeof gatherMatches>

const quoted = (name: string): string => shown(name, 120)

export function indexWatch(watch: Watch, options: IdentityOptions = {}): WatchIndex {
  const identities = createIdentityCheck(watch, options)
  const { fits, believesAnyone, isBelieved, vouchedBy } = identities
  const lookUp = lookUpDigests(watch.subjects)
  const names = indexNames(watch.subjects)
  const byKey = new Map<string, WatchedSigner[]>()
  for (const signer of watch.signers) {
    for (const rule of signer.rules) if (rule.form === "key") push(byKey, rule.key, signer)
  }
  const byIdentity = watch.signers.filter(({ rules }) => rules.some(({ form }) => form !== "key"))
  const revoked = new Map<string, RevokedKey[]>()
  for (const signer of watch.signers) {
    for (const each of signer.revoked) push(revoked, each.key, each)
  }
  const listedKeys = keysIn(rulesOf(watch))
  const byName = rulesByIdentity(watch)

  function signersBy(by: EntrySigner): readonly SignerMatch[] {
    const keyed = byKey.get(by.key)
    if (keyed === undefined && by.identities.length === 0) return nothing
    const found = new Set([...(keyed ?? nothing), ...byIdentity])
    return [...found].flatMap((signer): readonly SignerMatch[] => {
      const rule = signer.rules.find((each) => fits(each, by, true))
      if (rule === undefined) return nothing
      const isKey = rule.form === "key"
      const reason = isKey ? `key ${rule.key}` : `identity ${rule.identity.text} of ${rule.issuer}`
      return [{ signer, by, reason }]
    })
  }

  function addNamed(matches: Matches, stated: StatedSubject, name: string): void {
    const rules = names.find(name)
    for (const { subject, pattern } of rules) {
      const reason = `its statement is about ${quoted(name)}, which fits ${pattern.text}`
      matches.add("said", subject, reason, [stated])
    }
    if (rules.some(({ subject }) => matches.isExpected(subject))) return
    for (const { subject, pattern } of names.findLookAlikes(name)) {
      const reason = `its statement is about ${quoted(name)}, which looks like ${pattern.text}`
      matches.add("look-alike", subject, reason, [stated])
    }
  }

  function addStated(matches: Matches, stated: StatedSubject): void {
    for (const digest of stated.digests) {
      const value = byValue(digest)
      for (const subject of lookUp(value)) {
        matches.add("said", subject, digestReason(subject, value, "its statement is about"), [])
      }
    }
    const { name } = stated
    if (name === undefined || !names.hasNames) return
    if (name.length <= LONGEST_NAME) addNamed(matches, stated, name)
    else addLoosely(matches, name)
  }

  function addLoosely(matches: Matches, text: string): void {
    for (const { subject, pattern } of names.findLoosely(text)) {
      matches.add("odd", subject, `it mentions ${quoted(text)}, as in ${pattern.text}`, [])
    }
  }

  function addOdd(matches: Matches, { digests, literals }: Superset): void {
    for (const hex of digests) {
      const value = byValue(hex)
      for (const subject of lookUp(value)) matches.add("odd", subject, `it mentions ${value}`, [])
    }
    if (names.hasNames) for (const literal of literals) addLoosely(matches, literal)
  }

  return {
    believesAnyone,
    isBelieved,
    vouchedBy,
    subjectsOf(facts) {
      const { digests, subjects, odd } = facts
      let matches: Matches | undefined
      for (const digest of digests) {
        for (const subject of lookUp(digest)) {
          matches ??= gatherMatches(facts, identities)
          matches.add("said", subject, digestReason(subject, digest, "it is about"), [])
        }
      }
      if (subjects.length === 0 && odd === undefined) return matches?.list() ?? nothing
      matches ??= gatherMatches(facts, identities)
      for (const stated of subjects) addStated(matches, stated)
      if (odd !== undefined) addOdd(matches, odd)
      return matches.list()
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
    hasRevocations: revoked.size > 0,
    isKnownKey: (key) => listedKeys.has(key) || revoked.has(key),
    isListed: (signer, isWide) =>
      listedKeys.has(signer.key) ||
      (signer.identities.length > 0 && byName.some((rule) => fits(rule, signer, isWide))),
    watchesIdentities: byIdentity.length > 0,
  }
}
