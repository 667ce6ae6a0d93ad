// Verifies a file of evidence offline: with nothing but the file, and the keys that are known from elsewhere.
import { utf8 } from "../core/base/bytes.ts"
import { digestOf } from "../core/base/digest.ts"
import { refuse, shown } from "../core/base/errors.ts"
import { formatHex } from "../core/base/text.ts"
import { parseCheckpointText } from "../core/note/checkpoint.ts"
import { checkpointRule } from "../core/note/cosignature.ts"
import {
  formatVkey,
  isWitnessKey,
  type SignatureRule,
  type Vkey,
  verifyTextSignature,
} from "../core/note/note.ts"
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
  time: (file, ...rules) =>
    file.places.length > 0
      ? promises.judgeEntryTime(file, ...rules)
      : heads.judgeHeadTime(file, ...rules),
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

/** A signature that a case rests on. */
interface RestsOn {
  readonly vkey: Vkey
  readonly text: string
  readonly signature: Uint8Array
}

/** A case as it would be if all signatures held that it rests on. */
interface JudgedEvidence {
  readonly verified: VerifiedEvidence
  /** Those of the key that the case is about first, then the others, of ML-DSA-44 last: it costs most. */
  readonly restsOn: readonly RestsOn[]
}

/** Refuses `bad-signature` for a signature that was found not to hold. */
export function refuseSignature({ vkey }: Pick<RestsOn, "vkey">): never {
  return refuse(
    "bad-signature",
    `the signature of ${shown(vkey.name)} does not hold over this note`,
  )
}

/** As {@link verifyEvidence}, but without any signature of a log or a witness: all that costs little comes first. */
export function judgeEvidence(
  text: string,
  vkey?: Vkey,
  known: readonly Vkey[] = [],
): JudgedEvidence {
  const file = parseEvidence(text)
  const { format, kind, key, witnesses } = file
  if (vkey !== undefined && formatVkey(vkey) !== formatVkey(key)) {
    refuse("untrusted", `expected a case about ${formatVkey(vkey)}, found ${formatVkey(key)}`)
  }
  const restsOn: RestsOn[] = []
  const collect: SignatureRule = (vkey, text, signature) => {
    restsOn.push({ vkey, text, signature })
    return true
  }
  const { claims, ...verdict } = judges[kind](file, createHeadOpener(collect), collect)
  const cost = ({ vkey }: RestsOn) => (vkey === key ? 0 : vkey.type)
  restsOn.sort((a, b) => cost(a) - cost(b))
  const verified = { id: evidenceId(text), kind, format, key, witnesses, ...verdict }
  if (effectOf(file) === "presents") {
    return { restsOn, verified: { ...verified, claims, effect: "presents" } }
  }
  const doubt = doubtOf(file, vkey !== undefined, known)
  if (doubt !== undefined) {
    const doubted = [...claims, doubt]
    return { restsOn, verified: { ...verified, claims: doubted, effect: "presents" } }
  }
  return { restsOn, verified: { ...verified, claims, effect: "convicts", convicted: key } }
}

/** The rule of core for lines of every type. */
const portable: SignatureRule = (vkey, text, signature) =>
  isWitnessKey(vkey)
    ? checkpointRule(parseCheckpointText(text))(vkey, text, signature)
    : verifyTextSignature(vkey, text, signature)

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
  holds: SignatureRule = portable,
  known: readonly Vkey[] = [],
): VerifiedEvidence {
  const { verified, restsOn } = judgeEvidence(text, vkey, known)
  for (const line of restsOn) {
    if (!holds(line.vkey, line.text, line.signature)) refuseSignature(line)
  }
  return verified
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
