// What a watch file says that is hardly meant: digests by one hash only, names that fit nothing, identities that anyone may
// claim, subjects that anybody may sign, ledgers that let a thief through. Asks no log, and knows of no entries.
import { hashNames } from "../../core/base/digest.ts"
import { shown } from "../../core/base/errors.ts"
import { canonicalName } from "../../entry/statement/names.ts"
import { authorityWarnings } from "./authority.ts"
import { MOST_FORETOLD, type Subject, type Watch, type WatchedSigner } from "./model.ts"

type WatchRemarkCode =
  | "one-hash"
  | "not-foretold"
  | "no-signer"
  | "cannot-match"
  | "identity-without-authority"
  | "empty-ledger"
  | "digest-only-ledger"
  | "bad-ledger"
  | "unmentioned"

export interface WatchRemark {
  readonly code: WatchRemarkCode
  /** The subject or the signer that it is about; the empty text for the whole file. */
  readonly about: string
  /** One sentence. */
  readonly text: string
}

const nothing: readonly WatchRemark[] = []

/** How many artifacts a subject lists by each hash; its images and commits are found under other digests. */
function countByHash({ digests, images }: Subject): readonly number[] {
  const ofImages = new Set(images.map(({ digest }) => digest))
  const listed = [...digests].filter((digest) => !ofImages.has(digest))
  return hashNames.map((name) => listed.filter((digest) => digest.startsWith(`${name}:`)).length)
}

function hashRemarks(subject: Subject): readonly WatchRemark[] {
  const counts = countByHash(subject)
  if (new Set(counts).size === 1) return nothing
  const found = hashNames.map((name, i) => `${counts[i]} by ${name}`).join(", ")
  const text =
    `lists digests ${found}: an entry states one hash, which follows from the signer's key (Ed25519: SHA-512, ` +
    `P-384: SHA-384), so the others do not find it; list all three (countersign watch add --file), or an image as image`
  return [{ code: "one-hash", about: subject.name, text }]
}

/** Digests of which nobody has computed what clients would log if they were images'. */
function foretoldRemark(subject: Subject): readonly WatchRemark[] {
  const bare = countByHash(subject)[hashNames.indexOf("sha256")] ?? 0
  if (bare <= MOST_FORETOLD) return nothing
  const text =
    `lists ${bare} digests by sha256: signatures of images are foretold for ${MOST_FORETOLD} of them only; ` +
    `list images as image, or make several subjects of it`
  return [{ code: "not-foretold", about: subject.name, text }]
}

function signerRemark({ name, signers }: Subject): readonly WatchRemark[] {
  if (signers.length > 0) return nothing
  return [{ code: "no-signer", about: name, text: "has no signer: anybody may sign it" }]
}

/** A name in place of a wildcard, canonical by itself. */
const STAND_IN = "zqz1"
/** A regular expression up to where it is more than text. */
const LITERAL = /^\^?((?:[^\\.*+?()[\]{}|^$]|\\[^A-Za-z0-9])*)/

