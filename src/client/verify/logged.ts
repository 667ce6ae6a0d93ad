// That a log has an entry: by an inclusion proof under a checkpoint, by the log's promise, or by both, of which each must
// then hold. Leaves out what the entry is about (entries.ts).
import { refuse } from "../../core/base/errors.ts"
import { present } from "../../core/base/present.ts"
import type { Origin } from "../../core/note/origin.ts"
import type { Cosignature } from "../../core/note/policy.ts"
import type { Hash } from "../../core/tree/hash.ts"
import type { BundleVersion } from "../../sigstore/bundle-form.ts"
import type {
  CheckpointedProof,
  TransparencyLogEntry,
} from "../../sigstore/transparency-log-entry.ts"
import { verifyInclusion } from "../inclusion.ts"
import { isLogId, isTreeName, openTrusted, type Trust, type TrustedHead } from "../trust.ts"
import type { VerifierEngine } from "./engine.ts"
import { promiseKeys, verifyPromise } from "./promise.ts"
import { assertPast, windowAt } from "./windows.ts"

/** An entry that a trusted log has. */
export interface LoggedEntry {
  /** `promise`: by the log's word alone, which nobody can check; there is then no size and no root. */
  readonly inclusion: "proof" | "promise"
  /** The log; of Rekor v1 the tree (`HOST - TREEID`) whose checkpoint it was proven under. */
  readonly origin: Origin
  /** Where it stands in the tree of `origin`; if it is only promised, over all trees of the log. */
  readonly index: number
  /** The index over all trees of a log of Rekor v1, where the log promised one. */
  readonly logIndex?: number
  readonly leafHash: Hash
  /** The head that it was proven under. */
  readonly size?: number
  readonly root?: Hash
  /** Of the policy's witnesses; empty without a policy. */
  readonly cosignatures: readonly Cosignature[]
  /** When the log took it, by a promise that holds. */
  readonly time?: Date
  /** Until when the log's key was valid, if that is over and nothing shows that the entry is from before. */
  readonly keyEnded?: Date
}

/** What an entry is verified by. */
export interface EntryTrust {
  readonly trust: Trust
  readonly engine: VerifierEngine
  readonly now: Date
}

function timeOf(entry: TransparencyLogEntry, promise: Uint8Array, by: EntryTrust): Date {
  const keys = promiseKeys(by.trust, entry.logId)
  const [key] = keys
  if (key === undefined) {
    return refuse("untrusted", "no trusted key has the ID that the signed entry timestamp names")
  }
  verifyPromise(entry, promise, key, by.engine)
  return new Date((entry.integratedTime ?? 0) * 1000)
}

/** Where a log of Rekor v1 has several trees, its index counts over all of them, and never falls behind the tree's. */
function assertIndex({ index }: TransparencyLogEntry, proof: CheckpointedProof, origin: string) {
  const isRight = isTreeName(origin) ? index >= proof.index : index === proof.index
  if (!isRight) refuse("bad-proof", `logIndex: the entry says ${index}, its proof ${proof.index}`)
}

function verifyProof(entry: TransparencyLogEntry, proof: CheckpointedProof, by: EntryTrust) {
  const { trust, engine } = by
  const head: TrustedHead = openTrusted(proof.checkpoint, trust, entry.logId, engine.checkLine)
  assertIndex(entry, proof, head.origin)
  return { ...head, leafHash: verifyInclusion(entry.body, proof, head, engine.hasher) }
}

/** A promise is no checkpoint that witnesses could have cosigned. */
function assertNoQuorum(trust: Trust): void {
  if (!("policy" in trust) || trust.policy.quorum === "none") return
  const { quorum } = trust.policy
  refuse("untrusted", `the quorum ${quorum} is not reached: the entry is promised, but not proven`)
}

function promised(entry: TransparencyLogEntry, by: EntryTrust) {
  assertNoQuorum(by.trust)
  const [key] = promiseKeys(by.trust, entry.logId)
  const origin = key?.origin ?? refuse("untrusted", "no trusted key made the promise")
  const leafHash = by.engine.hasher.leaf(entry.body)
  return { inclusion: "promise", origin, index: entry.index, leafHash, cosignatures: [] } as const
}

/** The end of the key's window if that is over and the entry has no time. */
function judgeWindow({ logId }: TransparencyLogEntry, time: Date | undefined, by: EntryTrust) {
  const { trust, now } = by
  if (!("trustedRoot" in trust)) return undefined
  const { validUntil } = windowAt(
    trust.trustedRoot.filter((log) => isLogId(log, logId)),
    time,
    now,
  )
  const isOver = validUntil !== undefined && validUntil.getTime() < now.getTime()
  return time === undefined && isOver ? validUntil : undefined
}

/**
 * Verifies that a trusted log has the entry. Refuses `bad-proof`, also for a bundle of version 0.2 or later without a
 * proof; `bad-signature`; `untrusted` for a key that was not valid or that is not known, or a missing quorum; `mismatch`
 * for another log and for a time that has not come yet.
 */
export function verifyLogged(
  entry: TransparencyLogEntry,
  version: BundleVersion,
  by: EntryTrust,
): LoggedEntry {
  const { proof, promise, integratedTime, index } = entry
  if (proof === undefined && (promise === undefined || version === "0.2" || version === "0.3")) {
    // SPEC: an inclusion proof is required in bundles of version 0.2 and later (sigstore_bundle.proto).
    refuse("bad-proof", "the bundle has no inclusion proof")
  }
  if (integratedTime !== undefined) assertPast(integratedTime, by.now)
  const time = promise && timeOf(entry, promise, by)
  const keyEnded = judgeWindow(entry, time, by)
  if (proof === undefined) return { ...promised(entry, by), ...present({ time, keyEnded }) }
  const { origin, size, root, cosignatures, leafHash } = verifyProof(entry, proof, by)
  const logIndex = promise && isTreeName(origin) ? index : undefined
  const head = { inclusion: "proof", origin, index: proof.index, leafHash } as const
  return { ...head, size, root, cosignatures, ...present({ logIndex, time, keyEnded }) }
}
