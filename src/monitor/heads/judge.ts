// Judges signed heads, wherever they were seen: who signed them, whether they are beginnings of the one tree
// that the log's entries give, and whether time and size only grow. A note that cannot be read, has no signature of
// the log that holds, or is a head of another log can be forged by whoever carries it, so it is a suspicion; only
// the log's key under another name is proven. Remembers what later heads are compared with in the documents of its
// caller; what it sees it returns.
import { utf8 } from "../../core/base/bytes.ts"
import { shown } from "../../core/base/errors.ts"
import { LONGEST_KEPT_NOTE } from "../../core/base/limits.ts"
import { parseCheckpointText } from "../../core/note/checkpoint.ts"
import { isWitnessKey, parseNote, type Vkey } from "../../core/note/note.ts"
import type { Origin } from "../../core/note/origin.ts"
import { makeKeyMisuse } from "../../evidence/head-evidence.ts"
import { isOwnOrigin } from "../../evidence/opened-head.ts"
import { absent, type Case, type Observation, type SuspectedCase } from "../findings/case.ts"
import { attested, keyOf, ungraded } from "../findings/finding.ts"
import type { DocumentReads } from "../state/documents.ts"
import { isAlias, judgeTreeId, keepAlias, openAlias } from "./alias.ts"
import { judgeClocks } from "./clocks.ts"
import { judgeStatement, ownStatementBy } from "./fork.ts"
import {
  forgetPending,
  keepCosigned,
  keepPending,
  type PendingHead,
  pendingHeads,
} from "./pending.ts"
import { watchSigners } from "./record.ts"
import { convicted, type JudgeScope, limitsOf } from "./scope.ts"
import {
  linesOf,
  type OpenedStatement,
  openStatement,
  type ReadNote,
  readNote,
  ruleFor,
  type Statement,
} from "./statement.ts"
import { vantageRecords, watchVantage } from "./vantage.ts"

/** How long a contradiction is kept that could not be proven, in milliseconds. */
const UNPROVEN_RETENTION = 7 * 86_400_000

/** A statement that somebody stands for: against the tree, against the past, against other vantage points. */
async function judgeSigned(judgement: HeadJudgement, statement: Statement) {
  const { documents, observation, origin } = judgement
  const { receivedAt } = observation
  const { verdict, findings } = await judgeStatement(judgement, statement)
  const bytes = utf8(statement.note).length
  // Nothing of a note that is too long is remembered, so it can only be held against the tree as it is now.
  if (bytes > LONGEST_KEPT_NOTE && statement.log.length === 0) return findings
  if (bytes > LONGEST_KEPT_NOTE) {
    const summary = `The log has signed a head of ${bytes} bytes, which is too long to be remembered.`
    return [...findings, attested("bad-head", origin, summary, "long")]
  }
  if (statement.head.origin !== origin) {
    if (verdict === "open") keepAlias(documents, judgement, statement, receivedAt)
    return [...findings, ...(await judgeTreeId(judgement, statement))]
  }
  if (verdict === "open") keepPending(documents, judgement, statement, receivedAt)
  if (verdict === "agrees") keepCosigned(documents, judgement, statement)
  const timed = await watchSigners(judgement, statement, receivedAt, verdict === "agrees")
  const isBeyond = statement.head.size > judgement.tree.head.size
  const isUsable = verdict === "agrees" || (verdict === "open" && isBeyond)
  const watched =
    isUsable && statement.log.length > 0
      ? watchVantage(judgement, observation, { size: statement.head.size, note: statement.note })
      : []
  return [...findings, ...timed, ...judgeClocks(judgement, statement, receivedAt), ...watched]
}

/**
 * Judges one observation of a log and remembers what later ones are compared with. Heads that the tree
 * does not reach are kept for {@link judgePending}. Refuses `malformed` for damaged documents only.
 */
export async function judgeHead(judgement: HeadJudgement): Promise<readonly Case[]> {
  const read = readNote(judgement.observation.note)
  if (read === undefined) return judgeUnreadable(judgement)
  if (read.head.origin !== judgement.origin) return await judgeForeign(judgement, read)
  const statement = openStatement(read, judgement)
  const lines = judgeLines(judgement, statement)
  if (statement.log.length === 0 && statement.witnesses.length === 0) return lines
  return [...lines, ...(await judgeSigned(judgement, statement))]
}

async function judgeKept(scope: JudgeScope, head: PendingHead): Promise<readonly Case[]> {
  const { statement, at } = head
  const { verdict, findings } = await judgeStatement(scope, statement)
  const isForgotten = scope.now - at > UNPROVEN_RETENTION
  if (verdict !== "open" || isForgotten) forgetPending(scope.documents, head)
  if (verdict !== "agrees" || statement.head.origin !== scope.origin) return findings
  keepCosigned(scope.documents, scope, statement)
  // What its times contradict was said when it was seen.
  await watchSigners(scope, statement, at, true)
  return []
}

