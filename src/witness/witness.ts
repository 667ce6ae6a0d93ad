// A C2SP tlog-witness: cosigns checkpoints of the logs it is configured with, each only if it follows the
// one before. Leaves out HTTP, keys and disks, which are ports; sign-subtree and mirroring are not done.
import { bug, Refusal } from "../core/base/errors.ts"
import { present } from "../core/base/present.ts"
import { formatBase64 } from "../core/base/text.ts"
import { parseCheckpoint } from "../core/note/checkpoint.ts"
import { formatNote, formatVkey, type SignatureRule } from "../core/note/note.ts"
import type { Origin } from "../core/note/origin.ts"
import type { Clock } from "../core/time/clock.ts"
import type { TreeHasher } from "../core/tree/hash.ts"
import type { Evidence } from "../evidence/evidence.ts"
import { createAdvancing, type Waiting } from "./advancing.ts"
import { createWitnessClock } from "./clock.ts"
import { type Conviction, createConviction, type TakenEvidence } from "./conviction.ts"
import { type Cosign, type Cosigner, createCosigning } from "./cosigning.ts"
import { isBeyond } from "./judgement.ts"
import { type LogState, type LogStates, loadLogStates, stateOf } from "./log-states.ts"
import { createQueue } from "./queue.ts"
import type { Freeze, KeptEvidence, WitnessedHead, WitnessStore } from "./store.ts"
import {
  linesOfOurs,
  type PatientRule,
  parseForeignNote,
  portableRule,
  readSubmission,
  type SubmissionRules,
  type WitnessedLog,
} from "./submission.ts"

export { OldSizeConflict } from "./judgement.ts"
export type { TakenEvidence, WitnessedLog }

export interface WitnessOptions {
  readonly store: WitnessStore
  readonly logs: readonly WitnessedLog[]
  readonly cosigners: readonly Cosigner[]
  readonly hasher: TreeHasher
  /** The wall clock in Unix seconds. */
  readonly now: () => number
  /** What `now` is worth; by default it is held against what was signed at the start and then believed. */
  readonly clock?: Clock
  /** Whether a line holds over a checkpoint's text, for keys of every type; the portable rule if left out. */
  readonly holds?: SignatureRule
  /** The same for requests, off the calling thread; {@link holds} on it if left out. */
  readonly holdsElsewhere?: PatientRule
  /** Calls back after what has arrived by now (`setImmediate`). */
  readonly defer: (callback: () => void) => void
  /** Whether a log that is proven to lie is cosigned no more; true if left out. */
  readonly freezeOnFork?: boolean
  /** Whether a log may have other keys than it was first accepted with; false if left out. */
  readonly acceptNewKeys?: boolean
  /** Notes of the logs as they and other witnesses hold them: looked through before anything is signed. */
  readonly seen?: readonly string[]
  /** Told of each new evidence that the witness makes or takes. */
  readonly onEvidence?: (origin: Origin, evidence: Evidence) => void
}

export interface WitnessedLogStatus {
  readonly origin: Origin
  readonly vkeys: readonly string[]
  /** 0 if it was never cosigned; then there is no root. */
  readonly size: number
  /** Base64. */
  readonly root?: string
  /** When it was last cosigned, in Unix seconds; 0 for never. */
  readonly time: number
  readonly frozen?: Freeze
}

export interface WitnessStatus {
  readonly logs: readonly WitnessedLogStatus[]
  /** Why nothing is signed any more until a restart; undefined if all is well. */
  readonly stopped?: string
  /** Why nothing is signed until the clock is confirmed; undefined if it is believed. */
  readonly doubt?: string
  /** That the newest times are signed on, or that for some logs nothing is, as the clock is behind; undefined if not. */
  readonly standing?: string
}

export interface Witness {
  /**
   * The cosignature lines for an add-checkpoint request, one a key; they are durable before they exist.
   * The refusals and their places in the order are those of tlog-witness:
   *
   * | refusal                             | status |
   * |-------------------------------------|--------|
   * | `malformed` (request, note)         | 400    |
   * | `not-found`                         | 404    |
   * | `bad-signature`, `untrusted`        | 403    |
   * | `malformed` (checkpoint, old size)  | 400    |
   * | `untrusted` (extension lines)       | 403    |
   * | `mismatch` (empty root, frozen log) | 422    |
   * | {@link OldSizeConflict}             | 409    |
   * | `bad-proof`                         | 422    |
   * | `try-later`                         | 503    |
   *
   * Refuses `try-later` as well while the clock is in doubt, and for a log whose newest time is a day ahead of it.
   * After Trouble nothing is signed until a restart, while everything else here goes on.
   */
  addCheckpoint(body: Uint8Array): Promise<{ readonly lines: string }>
  /**
   * The newest checkpoint of a log that was cosigned, with the log's lines and the cosignatures that were
   * given out last; undefined if there is none, or a restart found no right to cosign it again.
   */
  checkpoint(origin: string): string | undefined
  /**
   * Takes evidence from anyone; it convicts by itself, and what is kept already is not verified again.
   * Refuses as {@link verifyEvidence} does, `untrusted` if no log that is cosigned here has the key,
   * `not-allowed` for a kind that is no reason to freeze a log, and if enough is kept against that log.
   */
  takeEvidence(text: string): Promise<TakenEvidence>
  /** Refuses `untrusted` for the beginning of evidence that names no key of a log that is cosigned here. */
  assertConcerned(begun: string): void
  /** All evidence that is kept, grouped by log. */
  evidence(): Promise<readonly KeptEvidence[]>
  status(): WitnessStatus
}

