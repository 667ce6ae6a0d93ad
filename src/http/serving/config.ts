// What an operator may set about the HTTP interface, and what the interface needs from its surroundings.
import { LONGEST_BATCH, MOST_IN_BATCH } from "../../core/base/limits.ts"
import type { RequestMetrics } from "./instruments.ts"

/** What every server has. */
export interface ServerConfig {
  /** Proxies whose X-Forwarded-For is believed: addresses, networks in CIDR form, `unix`. */
  readonly trustedProxies: readonly string[]
  /** Bytes of all bodies that are in memory together. */
  readonly bodyBudget: number
  /** Milliseconds within which the headers of a request must have arrived. */
  readonly headersTimeout: number
  /** Milliseconds within which a whole request must have arrived. */
  readonly requestTimeout: number
  /** Milliseconds between two looks at slow connections. */
  readonly slownessInterval: number
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
}

const MEBIBYTE = 1024 * 1024

export const defaultHttpConfig: HttpConfig = {
  trustedProxies: [],
  requestLimit: 4 * MEBIBYTE,
  messageLimit: 4 * MEBIBYTE,
  batchLimit: LONGEST_BATCH,
  batchLines: MOST_IN_BATCH,
  bodyBudget: 128 * MEBIBYTE,
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

export const noMeter: Meter = { answered: () => {}, logged: () => {}, refused: () => {} }
