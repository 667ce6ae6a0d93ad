// The log entries of a bundle, held against what was signed. A log entry proves nothing unless it is this artifact's
// entry, so each body is rebuilt from what the caller holds and compared byte for byte.
import { equalBytes } from "../../core/base/bytes.ts"
import { bug, Refusal, refuse } from "../../core/base/errors.ts"
import { formatHex } from "../../core/base/text.ts"
import type { Hash } from "../../core/tree/hash.ts"
import type { Algorithm } from "../../entry/algorithm.ts"
import type { EntryKind } from "../../entry/kind-names.ts"
import type { EntryStatement, SignedThing } from "../../entry/kinds/kind.ts"
import { statementOf } from "../../entry/kinds/request.ts"
import { explainSignature, LONGEST_READING } from "../../entry/signature-diagnosis.ts"
import type { VerifierKey } from "../../entry/verifier-key.ts"
import type { SigstoreBundle } from "../../sigstore/bundle-form.ts"
import type { TransparencyLogEntry } from "../../sigstore/transparency-log-entry.ts"
import { isLogId, isNamedBy, openTrusted, type Trust } from "../trust.ts"
import type { VerifierEngine } from "./engine.ts"
import { isUnjudged, unlessUnjudged } from "./judging.ts"
import { type EntryTrust, type LoggedEntry, verifyLogged } from "./logged.ts"
import { promiseKeys } from "./promise.ts"

/** An entry of which everything holds, and how the log has it. */
export interface VerifiedEntry extends LoggedEntry {
  readonly kind: EntryKind
  readonly version: string
  readonly algorithm: Algorithm
  readonly body: Uint8Array
  /** Which of the bundle's `tlogEntries` it is, from 0. */
  readonly position: number
}

/** An entry of a log that is not trusted, which was not looked at. */
export interface PassedOverEntry {
  /** Its index in its log, by its own word. */
  readonly index: number
  readonly logId: Hash
  readonly reason: string
}

/** What became of the entries of a bundle. */
interface EntriesVerdict {
  /** At least one. */
  readonly verified: readonly VerifiedEntry[]
  readonly passedOver: readonly PassedOverEntry[]
}

/** What every entry of a bundle must be about. */
interface Expected extends EntryTrust {
  readonly bundle: SigstoreBundle
  readonly thing: SignedThing
  /** The signer's key or certificate as the body must name it. */
  readonly key: VerifierKey
}

function refusalOf(work: () => void): Refusal | undefined {
  try {
    work()
    return undefined
  } catch (error) {
    if (error instanceof Refusal) return error
    throw error
  }
}

/** Why the entry is of no log that is trusted; undefined if it is of one, and so must hold. */
function reasonToPass(entry: TransparencyLogEntry, trust: Trust): Refusal | undefined {
  const { logId, proof } = entry
  const id = `with the ID ${formatHex(logId)}`
  if ("trustedRoot" in trust) {
    if (trust.trustedRoot.some((log) => isLogId(log, logId))) return undefined
    const unusable = trust.unusable?.find((log) => equalBytes(log.logId, logId))
    if (unusable !== undefined) return new Refusal("unsupported", unusable.reason)
    return new Refusal("untrusted", `the trusted root has no log ${id}`)
  }
  if (promiseKeys(trust, logId).length > 0) return undefined
  if (proof === undefined)
    return new Refusal("untrusted", `no trusted key is that of the log ${id}`)
  if (isNamedBy(proof.checkpoint, trust)) return undefined
  return refusalOf(() => openTrusted(proof.checkpoint, trust, logId))
}

/** The artifact, if it is at hand and short enough to be read in other ways. */
function shortBytes(thing: SignedThing): Uint8Array | undefined {
  if (thing.form !== "artifact" || thing.bytes === undefined) return undefined
  return thing.bytes.length <= LONGEST_READING ? thing.bytes : undefined
}

/** Holds the signature and the body; gives the statement that both follow from. */
function verifyAbout(entry: TransparencyLogEntry, expected: Expected): EntryStatement {
  const { bundle, thing, key, engine } = expected
  const { signature } = bundle.content
  const statement = statementOf(entry, thing, key)
  const { algorithm, signed } = statement
  const { spki } = key
  const checks = signed.map((each) => ({ algorithm, spki, signature, signed: each }))
  if (!checks.some(engine.checkSignature)) {
    const check = checks[0] ?? bug("nothing was signed")
    const why = explainSignature(check, engine.checkSignature, shortBytes(thing))
    refuse("bad-signature", `the signature does not hold for this artifact under this key; ${why}`)
  }
  if (!equalBytes(entry.body, statement.body(signature))) {
    refuse("mismatch", "the log entry is not about this artifact, signature and key")
  }
  return statement
}

function verifyEntry(
  entry: TransparencyLogEntry,
  position: number,
  expected: Expected,
): VerifiedEntry {
  const statement = unlessUnjudged(() => verifyAbout(entry, expected))
  const logged = verifyLogged(entry, expected.bundle.version, expected)
  if (statement instanceof Refusal) throw statement
  const { kind, version, algorithm } = statement
  return { ...logged, kind, version, algorithm, body: entry.body, position }
}

interface Passed {
  readonly entry: TransparencyLogEntry
  readonly passed: Refusal
}

function passedOf({ index, logId }: TransparencyLogEntry, { message }: Refusal): PassedOverEntry {
  return { index, logId, reason: message }
}

/** A refusal says that the entry cannot be judged. */
function judgeEntry(
  entry: TransparencyLogEntry,
  position: number,
  expected: Expected,
): VerifiedEntry | Passed | Refusal {
  return unlessUnjudged(() => {
    const passed = reasonToPass(entry, expected.trust)
    return passed === undefined ? verifyEntry(entry, position, expected) : { entry, passed }
  })
}

/** Of a log that is pinned and cannot be judged here, before that of one that is not. */
function reasonOfNone(all: readonly Passed[]): Refusal {
  const reasons = all.map(({ passed }) => passed)
  return reasons.find(isUnjudged) ?? reasons[0] ?? bug("no entry was looked at")
}

/**
 * Verifies the log entries of a bundle: every one of a trusted log must hold and be about `thing`, signed under `key`, and
 * there must be one. Entries of other logs are passed over and named. `key` is the signer's key or certificate as the body
 * must name it; `now` is only compared with times that entries and keys state. Refuses `bad-proof` for a bundle without
 * entries, `untrusted` if none is of a trusted log (`mismatch` if bare keys are for another one); else with the first
 * reason, as {@link verifyBundle} does.
 */
export function verifyEntries(
  bundle: SigstoreBundle,
  thing: SignedThing,
  key: VerifierKey,
  trust: Trust,
  engine: VerifierEngine,
  now = new Date(),
): EntriesVerdict {
  const expected = { bundle, thing, key, trust, engine, now }
  const judged = bundle.entries.map((entry, position) => judgeEntry(entry, position, expected))
  if (judged.length === 0) refuse("bad-proof", "the bundle has no log entry")
  // What cannot be judged is said once nothing else is false.
  const unjudged = judged.find((each) => each instanceof Refusal)
  if (unjudged !== undefined) throw unjudged
  const verified = judged.filter((each) => "position" in each)
  const passedOver = judged.filter((each) => "passed" in each)
  if (verified.length === 0) throw reasonOfNone(passedOver)
  return { verified, passedOver: passedOver.map(({ entry, passed }) => passedOf(entry, passed)) }
}
