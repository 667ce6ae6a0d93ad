// Rules about who signed: by key, or by what a certificate says. A name in a certificate means something only if an
// authority that the watch file names has issued it. So with authorities a rule by identity fits only a certificate
// that chains; one that says what the rule asks for and does not chain is `claimed-identity`, by whomever it is.
// Without authorities the rule believes anyone, of which `authorityWarnings()` warns.
import { shown } from "../../core/base/errors.ts"
import { present } from "../../core/base/present.ts"
import type { ChainResult } from "../../entry/certificates/chain.ts"
import { type CertificateField, readCertificateFields } from "../../entry/certificates/fulcio.ts"
import { createChainJudge } from "../../entry/certificates/judge.ts"
import type { SignatureCheck } from "../../entry/entry.ts"
import { verifyPortably } from "../../entry/portable-verification.ts"
import type { VerifierKey } from "../../entry/verifier-key.ts"
import { identityRules } from "../watch/authority.ts"
import type { IdentityRule } from "../watch/identity.ts"
import type { SignerRule } from "../watch/rules.ts"
import type { Watch } from "../watch/watch.ts"
import type { Remark } from "./remark.ts"

/** A signer as an entry names it. */
export interface EntrySigner {
  /** `sha256:` and hex. */
  readonly key: string
  readonly issuer?: string
  /** Whom the certificate names, as it is written there. */
  readonly identities: readonly string[]
  /** There is a name that cannot be read: it may be any. */
  readonly isUnreadable: boolean
  /** What says so; not there for a bare key. */
  readonly certificate?: VerifierKey
}

/** What rules by identity need besides the watch file. */
export interface IdentityOptions {
  /** Whether a signature holds, on the calling thread; the portable code by default. */
  readonly holds?: (check: SignatureCheck) => boolean
  /** SHA-256 of certificates; the portable one by default. */
  readonly sha256?: (bytes: Uint8Array) => Uint8Array
}

/** A certificate that says what a rule asks for, and does not chain. */
export interface ClaimMatch {
  /** The subject or the signer of the watch file that has the rule. */
  readonly name: string
  readonly rule: IdentityRule
  readonly by: EntrySigner
  /** Why it is not believed, for people. */
  readonly reason: string
}

const nothing: readonly never[] = []
const known = new WeakMap<VerifierKey, ReadonlyMap<CertificateField, string>>()

function fieldsOf(certificate: VerifierKey): ReadonlyMap<CertificateField, string> {
  const fields = known.get(certificate) ?? readCertificateFields(certificate.der)
  known.set(certificate, fields)
  return fields
}

function isAnyName(rule: IdentityRule, { identities }: EntrySigner): boolean {
  return identities.some((identity) => rule.identity.matches(identity))
}

/** Issuer and identity: any of several identities if `isWide`, else all of them. */
function isNamed(rule: IdentityRule, signer: EntrySigner, isWide: boolean): boolean {
  const { issuer, identities, isUnreadable } = signer
  if (issuer !== rule.issuer || identities.length === 0) return false
  if (isWide) return isAnyName(rule, signer)
  return !isUnreadable && identities.every((identity) => rule.identity.matches(identity))
}

/** A certificate may claim one issuer to readers of the older form and another one to all others. */
function issuersOf({ issuer, isUnreadable, certificate }: EntrySigner): readonly string[] {
  const older =
    isUnreadable && certificate !== undefined ? fieldsOf(certificate).get("issuer-v1") : undefined
  return [issuer, older].filter((each) => each !== undefined)
}

function saysAll({ where }: IdentityRule, { certificate }: EntrySigner): boolean {
  if (where.length === 0) return true
  if (certificate === undefined) return false
  const fields = fieldsOf(certificate)
  return where.every(({ field, pattern }) => {
    const value = fields.get(field)
    return value !== undefined && pattern.matches(value)
  })
}

/** Judges certificates by the authorities of the watch file, each on its own. */
function createBelief({ authorities }: Watch, options: IdentityOptions) {
  const { holds = verifyPortably, sha256 } = options
  const judges = authorities.map((authority) => ({
    name: authority.name,
    judge: createChainJudge({ authorities: [authority], ...present({ sha256 }) }, holds),
  }))
  /** The results of the authority that is named, or of all of them. */
  return ({ certificate }: EntrySigner, name?: string): readonly ChainResult[] =>
    certificate === undefined
      ? nothing
      : judges
          .filter((each) => name === undefined || each.name === name)
          .map(({ judge }) => judge(certificate))
}

