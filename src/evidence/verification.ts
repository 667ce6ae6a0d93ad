// Verifies a file of evidence offline: with nothing but the file, and the key that it ought to convict.
import { utf8 } from "../core/base/bytes.ts"
import { digestOf } from "../core/base/digest.ts"
import { refuse } from "../core/base/errors.ts"
import { formatHex } from "../core/base/text.ts"
import { formatVkey, type SignatureRule, type Vkey } from "../core/note/note.ts"
import * as entries from "./entry-verdicts.ts"
import type { Evidence, EvidenceKind } from "./evidence.ts"
import { type EvidenceFile, formatEvidence, parseEvidence } from "./format.ts"
import * as heads from "./head-verdicts.ts"
import { createHeadOpener } from "./opened-head.ts"
import * as promises from "./promise-verdicts.ts"
import type { Judge, Verdict } from "./verdict.ts"

/** A case that holds, and whom it convicts. */
export interface VerifiedEvidence extends Verdict {
  /** SHA-256 of the file, lower-case hex. */
  readonly id: string
  readonly kind: EvidenceKind
  /**
   * The key that is convicted, or whose log the entries are in. Its name proves nothing by itself: anyone
   * can write another name before the same key, so compare all of it with a key known from elsewhere.
   */
  readonly convicted: Vkey
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
 * What a file of evidence (docs/evidence.md) proves. With `vkey` it must convict that key. `holds` verifies the
 * signatures of notes, portably if absent. Refuses `bad-proof` for what is proven to nobody, `bad-signature`,
 * `untrusted` for another key than `vkey` or a missing signature, `malformed`, `unsupported`, `too-large`.
 *
 * @example
 * ```ts
 * import { readFileSync } from "node:fs"
 * import { parseVkey, verifyEvidence } from "countersign/audit"
 *
 * const vkey = parseVkey("log.example/test+fae20353+AYqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29c")
 * const { kind, freezes } = verifyEvidence(readFileSync("case.evidence", "utf8"), vkey)
 * console.log(kind, freezes) // fork true
 * ```
 */
export function verifyEvidence(text: string, vkey?: Vkey, holds?: SignatureRule): VerifiedEvidence {
  const file = parseEvidence(text)
  const { kind, key, witnesses } = file
  if (vkey !== undefined && formatVkey(vkey) !== formatVkey(key)) {
    refuse("untrusted", `expected a case against ${formatVkey(vkey)}, found ${formatVkey(key)}`)
  }
  const verdict = judges[kind](file, createHeadOpener(holds))
  return { id: evidenceId(text), kind, convicted: key, witnesses, ...verdict }
}

/** The evidence with these lines. Refuses as {@link verifyEvidence} does if it proves nothing. */
export function finish(
  kind: EvidenceKind,
  key: Vkey,
  lines: Partial<EvidenceFile>,
  holds?: SignatureRule,
): Evidence {
  const text = formatEvidence({ witnesses: [], hashes: [], places: [], ...lines, kind, key })
  return { id: verifyEvidence(text, key, holds).id, kind, text }
}
