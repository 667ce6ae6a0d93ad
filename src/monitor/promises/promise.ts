// Holds the log to what it has promised: an entry at an index, in every tree from then on, and when it took it.
// A promise that the tree keeps is forgotten; one that it contradicts convicts the log; one that it does not reach in time is
// the monitor's word. The time that the log has signed for an entry is held against the clocks of witnesses: it took
// the entry after the last head without it was cosigned, and before the first head with it was.
import { equalBytes } from "../../core/base/bytes.ts"
import { present } from "../../core/base/present.ts"
import { parseBase64 } from "../../core/base/text.ts"
import type { Vkey } from "../../core/note/note.ts"
import { portableHasher } from "../../core/tree/hash.ts"
import { makeBrokenPromise, makeEntryTime } from "../../evidence/entry-evidence.ts"
import type { Evidence } from "../../evidence/evidence.ts"
import type { SignedPromise } from "../../evidence/promise.ts"
import { ALLOWED_SKEW } from "../../evidence/promise-verdicts.ts"
import { verifyEvidence } from "../../evidence/verification.ts"
import { absent, type Case } from "../findings/case.ts"
import { type Finding, keyOf, ungraded } from "../findings/finding.ts"
import { anchorFor, judgeStatement } from "../heads/fork.ts"
import { cosignedHeads } from "../heads/pending.ts"
import { convicted, type JudgeScope } from "../heads/scope.ts"
import { keptStatement, type Signer, type Statement, secondsText } from "../heads/statement.ts"
import {
  forgetPromise,
  isOverdue,
  type KeptPromise,
  keptPromises,
  promiserOf,
} from "./promise-record.ts"

/** How long a broken promise is kept that could not be proven, in milliseconds. */
const UNPROVEN_RETENTION = 7 * 86_400_000

function findingOf({ origin }: JudgeScope, { id, index }: KeptPromise, summary: string) {
  return { ...ungraded("broken-promise", origin, summary, id), index }
}

interface Outcome {
  /** Whether there is nothing more to wait for. */
  readonly isSettled: boolean
  readonly cases: readonly Case[]
}

/** The entry is where it was promised to be. */
function kept(scope: JudgeScope, promise: KeptPromise): Outcome {
  return { isSettled: true, cases: [absent(keyOf("broken-promise", scope.origin, promise.id))] }
}

function waiting(scope: JudgeScope, promise: KeptPromise): Outcome {
  const isOwed = scope.isBehind !== true && isOverdue(scope, promise)
  if (!isOwed) return { isSettled: false, cases: [] }
  const summary = `The log has promised an entry at index ${promise.index}, and its tree still ends at ${scope.tree.head.size}.`
  return { isSettled: false, cases: [{ ...findingOf(scope, promise, summary), grade: "ATTESTED" }] }
}

async function isInPlace({ tree }: JudgeScope, index: number, leafHash: Uint8Array) {
  return equalBytes(await tree.leafHash(index), leafHash)
}

type Receipt = Extract<KeptPromise, { readonly kind: "receipt" }>
type Timestamp = Extract<KeptPromise, { readonly kind: "timestamp" }>

/** The receipt's own head is judged: if the tree agrees with it, the proof has led to the tree's own leaf. */
async function judgeReceipt(scope: JudgeScope, receipt: Receipt): Promise<Outcome> {
  const { index, leafHash, checkpoint } = receipt
  const statement = keptStatement(checkpoint, scope)
  const { verdict, findings } = await judgeStatement(scope, statement)
  if (statement.head.size > scope.tree.head.size) {
    const outcome = waiting(scope, receipt)
    return { ...outcome, cases: [...findings, ...outcome.cases] }
  }
  if (verdict === "agrees" && (await isInPlace(scope, index, leafHash))) return kept(scope, receipt)
  const summary = `The log has promised an entry at index ${index} that is not in its tree there.`
  const fork = findings.find(({ kind }) => kind === "fork")
  const finding = await convicted(findingOf(scope, receipt, summary), async () => fork?.evidence)
  return { isSettled: verdict !== "open", cases: [...findings, finding] }
}

/** What `make` gives for the key that promised and the largest head of the tree that it signed. */
async function proven(
  scope: JudgeScope,
  promise: SignedPromise,
  make: (vkey: Vkey, anchor: Statement) => Promise<Evidence>,
): Promise<Evidence | undefined> {
  const vkey = promiserOf(scope, promise)
  const anchor = vkey && (await anchorFor(scope, vkey, promise.logIndex + 1))
  return vkey && anchor && (await make(vkey, anchor))
}

