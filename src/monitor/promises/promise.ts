// Holds the log to what it has promised: an entry at an index, in every tree from then on, and when it took it.
// A promise that the tree keeps is forgotten; one that it contradicts convicts the log; one that it does not reach in time is
// the monitor's word.

import { equalBytes } from "../../core/base/bytes.ts"
import { parseBase64 } from "../../core/base/text.ts"
import { portableHasher } from "../../core/tree/hash.ts"
import { makeBrokenPromise } from "../../evidence/entry-evidence.ts"
import type { Evidence } from "../../evidence/evidence.ts"
import type { SignedPromise } from "../../evidence/promise.ts"
import type { Finding } from "../findings/finding.ts"
import { resolve } from "../findings/life.ts"
import { anchorFor, judgeStatement } from "../heads/fork.ts"
import { convicted, type JudgeScope } from "../heads/scope.ts"
import { keptStatement } from "../heads/statement.ts"
import { judgeEntryTime } from "./entry-time.ts"
import { isOverdue, type KeptPromise, keptPromises, promiserOf } from "./promise-record.ts"

export {
  keepReceipt,
  keepTimestamp,
  type PromisedEntry,
  type PromisedTimestamp,
} from "./promise-record.ts"

/** How long a broken promise is kept that could not be proven, in milliseconds. */
const UNPROVEN_RETENTION = 7 * 86_400_000

function findingOf({ origin }: JudgeScope, { key, index }: KeptPromise, summary: string) {
  const id = key.slice(key.lastIndexOf(" ") + 1)
  return {
    key: `broken-promise ${origin} ${id}`,
    kind: "broken-promise",
    origin,
    index,
    summary,
  } as const
}

interface Outcome {
  /** Whether there is nothing more to wait for. */
  readonly isSettled: boolean
  /** Whether the entry is where it was promised to be. */
  readonly isKept?: boolean
  readonly findings: readonly Finding[]
}

const KEPT: Outcome = { isSettled: true, isKept: true, findings: [] }

function waiting(scope: JudgeScope, promise: KeptPromise): Outcome {
  const isOwed = scope.isBehind !== true && isOverdue(scope, promise)
  if (!isOwed) return { isSettled: false, findings: [] }
  const summary = `The log has promised an entry at index ${promise.index}, and its tree still ends at ${scope.tree.head.size}.`
  const finding = { ...findingOf(scope, promise, summary), grade: "ATTESTED" } as const
  return { isSettled: false, findings: [finding] }
}

async function isInPlace(
  { tree }: JudgeScope,
  index: number,
  leafHash: Uint8Array,
): Promise<boolean> {
  return equalBytes(await tree.leafHash(index), leafHash)
}

type Receipt = Extract<KeptPromise, { readonly kind: "receipt" }>
type Timestamp = Extract<KeptPromise, { readonly kind: "timestamp" }>

/** The receipt's own head is judged: if the tree agrees with it, the proof has led to the tree's own leaf. */
async function judgeReceipt(scope: JudgeScope, receipt: Receipt): Promise<Outcome> {
  const { index, leafHash, checkpoint } = receipt
  const statement = keptStatement(checkpoint, scope)
  const { verdict, findings } = await judgeStatement(scope, statement)
  const isBeyond = statement.head.size > scope.tree.head.size
  if (isBeyond) {
    const outcome = waiting(scope, receipt)
    return { ...outcome, findings: [...findings, ...outcome.findings] }
  }
  if (verdict === "agrees" && (await isInPlace(scope, index, leafHash))) return KEPT
  const summary = `The log has promised an entry at index ${index} that is not in its tree there.`
  const fork = findings.find(({ kind }) => kind === "fork")
  const finding = await convicted(findingOf(scope, receipt, summary), async () => fork?.evidence)
  return { isSettled: verdict !== "open", findings: [...findings, finding] }
}

async function proofOf(scope: JudgeScope, promise: SignedPromise): Promise<Evidence | undefined> {
  const { logIndex: index } = promise
  const vkey = promiserOf(scope, promise)
  const anchor = vkey && (await anchorFor(scope, vkey, index + 1))
  if (vkey === undefined || anchor === undefined) return undefined
  const leafHash = await scope.tree.leafHash(index)
  const path = await scope.tree.inclusion(index, anchor.head.size)
  return makeBrokenPromise(vkey, promise, anchor.note, leafHash, path, scope.holds)
}

async function judgeTimestamp(scope: JudgeScope, timestamp: Timestamp): Promise<Outcome> {
  const { index, promise } = timestamp
  if (index >= scope.tree.head.size) return waiting(scope, timestamp)
  const body = parseBase64(promise.body, "promise body")
  if (await isInPlace(scope, index, portableHasher.leaf(body))) {
    return { ...KEPT, findings: await judgeEntryTime(scope, promise) }
  }
  const summary = `The log has promised an entry at index ${index}, and another entry is there.`
  const finding = await convicted(findingOf(scope, timestamp, summary), () =>
    proofOf(scope, promise),
  )
  return { isSettled: finding.grade === "PROVEN", findings: [finding] }
}

/** Judges the promises of a log, to be called in every round after the tree has grown. */
export async function judgePromises(scope: JudgeScope): Promise<readonly Finding[]> {
  const { documents, origin, now } = scope
  const findings: Finding[] = []
  for (const promise of keptPromises(documents, origin)) {
    const outcome =
      promise.kind === "receipt"
        ? await judgeReceipt(scope, promise)
        : await judgeTimestamp(scope, promise)
    findings.push(...outcome.findings)
    const isForgotten = now - promise.at > UNPROVEN_RETENTION
    if (outcome.isSettled || isForgotten) documents.remove("promise", promise.key)
    if (outcome.isKept === true) resolve(documents, findingOf(scope, promise, "").key, now)
  }
  return findings
}
