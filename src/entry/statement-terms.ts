// What an entry is found by of what was signed: the subjects of a statement by name and by digest, and apart from
// them what it mentions. A digest is found by its value, whatever the signer calls its algorithm, and a name as it is
// written and in its canonical spelling. Of a statement that readers take differently, everything any of them may
// take counts as a subject. Leaves out no subject, however many there are.

import { refuse } from "../core/base/errors.ts"
import { MOST_TERMS } from "../core/base/limits.ts"
import { canonicalName } from "./statement/names.ts"
import { IN_TOTO_PAYLOAD_TYPE, type SignedPayload } from "./statement/pae.ts"
import { digestValue, readStatement, type StatedSubject } from "./statement/reading.ts"
import { readSupersetUpTo } from "./statement/superset.ts"
import type { Term } from "./term.ts"

/** By which algorithm a digest of so many hex digits is searched for. */
const algorithmOf: Readonly<Record<number, string>> = {
  40: "sha1",
  64: "sha256",
  96: "sha384",
  128: "sha512",
}

function refuseOdd(): never {
  const most = `up to ${MOST_TERMS} texts in a statement that readers read in different ways`
  return refuse("too-large", `payload: expected ${most}, found more; write it as plain JSON`)
}

const HEX = /^[0-9a-f]+$/

/** A digest by its value: `sha256:` before 64 hex digits, and so on; undefined for another text. */
function byValue(value: string): string | undefined {
  const algorithm = algorithmOf[value.length]
  return algorithm !== undefined && HEX.test(value) ? `${algorithm}:${value}` : undefined
}

/** What a subject's digest, `algorithm:value` or bare hex, is indexed and asked by: its value, and as it is stated. */
export function subjectDigestTerms(digest: string): readonly Term[] {
  const value = byValue(digestValue(digest))
  const isBare = value !== undefined && !digest.includes(":")
  const values = new Set([value ?? digest, isBare ? value : digest])
  return Array.from(values, (value) => ({ name: "subject-digest", value }))
}

/** What a subject's name is indexed and asked by: as it is written, and in its canonical spelling. */
export function subjectNameTerms(name: string): readonly Term[] {
  // Most readers put U+FFFD in the place of half a surrogate pair.
  const text = name.toWellFormed()
  const values = new Set([text, canonicalName(text)])
  return Array.from(values, (value) => ({ name: "subject", value }))
}

/** What a mentioned digest, `algorithm:value` or bare hex, is indexed and asked by. */
export function mentionTerms(digest: string): readonly Term[] {
  const value = digestValue(digest)
  return [{ name: "mention", value: byValue(value) ?? value }]
}

export function subjectTerms({ name, digests }: StatedSubject): readonly Term[] {
  const names = name === undefined ? [] : subjectNameTerms(name)
  return [...digests.flatMap(subjectDigestTerms), ...names]
}

/**
 * Names count only beside a digest: without one no verifier takes it for anything. Refuses `too-large` more of them
 * than an entry can be found by.
 */
export function oddTerms(payload: Uint8Array): readonly Term[] {
  const { digests, literals } = readSupersetUpTo(payload, MOST_TERMS) ?? refuseOdd()
  if (digests.size === 0) return []
  const terms: Term[] = []
  for (const digest of digests) terms.push(...subjectDigestTerms(digest))
  for (const literal of literals) terms.push(...subjectNameTerms(literal))
  return terms
}

/**
 * The terms of what a signature was made over, some of them twice and some unusable. Some readers do not look
 * at the type, so subjects count under any. Refuses as {@link oddTerms} does; linear.
 */
export function statementTerms({ payloadType, payload }: SignedPayload): readonly Term[] {
  const reading = readStatement(payload)
  if (reading.form === "odd") return oddTerms(payload)
  const { subjects, predicateType, mentions } = reading
  if (payloadType !== IN_TOTO_PAYLOAD_TYPE && subjects.length === 0) return []
  const terms = subjects.flatMap(subjectTerms)
  if (predicateType !== undefined) terms.push({ name: "predicate-type", value: predicateType })
  for (const mention of mentions) terms.push(...mentionTerms(mention))
  return terms
}
