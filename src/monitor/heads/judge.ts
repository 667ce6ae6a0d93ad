// Judges signed heads, wherever they were seen: who signed them, whether they are beginnings of the one tree
// that the log's entries give, and whether time and size only grow. Remembers what later heads are compared with
// in the documents of its caller; what it sees it returns.
import { utf8 } from "../../core/base/bytes.ts"
import { LONGEST_KEPT_NOTE } from "../../core/base/limits.ts"
import type { CheckpointText } from "../../core/note/checkpoint.ts"
import type { Origin } from "../../core/note/origin.ts"
import { absent, type Case } from "../findings/case.ts"
import type { DocumentReads } from "../state/documents.ts"
import { keepCosigned } from "./cosigned-heads.ts"
import { judgeStatement } from "./fork.ts"
import { forgetPending, keepPending, type PendingHead, pendingHeads } from "./pending.ts"
import { type JudgeScope, limitsOf } from "./scope.ts"
import { type HeadJudgement, judgeForeign, judgeLines, judgeUnreadable } from "./served.ts"
import { openStatement, readNote, type Statement } from "./statement.ts"
import { headOf, vantageRecords } from "./vantage.ts"
import { watchVantage } from "./vantage-watch.ts"
import { watchSigners } from "./witness-watch.ts"

/** How long a contradiction is kept that could not be proven, in milliseconds. */
const UNPROVEN_RETENTION = 7 * 86_400_000

/** Nothing of such a note is remembered, so it can only be held against the tree as it is now. */
function tooLong({ origin }: HeadJudgement, { log }: Statement, bytes: number): Case[] {
  if (log.length === 0) return []
  const summary = `The log has signed a head of ${bytes} bytes, which is too long to be remembered.`
  return [{ key: `bad-head ${origin} long`, kind: "bad-head", grade: "ATTESTED", origin, summary }]
}

/** A statement that somebody stands for: against the tree, against the past, against other vantage points. */
async function judgeSigned(
  judgement: HeadJudgement,
  statement: Statement,
): Promise<readonly Case[]> {
  const { documents, observation } = judgement
  const { receivedAt } = observation
  const { verdict, findings } = await judgeStatement(judgement, statement)
  const bytes = utf8(statement.note).length
  if (bytes > LONGEST_KEPT_NOTE) return [...findings, ...tooLong(judgement, statement, bytes)]
  if (verdict === "open") keepPending(documents, judgement, statement, receivedAt)
  if (verdict === "agrees") keepCosigned(documents, judgement, statement)
  const timed = await watchSigners(judgement, statement, receivedAt, verdict === "agrees")
  const isBeyond = statement.head.size > judgement.tree.head.size
  const isUsable = verdict === "agrees" || (verdict === "open" && isBeyond)
  const watched =
    isUsable && statement.log.length > 0
      ? watchVantage(judgement, observation, { size: statement.head.size, note: statement.note })
      : []
  return [...findings, ...timed, ...watched]
}

/**
 * Judges one observation of a log and remembers what later ones are compared with. Heads that the tree
 * does not reach are kept for {@link judgePending}. Refuses `malformed` for damaged documents only.
 */
export async function judgeHead(judgement: HeadJudgement): Promise<readonly Case[]> {
  const read = readNote(judgement.observation.note)
  if (read === undefined) return judgeUnreadable(judgement)
  if (read.head.origin !== judgement.origin) return await judgeForeign(judgement, read)
  const { broken, hasStranger, ...statement } = openStatement(read, judgement)
  const lines = judgeLines(judgement, { broken, hasStranger, ...statement })
  if (statement.log.length === 0 && statement.witnesses.length === 0) return lines
  return [...lines, ...(await judgeSigned(judgement, statement))]
}

async function judgeKept(scope: JudgeScope, head: PendingHead): Promise<readonly Case[]> {
  const { statement, at } = head
  const { verdict, findings } = await judgeStatement(scope, statement)
  const isForgotten = scope.now - at > UNPROVEN_RETENTION
  if (verdict !== "open" || isForgotten) forgetPending(scope.documents, head)
  if (verdict !== "agrees") return findings
  keepCosigned(scope.documents, scope, statement)
  // What its times contradict was said when it was seen.
  const timed = await watchSigners(scope, statement, at, true)
  return timed.filter((each) => "absentAt" in each)
}

function unreconciled(scope: JudgeScope, beyond: readonly PendingHead[]): readonly Case[] {
  const { origin, now, tree, isBehind } = scope
  if (isBehind === true) return []
  const key = `unreconciled-head ${origin}`
  const { reconcileWithin } = limitsOf(scope)
  const [oldest] = beyond
    .filter(({ statement, at }) => statement.log.length > 0 && now - at > reconcileWithin)
    .toSorted((a, b) => a.at - b.at)
  if (oldest === undefined) return [absent(key)]
  const { size } = oldest.statement.head
  const summary = `The log has signed a head of size ${size}, but shows no entries above ${tree.head.size}.`
  return [{ key, kind: "unreconciled-head", grade: "ATTESTED", origin, summary }]
}

/** Judges the heads that were kept, to be called in every round after the tree has grown. */
export async function judgePending(scope: JudgeScope): Promise<readonly Case[]> {
  const cases: Case[] = []
  const heads = pendingHeads(scope.documents, scope)
  const isBeyond = ({ statement }: PendingHead) => statement.head.size > scope.tree.head.size
  // The largest first: what agrees with the tree is what the others are convicted by.
  const within = heads
    .filter((head) => !isBeyond(head))
    .toSorted((a, b) => b.statement.head.size - a.statement.head.size)
  for (const head of within) cases.push(...(await judgeKept(scope, head)))
  return [...cases, ...unreconciled(scope, heads.filter(isBeyond))]
}

interface SignedHeadSeen {
  readonly head: CheckpointText
  /** With the lines of known keys that hold, and no others. */
  readonly note: string
}

/**
 * The largest head that the log signed, wherever it was seen; perhaps one that it shows no entries for, or
 * one that turned out not to be of its tree.
 */
export function newestSigned(documents: DocumentReads, origin: Origin): SignedHeadSeen | undefined {
  const [largest] = vantageRecords(documents, origin).toSorted(
    (a, b) => b.largest.size - a.largest.size,
  )
  return largest && { note: largest.note, head: headOf(largest) }
}