/**
 * Starts a witness: loads what it holds, looks through the notes in `seen` for its own cosignatures, and
 * cosigns again, at the present time, what it may. Refuses `mismatch` if a log has other keys than it was
 * first accepted with, unless `acceptNewKeys`. The store stays the caller's to close.
 */
export async function createWitness(options: WitnessOptions): Promise<Witness> {
  const { store, logs, cosigners } = options
  assertConfigured(options)
  const holds = options.holds ?? portableRule
  const holdsElsewhere = options.holdsElsewhere ?? (async (...line) => holds(...line))
  const states = await loadLogStates(store, logs, options.acceptNewKeys ?? false)
  const conviction = await createConviction({
    store,
    states,
    freezes: options.freezeOnFork ?? true,
    holdsElsewhere,
    onEvidence: options.onEvidence,
  })
  const rules: SubmissionRules = {
    logs: new Map(logs.map((log) => [log.origin, log])),
    ownVkeys: cosigners.map(({ vkey }) => vkey),
    holdsElsewhere,
  }
  for (const note of options.seen ?? []) await lookThrough(note, states, conviction, rules)
  const clock = createWitnessClock(options)
  for (const { head } of states.values()) clock.know(head?.time ?? 0)
  const advancing = createAdvancing({ ...options, clock, states, conviction, holds })
  const cosign = createCosigning(cosigners)
  const renewed = await advancing.renew()
  // One after the other: there may be more logs than a key takes requests at a time.
  for (const head of renewed) await cosignHead(head, stateOf(states, head.origin), cosign)
  const enqueue = createQueue<Waiting>({ work: advancing.work, defer: options.defer })

  return {
    async addCheckpoint(body) {
      const submission = await readSubmission(body, rules)
      advancing.assertGoing()
      const head = await new Promise<WitnessedHead>((resolve, reject) => {
        enqueue({ submission, resolve, reject })
      })
      return { lines: await cosignHead(head, stateOf(states, head.origin), cosign) }
    },
    checkpoint: (origin) => states.get(origin)?.shown?.text,
    takeEvidence: conviction.take,
    assertConcerned: conviction.assertConcerned,
    evidence: () => store.evidence(),
    status: () => ({
      logs: [...states.values()].map(statusOf),
      ...present({ stopped: advancing.stopped() }),
      ...clock.status(),
    }),
  }
}

function assertConfigured({ logs, cosigners }: WitnessOptions): void {
  if (cosigners.length === 0) bug("a witness needs a key")
  if (new Set(logs.map(({ origin }) => origin)).size < logs.length) bug("a log is there twice")
  for (const { origin, vkeys } of logs) if (vkeys.length === 0) bug(`${origin} has no key`)
}

/** Cosigns a stored head and shows it, unless a newer one is shown already. */
async function cosignHead(head: WitnessedHead, state: LogState, cosign: Cosign): Promise<string> {
  const lines = await cosign(head)
  const newest = state.shown?.head
  const isOlder = newest && (head.size - newest.size || head.time - newest.time) < 0
  if (!isOlder) state.shown = { head, text: head.note + lines }
  return lines
}

/** Notes come from others and may be anything: only the witness's own lines count. */
async function lookThrough(
  text: string,
  states: LogStates,
  conviction: Conviction,
  rules: SubmissionRules,
): Promise<void> {
  try {
    const note = parseForeignNote(text)
    const checkpoint = parseCheckpoint(note.text)
    const state = states.get(checkpoint.origin)
    const ownLines = await linesOfOurs(note, rules)
    if (state === undefined || !isBeyond({ checkpoint, ownLines }, state.head)) return
    await conviction.stop(state, formatNote(note.text, ownLines))
  } catch (reason) {
    if (!(reason instanceof Refusal)) throw reason
  }
}

function statusOf({ log, head, freeze }: LogState): WitnessedLogStatus {
  return {
    origin: log.origin,
    vkeys: log.vkeys.map(formatVkey),
    size: head?.size ?? 0,
    ...present({ root: head && formatBase64(head.root), frozen: freeze }),
    time: head?.time ?? 0,
  }
}