export interface IdentityCheck {
  /** Whether anyone is believed, because the watch file names no authority. */
  readonly believesAnyone: boolean
  /** Whether names and dates of the certificate come from an authority of the watch file. */
  isBelieved(signer: EntrySigner): boolean
  /** The name of the authority that has issued the certificate, or why none has; undefined for a bare key. */
  vouchedBy(signer: EntrySigner): ChainResult | undefined
  /** Whether the rule expects this signer; `isWide` if one of several names is enough. */
  fits(rule: SignerRule, signer: EntrySigner, isWide: boolean): boolean
  /** Rules whose names the certificate claims although nobody vouches for it: the first of each signer. */
  claimsOf(signers: readonly EntrySigner[]): readonly ClaimMatch[]
}

/** What rules ask for, by issuer: each once, however many subjects have it, with the first that does. */
function groupByIssuer(watch: Watch) {
  const groups = new Map<string, ReturnType<typeof identityRules>[number][]>()
  const seen = new Set<string>()
  for (const each of identityRules(watch)) {
    const { issuer, identity, authority = "" } = each.rule
    const name = JSON.stringify([issuer, identity.text, authority])
    if (seen.has(name)) continue
    seen.add(name)
    const group = groups.get(issuer)
    if (group === undefined) groups.set(issuer, [each])
    else group.push(each)
  }
  return groups
}

export function createIdentityCheck(watch: Watch, options: IdentityOptions = {}): IdentityCheck {
  const believesAnyone = watch.authorities.length === 0
  const resultsOf = createBelief(watch, options)
  const byIssuer = groupByIssuer(watch)

  function isBelieved(signer: EntrySigner, authority?: string): boolean {
    if (believesAnyone) return true
    return resultsOf(signer, authority).some(({ form }) => form === "chained")
  }

  function vouchedBy(signer: EntrySigner): ChainResult | undefined {
    const results = resultsOf(signer)
    return results.find(({ form }) => form === "chained") ?? results[0]
  }

  function reasonOf(rule: IdentityRule, signer: EntrySigner): string {
    const result = vouchedBy(signer)
    if (result?.form === "chained") {
      return `it was issued by ${result.authority} and not by ${rule.authority ?? "an authority"}`
    }
    return result?.text ?? "it is no certificate"
  }

  function claimOf(by: EntrySigner): readonly ClaimMatch[] {
    if (by.identities.length === 0) return nothing
    const claimed = issuersOf(by)
      .flatMap((issuer) => byIssuer.get(issuer) ?? [])
      .find(({ rule }) => isAnyName(rule, by) && !isBelieved(by, rule.authority))
    return claimed === undefined
      ? nothing
      : [{ ...claimed, by, reason: reasonOf(claimed.rule, by) }]
  }

  return {
    believesAnyone,
    isBelieved,
    vouchedBy,
    fits(rule, signer, isWide) {
      if (rule.form === "key") return rule.key === signer.key
      const isMeant = isNamed(rule, signer, isWide) && saysAll(rule, signer)
      return isMeant && isBelieved(signer, rule.authority)
    },
    claimsOf: (signers) => (believesAnyone ? nothing : signers.flatMap(claimOf)),
  }
}

/** What there is to say about certificates that claim what they may not: once for each rule's owner. */
export function claimRemarks(index: number, claims: readonly ClaimMatch[]): readonly Remark[] {
  const owners = [...new Set(claims.map(({ name }) => name))]
  return owners.flatMap((watched): readonly Remark[] => {
    const claim = claims.find(({ name }) => name === watched)
    if (claim === undefined) return nothing
    const { identities, issuer = "" } = claim.by
    const who = `${identities.map((each) => shown(each, 120)).join(", ")} of ${shown(issuer, 120)}`
    const summary =
      `entry ${index} is signed under a certificate that claims to be ${watched} (${who}) and that no authority of ` +
      `the watch file vouches for: ${claim.reason}`
    return [{ kind: "claimed-identity", watched, summary }]
  })
}