async function judgeTimestamp(scope: JudgeScope, timestamp: Timestamp): Promise<Outcome> {
  const { index } = timestamp
  if (index >= scope.tree.head.size) return waiting(scope, timestamp)
  const body = parseBase64(timestamp.body, "promise body")
  if (await isInPlace(scope, index, portableHasher.leaf(body))) {
    const outcome = kept(scope, timestamp)
    return { ...outcome, cases: [...outcome.cases, ...(await judgeEntryTime(scope, timestamp))] }
  }
  const summary = `The log has promised an entry at index ${index}, and another entry is there.`
  const finding = await convicted(findingOf(scope, timestamp, summary), () =>
    proven(scope, timestamp, async (vkey, anchor) => {
      const leafHash = await scope.tree.leafHash(index)
      const path = await scope.tree.inclusion(index, anchor.head.size)
      return makeBrokenPromise(vkey, timestamp, anchor.note, leafHash, path, scope.holds)
    }),
  )
  return { isSettled: finding.grade === "PROVEN", cases: [finding] }
}

/** Judges the promises of a log, to be called in every round after the tree has grown. */
export async function judgePromises(scope: JudgeScope): Promise<readonly Case[]> {
  const { documents, origin, now } = scope
  const cases: Case[] = []
  for (const promise of keptPromises(documents, origin)) {
    const outcome =
      promise.kind === "receipt"
        ? await judgeReceipt(scope, promise)
        : await judgeTimestamp(scope, promise)
    cases.push(...outcome.cases)
    const isForgotten = now - promise.at > UNPROVEN_RETENTION
    if (outcome.isSettled || isForgotten) forgetPromise(documents, origin, promise)
  }
  return cases
}

/** The newest head whose witnesses contradict the log; `isWithin` says whether the entry is in it. */
function contradictionOf(scope: JudgeScope, { logIndex, integratedTime: time }: SignedPromise) {
  const cases = cosignedHeads(scope.documents, scope).map(({ size, first, last }) => {
    const isWithin = size > logIndex
    const statement = isWithin ? first : last
    const isWrong = (signer: Signer): boolean =>
      isWithin ? signer.time < time - ALLOWED_SKEW : signer.time > time + ALLOWED_SKEW
    return { statement, isWithin, witnesses: statement.witnesses.filter(isWrong) }
  })
  return cases.findLast(({ witnesses }) => witnesses.length > 0)
}

/**
 * The finding that a promise makes whose entry is in its place, if witnesses contradict its time; the times
 * of heads that the monitor has not seen, or has forgotten, contradict nothing.
 */
async function judgeEntryTime(scope: JudgeScope, promise: SignedPromise): Promise<Finding[]> {
  const contradiction = contradictionOf(scope, promise)
  if (contradiction === undefined) return []
  const { logIndex: index, integratedTime } = promise
  const { statement, isWithin, witnesses } = contradiction
  const { origin, tree, holds } = scope
  const times = witnesses.map(({ time }) => secondsText(time)).join(", ")
  const summary = `The log says that it took entry ${index} at ${secondsText(integratedTime)}; witnesses knew the head of size ${statement.head.size}, ${isWithin ? "with" : "without"} it, at ${times}.`
  const finding = { ...ungraded("entry-time", origin, summary, String(index)), index }
  async function prove(vkey: Vkey, anchor: Statement): Promise<Evidence> {
    const { note, head } = isWithin ? statement : anchor
    const body = parseBase64(promise.body, "promise body")
    const entry = { index, body, path: await tree.inclusion(index, head.size) }
    const vkeys = witnesses.map((signer) => signer.vkey)
    const older = isWithin ? undefined : statement.note
    const found = { witnesses: vkeys, note, entry, promise, ...present({ older }) }
    return makeEntryTime(vkey, found, holds)
  }
  return [withEffect(scope, await convicted(finding, () => proven(scope, promise, prove)))]
}

/** What the evidence does for whoever knows the witnesses of this log's policy. */
function withEffect({ holds, witnesses }: JudgeScope, finding: Finding): Finding {
  if (finding.evidence === undefined) return finding
  const known = witnesses.map(({ vkey }) => vkey)
  const { effect } = verifyEvidence(finding.evidence.text, undefined, holds, known)
  return { ...finding, effect }
}
