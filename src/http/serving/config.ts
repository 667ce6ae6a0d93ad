// What an operator may set about the HTTP interface, and what the interface needs from its surroundings.
import type { AuditHead } from "../../core/acts/act.ts"
import { LONGEST_BATCH, MOST_IN_BATCH } from "../../core/base/limits.ts"
import type { LaneLimits } from "../flow/lanes.ts"
import type { OutflowLimits } from "../flow/outflow.ts"
import type { TurnstileLimits } from "../flow/turnstile.ts"
import type { RequestMetrics } from "./instruments.ts"

const MEBIBYTE = 1024 * 1024

/**
 * Bytes of the bodies of each group of routes that are in memory together: no group takes anything from another.
 * `question` is what is asked with a body, `other` what names no group.
 */
export const defaultBodyBudgets = {
  submission: 64 * MEBIBYTE,
  batch: 32 * MEBIBYTE,
  message: 16 * MEBIBYTE,
  question: 8 * MEBIBYTE,
  "add-checkpoint": 4 * MEBIBYTE,
  evidence: 8 * MEBIBYTE,
  heads: 8 * MEBIBYTE,
  receipts: 8 * MEBIBYTE,
  ledger: 16 * MEBIBYTE,
  other: MEBIBYTE,
}

export type BodyGroup = keyof typeof defaultBodyBudgets

/** The default budgets, and more where an operator lets single bodies be so long that two would not fit. */
export function bodyBudgetsFor(
  limits: Pick<HttpConfig, "requestLimit" | "batchLimit" | "messageLimit">,
): ServerConfig["bodyBudgets"] {
  const { submission, batch, message, question } = defaultBodyBudgets
  return {
    ...defaultBodyBudgets,
    submission: Math.max(submission, 2 * limits.requestLimit),
    question: Math.max(question, 2 * limits.requestLimit),
    batch: Math.max(batch, 2 * limits.batchLimit),
    message: Math.max(message, 2 * limits.messageLimit),
  }
}

/** What every server has. */
export interface ServerConfig extends LaneLimits, OutflowLimits {
  /** Connections at a time, and those of one client address, unless it is this machine or a trusted proxy. */
  readonly connections: number
  readonly connectionsOfClient: number
  /** Searches at a time, and how many may wait for theirs. */
  readonly searches: TurnstileLimits
  /** Proxies whose X-Forwarded-For is believed: addresses, networks in CIDR form, `unix`. */
  readonly trustedProxies: readonly string[]
  readonly bodyBudgets: Readonly<Record<BodyGroup, number>>
  /** Bytes a second that a body must bring after `bodyGrace`. */
  readonly bodyRate: number
  /** Milliseconds in which a body may be slower, at its beginning; the rate is measured over as long. */
  readonly bodyGrace: number
  /** Milliseconds within which the headers of a request must have arrived. */
  readonly headersTimeout: number
  /** Milliseconds within which a whole request must have arrived. */
  readonly requestTimeout: number
  /** Milliseconds that a connection may wait between requests. */
  readonly keepAliveTimeout: number
  /** Milliseconds without a byte in either direction after which a connection ends. */
  readonly idleTimeout: number
  /** Milliseconds after which closing the server cuts off what is still under way. */
  readonly drainTimeout: number
}

/** What a log has besides. */
export interface HttpConfig extends ServerConfig {
  /** The base URL at which clients reach the log, for trusted roots, signing configs and `Location`. */
  readonly publicUrl?: string
  /**
   * Without `publicUrl`, what trusted roots and signing configs give; asked once the server listens. By default it is
   * `https://` and the origin.
   */
  readonly listeningUrl?: () => string
  /** Bytes of one submission. */
  readonly requestLimit: number
  /** Bytes of one message; 0 in a log that keeps none. */
  readonly messageLimit: number
  /** Bytes of one batch. */
  readonly batchLimit: number
  readonly batchLines: number
  /** Seconds. */
  readonly checkpointMaxAge: number
  /** Whether submissions wait for witnesses unless they say otherwise. */
  readonly waitForWitnesses: boolean
  /** When the log's key became valid, in ISO 8601, for trusted roots. */
  readonly trustStart: string
  /** What protects the log from being rolled back, for operators. */
  readonly guardLevel: string
  /** The newest head of the audit log; undefined as long as there is none. */
  readonly auditHead?: () => AuditHead | undefined
}

export const defaultHttpConfig: HttpConfig = {
  connections: 4_096,
  connectionsOfClient: 256,
  waitingRequests: 64,
  allWaitingRequests: 4_096,
  answerBudget: 64 * MEBIBYTE,
  readingGrace: 10_000,
  leastReadingRate: 16 * 1024,
  searches: { atATime: 2, waiting: 128, waitingOfOne: 16 },
  trustedProxies: [],
  requestLimit: 4 * MEBIBYTE,
  messageLimit: 4 * MEBIBYTE,
  batchLimit: LONGEST_BATCH,
  batchLines: MOST_IN_BATCH,
  bodyBudgets: defaultBodyBudgets,
  bodyRate: 8 * 1024,
  bodyGrace: 2_000,
  checkpointMaxAge: 2,
  waitForWitnesses: false,
  trustStart: "2026-01-01T00:00:00Z",
  guardLevel: "unknown",
  headersTimeout: 5_000,
  requestTimeout: 30_000,
  slownessInterval: 1_000,
  keepAliveTimeout: 15_000,
  idleTimeout: 30_000,
  drainTimeout: 10_000,
}

/** The part of pino's interface that is used. */
export interface HttpLogger {
  debug(fields: object, message: string): void
  error(fields: object, message: string): void
}

/** Told about everything that is counted; log/metrics.ts implements it. */
export interface Meter extends RequestMetrics {
  /** A submission's end: an entry that was logged, or one that was there. */
  logged(isNew: boolean): void
}

export const noMeter: Meter = {
  answered: () => {},
  logged: () => {},
  refused: () => {},
  limited: () => {},
}
