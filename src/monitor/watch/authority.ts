// The block of a watch file that names a certificate authority:
//
//   authority NAME
//     roots FILE | trusted-root FILE
//     eku code-signing
//
// `roots` is PEM of roots and intermediates, `trusted-root` is Sigstore's file (JSON), whose leaves are always for code
// signing. Without such a block, rules by identity believe whoever has written a name into a certificate.
import { refuse, shown } from "../../core/base/errors.ts"
import { type AuthoritySet, readAuthorityPem } from "../../entry/certificates/authority.ts"
import { parseCertificateAuthorities } from "../../sigstore/certificate-authorities.ts"
import { type AuthorityDraft, type BlockReader, type Place, textOf } from "./draft.ts"
import type { IdentityRule } from "./identity.ts"
import { expected, oneWord, type SignerRule, splitWord } from "./rules.ts"

/** Every certificate that a rule names may have to be held against each of them. */
const MOST_AUTHORITIES = 16

async function readAuthorityLine(
  place: Place,
  authority: AuthorityDraft,
  line: string,
): Promise<void> {
  const [keyword, file] = splitWord(line)
  if (keyword === "roots") {
    authority.pools.push(readAuthorityPem(await textOf(place, file), file))
  } else if (keyword === "trusted-root") {
    authority.pools.push(...parseCertificateAuthorities(await textOf(place, file), file))
    authority.isForCode = true
  } else if (line === "eku code-signing") authority.isForCode = true
  else expected("roots FILE, trusted-root FILE or eku code-signing", line)
}

/** Begins the block of an authority. */
export function openAuthority(place: Place, text: string): BlockReader {
  const name = oneWord(text, "authority and one word")
  const { authorities } = place.draft
  if (authorities.has(name)) expected("an authority that is not there yet", name)
  if (authorities.size >= MOST_AUTHORITIES) {
    expected(`up to ${MOST_AUTHORITIES} authorities`, `${name} as well`)
  }
  const authority = { name, pools: [], isForCode: false }
  authorities.set(name, authority)
  return (line) => readAuthorityLine(place, authority, line)
}

/** Every rule of a watch file with what it stands in: a subject or a signer, by name. */
interface RuleOwner {
  readonly name: string
  readonly rules: readonly SignerRule[]
}

/** What of a watch file says who is whom. */
interface WatchedRules {
  readonly subjects: readonly { readonly name: string; readonly signers: readonly SignerRule[] }[]
  readonly signers: readonly RuleOwner[]
  readonly authorities: readonly AuthoritySet[]
}

function ownersOf({ subjects, signers }: WatchedRules): readonly RuleOwner[] {
  return [...subjects.map(({ name, signers: rules }) => ({ name, rules })), ...signers]
}

/** The identity rules of a watch file, each with the name of the subject or the signer that has it. */
export function identityRules(watch: WatchedRules) {
  return ownersOf(watch).flatMap(({ name, rules }) =>
    rules.flatMap((rule): readonly { readonly name: string; readonly rule: IdentityRule }[] =>
      rule.form === "oidc" ? [{ name, rule }] : [],
    ),
  )
}

/** Refuses `malformed` for an authority without roots, and for a rule that names one that is not there. */
export function assertAuthorities(watch: WatchedRules): void {
  const { authorities } = watch
  const empty = authorities.find(({ pools }) => pools.length === 0)
  if (empty !== undefined) {
    refuse("malformed", `expected roots or trusted-root in the authority ${empty.name}, found none`)
  }
  for (const { name, rule } of identityRules(watch)) {
    const isKnown = authorities.some((each) => each.name === rule.authority)
    if (rule.authority === undefined || isKnown) continue
    const found = shown(rule.authority)
    refuse("malformed", `expected an authority of this file behind from in ${name}, found ${found}`)
  }
}

/**
 * What whoever starts a monitor should know of its authorities, a sentence each; nothing if all is well. To be said at
 * every start.
 */
export function authorityWarnings(watch: WatchedRules): readonly string[] {
  const rules = identityRules(watch)
  const names = [...new Set(rules.map(({ name }) => name))]
  if (watch.authorities.length === 0) {
    if (names.length === 0) return []
    const shownNames =
      names.length > 5
        ? `${names.slice(0, 5).join(", ")} and ${names.length - 5} more`
        : names.join(", ")
    return [
      `the identity rules of ${shownNames} believe anyone: a certificate that its signer made says what it likes; ` +
        `name who issues them in an authority block with roots FILE or trusted-root FILE`,
    ]
  }
  if (names.length > 0) return []
  return ["the authorities of the watch file decide nothing: no rule in it goes by identity (oidc)"]
}
