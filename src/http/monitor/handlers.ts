// What a monitor answers: heads and receipts that verifiers post, evidence, and whether it is working. What
// is posted is verified and put into the mailbox of the next round; nothing here changes the state.
import type { AuditHead } from "../../core/acts/act.ts"
import { equalBytes, parseUtf8 } from "../../core/base/bytes.ts"
import { refuse, shown, unlessRefused } from "../../core/base/errors.ts"
import { LONGEST_KEPT_NOTE } from "../../core/base/limits.ts"
import { checkpointRule } from "../../core/note/cosignature.ts"
import { formatHeadList, type ListedHead, parseHeadList } from "../../core/note/head-list.ts"
import {
  formatNote,
  isSignatureOf,
  isWitnessKey,
  type Note,
  openNote,
  type SignatureRule,
  type Vkey,
} from "../../core/note/note.ts"
import type { Origin } from "../../core/note/origin.ts"
import type { Hash } from "../../core/tree/hash.ts"
import { isOwnOrigin } from "../../evidence/opened-head.ts"
import { evidenceText, keptEvidence } from "../../monitor/findings/evidence.ts"
import { newestSigned } from "../../monitor/heads/judge.ts"
import type { Mailbox } from "../../monitor/promises/mailbox.ts"
import {
  type PinnedKeys,
  type PostedReceipt,
  readPostedReceipts,
} from "../../monitor/promises/mailbox.ts"
import type { DocumentReads } from "../../monitor/state/documents.ts"
import type { MonitorStatus } from "../../monitor/status.ts"
import { type Answer, jsonAnswer, textAnswer } from "../serving/answer.ts"
import type { MetricsText } from "../serving/metrics-text.ts"
import type { BodyRule } from "../serving/request-body.ts"
import { type Call, get, isOpen, post, type Route, type WriteCall } from "../serving/route.ts"
import { ledgerRoute, type ServedLedgers } from "./ledger.ts"
import { messageRoute, type TakeMessage } from "./messages.ts"
import { statusPage } from "./page.ts"

/** A followed log with the keys whose signature lines are kept. */
interface ServedMonitorLog extends PinnedKeys {
  readonly witnesses: readonly Vkey[]
}

/** The monitor as its door sees it. */
export interface ServedMonitor {
  readonly logs: readonly ServedMonitorLog[]
  readonly mailbox: Mailbox
  /** What is committed. */
  readonly documents: DocumentReads
  status(): MonitorStatus
  /** Where pipelines post what they have signed; nowhere by default. */
  readonly ledgers?: ServedLedgers
  /** The root of the monitor's own tree at a size; undefined above it. */
  rootAt(origin: Origin, size: number): Promise<Hash | undefined>
  /** Whether a signature holds; by default the portable rule. */
  readonly holds?: SignatureRule
  /** Takes what was signed of an entry. */
  readonly takeMessage?: TakeMessage
  /** The newest head of the audit log; undefined as long as there is none. */
  readonly auditHead?: (() => AuditHead | undefined) | undefined
  /** Unix milliseconds. */
  now(): number
}

const LONGEST_POST = 1_048_576
const MOST_HEADS = 16

/** The note with the lines of known keys only, so that nobody can use the monitor as a store. */
function trimmed({ text, signatures }: Note, { vkeys, witnesses }: ServedMonitorLog): string {
  const known = [...vkeys, ...witnesses]
  const kept = signatures.filter((line) => known.some((vkey) => isSignatureOf(vkey, line)))
  return formatNote(text, kept)
}

/** The keys that convict the log by a head of this name: any under its own names, under others those of no witness. */
function keysFor({ origin, vkeys }: ServedMonitorLog, name: string): readonly Vkey[] {
  return name === origin ? vkeys : vkeys.filter((vkey) => !isWitnessKey(vkey))
}

/** The note of a head that the log signed; undefined for any other. */
function signedNote(
  { note, head }: ListedHead,
  log: ServedMonitorLog,
  holds: SignatureRule | undefined,
): string | undefined {
  const kept = unlessRefused(() => {
    openNote(note, keysFor(log, head.origin), holds ?? checkpointRule(head))
    return trimmed(note, log)
  })
  return kept !== undefined && kept.length <= LONGEST_KEPT_NOTE ? kept : undefined
}

const noEvidence = (id: string) =>
  `expected the ID of kept evidence, found ${shown(id)}; GET /evidence lists them`

const foreign = "expected a head signed by a log that this monitor follows, found none"

