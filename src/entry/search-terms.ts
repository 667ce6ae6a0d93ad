// What an entry can be found by, taken from it when it is proposed: later the body alone is there, which
// no longer holds payloads. Follows the search of Rekor v1 and adds to it. Leaves out the index itself.
import { digestOf } from "../core/base/digest.ts"
import { assertAtMost } from "../core/base/errors.ts"
import { LONGEST_TERM, MOST_TERMS } from "../core/base/limits.ts"
import { formatHex } from "../core/base/text.ts"
import type { KeptPayload } from "./dsse.ts"
import type { EntryKind } from "./kind-names.ts"
import { statementTerms } from "./statement-terms.ts"
import type { Term } from "./term.ts"
import type { VerifierKey } from "./verifier-key.ts"

/** What there is to find of an entry. Digests are texts as in {@link Term}. */
export interface Findable {
  readonly kind: EntryKind
  readonly version: string
  readonly keys: readonly VerifierKey[]
  readonly digest?: string | undefined
  readonly payload?: string | undefined
  readonly envelope?: string
  readonly statement?: KeptPayload
}

const WHAT_IS_FOUND =
  "digests and names that the entry can be found by (make several statements of it)"

function isUsable({ value }: Term): boolean {
  return value.length >= 1 && value.length <= LONGEST_TERM && value.isWellFormed()
}

/** How a SHA-256 digest stands in a term. */
export function sha256Text(digest: Uint8Array): string {
  return `sha256:${formatHex(digest)}`
}

/** Those that can be asked for, each once. */
export function distinct(terms: readonly Term[]): readonly Term[] {
  const seen = new Set<string>()
  return terms.filter((term) => {
    const name = `${term.name} ${term.value}`
    if (!isUsable(term) || seen.has(name)) return false
    seen.add(name)
    return true
  })
}

function readKeyTerms(key: VerifierKey): readonly Term[] {
  const terms: Term[] = [{ name: "key", value: sha256Text(digestOf("sha256", key.spki)) }]
  if (key.names === undefined) return terms
  const { identities, issuer } = key.names
  for (const identity of identities) terms.push({ name: "identity", value: identity })
  if (issuer !== undefined) terms.push({ name: "issuer", value: issuer })
  return distinct(terms)
}

const known = new WeakMap<VerifierKey, readonly Term[]>()

/** The terms of a key, remembered as long as the key itself: one that signs often is read once. */
function keyTerms(key: VerifierKey): readonly Term[] {
  const terms = known.get(key) ?? readKeyTerms(key)
  known.set(key, terms)
  return terms
}

/**
 * What the entry can be found by: no term twice. Values that are empty, longer than 512 units or not
 * well-formed are left out. Refuses `too-large` above {@link MOST_TERMS}: an entry that could be found by
 * some of what it says only would be hidden by the rest.
 */
export function termsOf(entry: Findable): readonly Term[] {
  const terms: Term[] = [{ name: "kind", value: `${entry.kind}:${entry.version}` }]
  const { digest, payload, envelope, keys, statement } = entry
  if (digest !== undefined) terms.push({ name: "digest", value: digest })
  if (payload !== undefined) terms.push({ name: "payload", value: payload })
  if (envelope !== undefined) terms.push({ name: "envelope", value: envelope })
  for (const key of keys) for (const term of keyTerms(key)) terms.push(term)
  // Nothing above can be there twice under a single key.
  if (keys.length === 1 && statement === undefined) return terms
  if (statement !== undefined) for (const term of statementTerms(statement)) terms.push(term)
  const found = distinct(terms)
  assertFindable(found, "payload")
  return found
}

/** Refuses `too-large` what has more than {@link MOST_TERMS}. */
export function assertFindable({ length }: readonly Term[], what: string): void {
  assertAtMost(MOST_TERMS, length, what, WHAT_IS_FOUND)
}