/** The text that every name begins with which fits. */
function literalOf(expression: string): string {
  const [, literal = ""] = LITERAL.exec(expression) ?? []
  // What stands before a repetition may be left out.
  const isRepeated = /^[*+?{]/.test(expression.slice(expression.indexOf(literal) + literal.length))
  return (isRepeated ? literal.slice(0, -1) : literal).replaceAll(/\\(.)/g, "$1")
}

function expressionRemark(text: string): string | undefined {
  const literal = literalOf(text.slice(1))
  const probe = `${literal}${STAND_IN}`
  const canonical = canonicalName(probe)
  if (literal === "" || canonical === probe) return undefined
  return `is an expression for names that begin ${shown(literal)}, and names are compared as ${shown(canonical.replace(STAND_IN, "…"))}: write it for those`
}

const PURL_WITHOUT_VERSION = /^pkg:[a-z]+\/[^*?#]*[^*?#/]$/

function patternRemark(text: string): string | undefined {
  if (text.startsWith("~")) return expressionRemark(text)
  if (PURL_WITHOUT_VERSION.test(text) && text.indexOf("@", text.lastIndexOf("/") + 1) < 0) {
    return `has no version: statements name NAME@VERSION, which ${shown(`${text}@*`)} fits`
  }
  const probe = text.replaceAll(/\*+/g, STAND_IN)
  const canonical = canonicalName(probe)
  const kept = canonical.split(STAND_IN).length === probe.split(STAND_IN).length
  if (kept || canonical === probe) return undefined
  return `cannot fit: names of this form are compared as ${shown(canonical.replaceAll(STAND_IN, "*"))}; write that`
}

function nameRemarks({ name, names }: Subject): readonly WatchRemark[] {
  return names.flatMap((pattern) => {
    const why = patternRemark(pattern.text)
    if (why === undefined) return nothing
    return [{ code: "cannot-match", about: name, text: `name ${shown(pattern.text, 120)} ${why}` }]
  })
}

/** Issuers stand in certificates as the issuer writes itself, and nobody writes one so. */
function issuerRemarks(
  name: string,
  rules: readonly Subject["signers"][number][],
): readonly WatchRemark[] {
  const issuers = rules.flatMap((rule) => (rule.form === "oidc" ? [rule.issuer] : []))
  return [...new Set(issuers)].flatMap((issuer) => {
    const canonical = `https://${canonicalName(issuer.replace(/^https?:\/\//i, ""))}`
    if (!/^https?:/i.test(issuer) || canonical === issuer) return nothing
    const text = `issuer ${shown(issuer, 120)} is no certificate's: issuers are compared as they are written, and this one is probably ${canonical}`
    return [{ code: "cannot-match", about: name, text }] as const
  })
}

function ledgerRemarks({ name, mine }: WatchedSigner): readonly WatchRemark[] {
  if (mine === undefined) return nothing
  const { leafHashes, signatures, digests } = mine
  if (leafHashes.size + signatures.size > 0) return nothing
  if (digests.size === 0) {
    const text = "has an empty ledger: everything that it signs is not-mine"
    return [{ code: "empty-ledger", about: name, text }]
  }
  const text =
    "has digests only in its ledger: whoever has its key may sign the same artifacts and images again, unnoticed; " +
    "give the bundles, receipts or submit --json lines"
  return [{ code: "digest-only-ledger", about: name, text }]
}

function badLineRemarks({ badLines, badLineCount }: Watch): readonly WatchRemark[] {
  const named = badLines.map(
    ({ signer, message }): WatchRemark => ({ code: "bad-ledger", about: signer, text: message }),
  )
  const more = badLineCount - badLines.length
  if (more === 0) return named
  return [...named, { code: "bad-ledger", about: "", text: `${more} more lines cannot be read` }]
}

function authorityRemarks(watch: Watch): readonly WatchRemark[] {
  return authorityWarnings(watch).map((text) => ({
    code: "identity-without-authority",
    about: "",
    text,
  }))
}

/** What whoever starts a monitor should know of its watch file, since it may look clean because of it. */
export function startRemarks(watch: Watch): readonly WatchRemark[] {
  return [
    ...watch.subjects.flatMap((subject) => [...hashRemarks(subject), ...foretoldRemark(subject)]),
    ...authorityRemarks(watch),
    ...badLineRemarks(watch),
  ]
}

/** Everything that there is to say, subjects first. */
export function lintWatch(watch: Watch): readonly WatchRemark[] {
  return [
    ...watch.subjects.flatMap((subject) => [
      ...hashRemarks(subject),
      ...foretoldRemark(subject),
      ...signerRemark(subject),
      ...nameRemarks(subject),
      ...issuerRemarks(subject.name, subject.signers),
    ]),
    ...watch.signers.flatMap((signer) => [
      ...issuerRemarks(signer.name, signer.rules),
      ...ledgerRemarks(signer),
    ]),
    ...authorityRemarks(watch),
    ...badLineRemarks(watch),
  ]
}

/** What a log can be asked for: whatever of a subject is no pattern. */
export function askableOf({ digests, foretold, names }: Subject) {
  const plain = names.map(({ text }) => text).filter((text) => !/^~|\*/.test(text))
  return { digests: [...digests, ...foretold.keys()], names: plain }
}
