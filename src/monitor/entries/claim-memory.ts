// What was claimed first of a subject that may stand for one artifact only: its name with the version, a
// hash, and the digest. A later claim of another digest is a conflict.
import { isVersioned } from "../../evidence/conflict.ts"
import { collection } from "../state/collection.ts"
import type { DocumentReads, Documents } from "../state/documents.ts"
import { integer, message, text } from "../state/schema.ts"
import type { NamedSubject } from "./payload.ts"

/** One name with one digest of it. */
export interface Claim {
  readonly name: string
  /** `algorithm:hex`. */
  readonly digest: string
}

export interface FirstClaim {
  readonly digest: string
  readonly index: number
}

/** Names of one log that are remembered, each once a hash. */
export const MOST_CLAIMS = 100_000

/** By origin, hash and name. */
export const claims = collection("claim", message<FirstClaim>({ digest: text, index: integer }))

/** Names have any characters, so the name stands last. */
function place(origin: string, { name, digest }: Claim): string {
  return `${origin} ${digest.slice(0, digest.indexOf(":"))} ${name.toWellFormed()}`
}

/** The claims of subjects with a version; a name that stands there twice stands for several artifacts. */
export function claimsOf(named: readonly NamedSubject[]): readonly Claim[] {
  const versioned = named.filter(({ name = "" }) => isVersioned(name))
  const isRepeated = ({ name }: NamedSubject) =>
    versioned.filter((other) => other.name === name).length > 1
  return versioned
    .filter((subject) => !isRepeated(subject))
    .flatMap(({ name = "", digests }) => digests.map((digest) => ({ name, digest })))
}

export function firstClaim(
  documents: DocumentReads,
  origin: string,
  claim: Claim,
): FirstClaim | undefined {
  return documents.get(claims, place(origin, claim))
}

export function rememberClaim(
  documents: Documents,
  origin: string,
  claim: Claim,
  index: number,
): void {
  documents.put(claims, place(origin, claim), { digest: claim.digest, index })
}

/** How many claims of this log are remembered. */
export function countClaims(documents: DocumentReads, origin: string): number {
  return documents.keys(claims, `${origin} `).length
}
