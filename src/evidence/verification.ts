// Verifies a file of evidence offline: with nothing but the file, and the keys that are known from elsewhere.
import { utf8 } from "../core/base/bytes.ts"
import { digestOf } from "../core/base/digest.ts"
import { refuse } from "../core/base/errors.ts"
import { formatHex } from "../core/base/text.ts"
import { formatVkey, type SignatureRule, type Vkey } from "../core/note/note.ts"
import * as entries from "./entry-verdicts.ts"
import type { Evidence, EvidenceEffect, EvidenceKind } from "./evidence.ts"
import {
  type EvidenceFile,
  type EvidenceFormat,
  effectOf,
  formatEvidence,
  NEWEST,
  parseEvidence,
} from "./format.ts"
import * as heads from "./head-verdicts.ts"
import { createHeadOpener } from "./opened-head.ts"
import * as promises from "./promise-verdicts.ts"
import type { Judge, Verdict } from "./verdict.ts"

/** A case that holds, and what it does to the key that it names. */
export interface VerifiedEvidence extends Verdict {
  /** SHA-256 of the file, lower-case hex. */
  readonly id: string
  readonly kind: EvidenceKind
  /** The form of the file; v1 does not say by itself whether it convicts. */
  readonly format: EvidenceFormat
  /** `convicts` only if nobody honest can be the key's owner; else the file shows what is there, and accuses nobody. */
  readonly effect: EvidenceEffect
  /**
   * The key that is convicted, or in whose log something is presented. Its name proves nothing by itself: anyone
   * can write another name before the same key, so compare all of it with a key known from elsewhere.
   */
  readonly key: Vkey
  /** The same key if the file convicts it; absent if it presents. */
  readonly convicted?: Vkey
  /** On whose clocks it rests. Anyone can be a witness: it counts for whoever knows these keys. */
  readonly witnesses: readonly Vkey[]
}

const judges: Readonly<Record<EvidenceKind, Judge>> = {
  fork: heads.judgeLogFork,
  "key-misuse": heads.judgeKeyMisuse,
  "witness-equivocation": heads.judgeWitnessEquivocation,
  "witness-rollback": heads.judgeWitnessRollback,
  time: (file, open) =>
    file.places.length > 0 ? promises.judgeEntryTime(file, open) : heads.judgeHeadTime(file, open),
  "broken-promise": promises.judgeBrokenPromise,
  "bad-entry": entries.judgeBadEntry,
  "unexpected-entry": entries.judgeUnexpectedEntry,
  "duplicate-entry": entries.judgeDuplicateEntry,
  "signed-after-revocation": entries.judgeSignedAfterRevocation,
  "conflicting-claims": entries.judgeConflictingClaims,
}

/** SHA-256 of a file of evidence, lower-case hex. */
export function evidenceId(text: string): string {
  return formatHex(digestOf("sha256", utf8(text)))
}

/**
 * Whether most of the witnesses that the reader knows stand against the key. One clock against another says nothing
 * of who is wrong, and of a witness that nobody knows anyone may be the maker.
 */
function isByMost(known: readonly Vkey[], witnesses: readonly Vkey[]): boolean {
  const names = new Set(witnesses.map(formatVkey))
  const against = new Set(known.map(formatVkey).filter((name) => names.has(name)))
  return against.size > new Set(known.map(formatVkey)).size / 2
}

const CLOCKS =
  "It rests on the clocks of the witnesses named here, who are not most of those that are known to the reader, and so accuses nobody."
const NAME =
  "It rests on the name before the key, which anyone can write there, and so accuses nobody until the whole key is known from elsewhere."
const ORIGIN =
  "A log may have an origin that is not the name of its key, so this accuses nobody: only a head that the key signed under its name as well would."

/** Why a file that holds, and would convict, convicts nobody as far as its reader knows. */
function doubtOf(
  { kind, witnesses, old, new: other }: EvidenceFile,
  isPinned: boolean,
  known: readonly Vkey[],
) {
  if (kind === "key-misuse" && old === undefined) return ORIGIN
  if (kind === "key-misuse" && other === undefined && !isPinned) return NAME
  return witnesses.length > 0 && !isByMost(known, witnesses) ? CLOCKS : undefined
}

/**
 * What a file of evidence (docs/evidence.md) proves. With `vkey` it must be about that key. `holds` verifies the
 * signatures of notes, portably if absent. `known` are the witnesses whose clocks the reader trusts: a case that rests
 * on clocks convicts only if most of them stand against the key. Refuses `bad-proof` for what is proven to nobody,
 * `bad-signature`, `untrusted` for another key than `vkey` or a missing signature, `malformed`, `unsupported`, `too-large`.
 *
 * @example
 * ```ts
 * import { readFileSync } from "node:fs"
 * import { parseVkey, verifyEvidence } from "countersign/audit"
 *
 * const vkey = parseVkey("log.example/test+fae20353+AYqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29c")
 * const { kind, effect } = verifyEvidence(readFileSync("case.evidence", "utf8"), vkey)
 * console.log(kind, effect) // fork convicts
 * ```
 */
export function verifyEvidence(
  text: string,
  vkey?: Vkey,
  holds?: SignatureRule,
  known: readonly Vkey[] = [],
): VerifiedEvidence {
  const file = parseEvidence(text)
  const { format, kind, key, witnesses } = file
  if (vkey !== undefined && formatVkey(vkey) !== formatVkey(key)) {
    refuse("untrusted", `expected a case about ${formatVkey(vkey)}, found ${formatVkey(key)}`)
  }
  const { claims, ...verdict } = judges[kind](file, createHeadOpener(holds))
  const verified = { id: evidenceId(text), kind, format, key, witnesses, ...verdict }
  if (effectOf(file) === "presents") return { ...verified, claims, effect: "presents" }
  const doubt = doubtOf(file, vkey !== undefined, known)
  if (doubt !== undefined) return { ...verified, claims: [...claims, doubt], effect: "presents" }
  return { ...verified, claims, effect: "convicts", convicted: key }
}

/** The evidence with these lines. Refuses as {@link verifyEvidence} does if it proves nothing. */
export function finish(
  kind: EvidenceKind,
  key: Vkey,
  lines: Partial<EvidenceFile>,
  holds?: SignatureRule,
): Evidence {
  const bare = { format: NEWEST, witnesses: [], hashes: [], places: [] }
  const text = formatEvidence({ ...bare, ...lines, kind, key })
  return { id: verifyEvidence(text, key, holds).id, kind, text }
}