function unreconciled(scope: JudgeScope, beyond: readonly PendingHead[]): readonly Case[] {
  const { origin, now, tree, isBehind } = scope
  if (isBehind === true) return []
  const { reconcileWithin, staleAfter } = limitsOf(scope)
  // Under its other names a log signs what it has, also while it waits for witnesses to publish that.
  const within = ({ statement }: PendingHead) =>
    statement.head.origin === origin ? reconcileWithin : staleAfter
  const [oldest] = beyond
    .filter((head) => head.statement.log.length > 0 && now - head.at > within(head))
    .toSorted((a, b) => a.at - b.at)
  if (oldest === undefined) return [absent(keyOf("unreconciled-head", origin))]
  const { size } = oldest.statement.head
  const summary = `The log has signed a head of size ${size}, but shows no entries above ${tree.head.size}.`
  return [attested("unreconciled-head", origin, summary)]
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

/**
 * The largest head that the log signed, wherever it was seen, with its note, which has the lines of known keys that
 * hold and no others; perhaps one that it shows no entries for, or one that turned out not to be of its tree.
 */
export function newestSigned(documents: DocumentReads, origin: Origin) {
  const [largest] = vantageRecords(documents, origin).toSorted(
    (a, b) => b.largest.size - a.largest.size,
  )
  if (largest === undefined) return undefined
  return { note: largest.note, head: parseCheckpointText(parseNote(largest.note).text) }
}

export interface HeadJudgement extends JudgeScope {
  readonly observation: Observation
}

const servedKinds = ["bad-head", "bad-head-signature", "trust-changed"] as const

/** Anybody may post heads, so what is wrong with those of verifiers is nobody's fault. */
function served(
  { observation, origin }: HeadJudgement,
  kind: (typeof servedKinds)[number],
  what: string,
  cut?: Pick<SuspectedCase, "key" | "patience">,
): readonly Case[] {
  const { vantage, receivedAt: at } = observation
  // A log need not have the door of Rekor v1, nor a policy the key of what others serve there.
  if (vantage === "verifier" || vantage === "rekor-v1") return []
  const summary = `${vantage} serves ${what}`
  return [{ ...ungraded(kind, origin, summary), ...cut, shownBy: vantage, at }]
}

function cutKey({ origin, observation }: HeadJudgement): string {
  return keyOf("bad-head", origin, "cut", observation.vantage)
}

/** A note that is no checkpoint. One that ends without a line feed was most likely cut on its way. */
function judgeUnreadable(judgement: HeadJudgement): readonly Case[] {
  const { note } = judgement.observation
  const what = `what is no signed head: ${shown(note)}`
  if (note.endsWith("\n")) return served(judgement, "bad-head", what)
  const patience = limitsOf(judgement).replayPatience
  return served(judgement, "bad-head", what, { key: cutKey(judgement), patience })
}

/** A head whose first line is not the log's name. */
async function judgeForeign(judgement: HeadJudgement, read: ReadNote): Promise<readonly Case[]> {
  const { note, head } = read
  if (isAlias(judgement, head.origin)) {
    const statement = openAlias(read, judgement)
    if (statement.log.length > 0) return await judgeSigned(judgement, statement)
  }
  const { origin, logKeys } = judgement
  const rule = ruleFor(judgement, head)
  const signers = linesOf(logKeys, note)
    .filter(({ vkey, line }) => rule(vkey, note.text, line.signature))
    .map(({ vkey }) => vkey)
  // Keys of type 4 and 6 may stand for other logs' heads as witnesses.
  const own = signers.filter((vkey) => !isWitnessKey(vkey))
  const what = `a head of ${shown(head.origin)}`
  if (own.length === 0 && signers.length > 0) return []
  // A key whose log has an origin that is not its name says nothing by the names under which it signs.
  const misused = own.find((vkey) => vkey.name === origin && !isOwnOrigin(vkey, head.origin))
  if (misused === undefined) return served(judgement, "bad-head", what)
  return [await judgeMisuse(judgement, misused, what)]
}

/** Proven only if the key is known to sign under its own name: else the policy may be wrong about the log's. */
async function judgeMisuse(judgement: HeadJudgement, vkey: Vkey, what: string): Promise<Case> {
  const { origin, observation, holds } = judgement
  const own = ownStatementBy(judgement, vkey)
  const doubt =
    own === undefined
      ? ` None under its own name was seen yet: if the log has this origin, the policy needs a line "#countersign:origin" with it.`
      : ""
  const summary = `The key of the log has signed ${what}.${doubt}`
  return await convicted(ungraded("key-misuse", origin, summary), async () =>
    own === undefined ? undefined : makeKeyMisuse(vkey, observation.note, own.note, holds),
  )
}

/** What is wrong with the signature lines; if nothing is, nothing is wrong with what was served before. */
function judgeLines(judgement: HeadJudgement, { broken, log, hasStranger }: OpenedStatement) {
  const { vantage } = judgement.observation
  if (broken.length > 0) {
    const names = broken.map((name) => shown(name)).join(", ")
    const what = `a head on which the signature of ${names} does not hold`
    return served(judgement, "bad-head-signature", what)
  }
  if (log.length > 0) {
    const keys = servedKinds.map((kind) => keyOf(kind, judgement.origin))
    return [...keys, cutKey(judgement)].map((key) => absent(key, vantage))
  }
  if (hasStranger) {
    const what = "a head that is signed in the log's name by a key that is not the log's"
    return served(judgement, "trust-changed", what)
  }
  return served(judgement, "bad-head-signature", "a head without a signature of the log")
}
