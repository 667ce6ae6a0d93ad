// What examining an entry may have to say about it. A remark becomes a finding once the entry is proven to
// be in a signed tree.
import { LONGEST_REMARK } from "../../core/base/limits.ts"
import { present } from "../../core/base/present.ts"
import type { EntryEvidenceKind } from "../../evidence/evidence.ts"
import type { MisissuanceKind } from "../findings/finding.ts"

/** What is counted of entries about nothing that is watched, and would be a finding of the others. */
export type PassedOver = "odd-statement" | "bad-signature" | "after-revocation"

/** What a rule says of an entry. */
export interface Remark {
  /** `outside-validity` is a candidate only: see `judgeValidity()`. */
  readonly kind: MisissuanceKind | "duplicate-entry"
  /** One sentence for people; what entries say is shown shortened and escaped. */
  readonly summary: string
  /** What tells remarks of one kind on one entry apart, by default what is watched. */
  readonly about?: string
  /** What of the watch file it is about: a subject, a signer or a key. */
  readonly watched?: string
  /** The earlier entry that it is about as well: the revocation, the first claim, the first of two. */
  readonly other?: number
  /** What of it can be proven; at least `unexpected-entry`, the default. */
  readonly evidenceKind?: EntryEvidenceKind
  /** The payload whose digest the body has, if the remark rests on it. */
  readonly payload?: Uint8Array | undefined
  /** Unix seconds, both included: the dates of an `outside-validity`. */
  readonly notBefore?: number
  readonly notAfter?: number
  /** The monitor's own canary. */
  readonly isCanary?: boolean
}

export interface EntryRemark extends Remark {
  readonly index: number
}

/** The remark with a summary of one line that is well-formed and not too long, whatever it quotes. */
export function remarkOn(index: number, remark: Remark): EntryRemark {
  const { watched, about = watched, evidenceKind = "unexpected-entry" } = remark
  const line = remark.summary.replaceAll(/\p{C}/gu, "?")
  const cut = line.length > LONGEST_REMARK ? `${line.slice(0, LONGEST_REMARK - 1)}…` : line
  const summary = cut.toWellFormed()
  return { ...remark, index, summary, evidenceKind, ...present({ about }) }
}