export function monitorRoutes(
  served: ServedMonitor,
  metrics: MetricsText,
  isClosing: () => boolean,
): readonly Route[] {
  const { logs, mailbox, documents } = served

  /** The log whose key signed a head, and the note; the log of that name first, for each key may sign any name. */
  function signerOf(listed: ListedHead) {
    const { origin: name } = listed.head
    const named = logs.filter(({ origin }) => origin === name)
    for (const log of [...named, ...logs.filter(({ origin }) => origin !== name)]) {
      const note = signedNote(listed, log, served.holds)
      if (note !== undefined) return { log, note }
    }
    return undefined
  }

  /** Takes a head unless the monitor's own tree has it; undefined if no followed log signed it. */
  async function takeHead(listed: ListedHead) {
    const signed = signerOf(listed)
    if (signed === undefined) return undefined
    const { log, note } = signed
    const { origin, vkeys } = log
    const { origin: name, size, root } = listed.head
    const own = await served.rootAt(origin, size)
    const isSameLog = vkeys.some((vkey) => isOwnOrigin(vkey, name))
    const isKnown = name === origin && own !== undefined && equalBytes(own, root)
    const isOfTree = own === undefined || equalBytes(own, root)
    const contradicts = !isSameLog || !isOfTree
    const receivedAt = served.now()
    if (!isKnown) mailbox.postHead({ origin, note, size, contradicts, receivedAt })
    return { origin, note }
  }

  /** The logs whose heads were taken. */
  async function takeHeads(heads: readonly ListedHead[]): Promise<ReadonlySet<Origin>> {
    const origins = new Set<Origin>()
    for (const listed of heads) {
      const taken = await takeHead(listed)
      if (taken !== undefined) origins.add(taken.origin)
    }
    return origins.size > 0 ? origins : refuse("untrusted", foreign)
  }

  async function takeReceipt({ head, receipt }: PostedReceipt): Promise<void> {
    const { origin, note } = (await takeHead(head)) ?? refuse("untrusted", foreign)
    mailbox.postPromise({ form: "receipt", origin, receipt: { ...receipt, checkpoint: note } })
  }

  function newestOf(origins: ReadonlySet<Origin>): string {
    const newest = [...origins].flatMap((origin) => newestSigned(documents, origin) ?? [])
    return formatHeadList(newest.map(({ note }) => ({ text: note })))
  }

  async function addHeads(text: string): Promise<Answer> {
    const heads = parseHeadList(text, MOST_HEADS)
    if (heads.length === 0) refuse("malformed", "body: expected at least one note, found none")
    return textAnswer(202, newestOf(await takeHeads(heads)))
  }

  async function addReceipts(text: string): Promise<Answer> {
    const { timestamps, receipts, heads } = readPostedReceipts(text, logs)
    for (const receipt of receipts) await takeReceipt(receipt)
    // A promise holds by itself; the head beside it may be of a log that is not followed here.
    for (const head of heads) await takeHead(head)
    for (const timestamp of timestamps) mailbox.postPromise(timestamp)
    return textAnswer(202, "")
  }

  function status(): Answer {
    const status = served.status()
    // Why a sink fails may name what only the operator should know.
    const sinks = status.sinks.map(({ lastFailure: _, ...sink }) => sink)
    return jsonAnswer(200, { ...status, sinks, audit: served.auditHead?.() })
  }

  function evidenceList(): Answer {
    const lines = keptEvidence(documents).map(({ id, kind, effect }) => `${id} ${kind} ${effect}\n`)
    return textAnswer(200, lines.join(""))
  }

  function evidence({ parameters: { id } }: Call<{ readonly id: string }>): Answer {
    const text = evidenceText(documents, id)
    return textAnswer(200, text ?? refuse("not-found", noEvidence(id)))
  }

  async function metricsAnswer(): Promise<Answer> {
    return textAnswer(200, await metrics.text(), { "content-type": metrics.contentType })
  }

  function readiness(): Answer {
    if (isClosing()) refuse("try-later", "the monitor is shutting down")
    const late =
      "expected a complete round lately, found the last one too long ago; see /status.json"
    return textAnswer(200, served.status().isBlind ? refuse("try-later", late) : "ok\n")
  }

  const texts = (take: (text: string) => Promise<Answer>) => {
    return ({ withBody }: WriteCall) => withBody((bytes) => take(parseUtf8(bytes, "body")))
  }

  const text: BodyRule = { limit: LONGEST_POST, group: "heads", mediaType: "text/plain" }
  const posts = { scope: "heads", weight: "heads" } as const
  const json: BodyRule = { limit: LONGEST_POST, group: "receipts", mediaType: "application/json" }
  return [
    post("addHeads", "/heads", text, texts(addHeads), posts),
    post("addReceipts", "/receipts", json, texts(addReceipts), posts),
    ledgerRoute(served.ledgers),
    messageRoute(served.takeMessage),
    get("listEvidence", "/evidence", evidenceList),
    get("getEvidence", "/evidence/{id}", evidence),
    get("getStatus", "/status.json", status),
    get("getStatusPage", "/", () => statusPage(served.status())),
    get("getMetrics", "/metrics", metricsAnswer),
    get("getLiveness", "/livez", () => textAnswer(200, "ok\n"), isOpen),
    get("getReadiness", "/readyz", readiness, isOpen),
  ]
}
