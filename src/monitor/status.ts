// Answers "is it working?" as data: how far each log is followed, who vouches for it, what is open, whether
// alerts arrive. The status page, the command line and the metrics all show this.

import { present } from "../core/base/present.ts"
import { formatBase64 } from "../core/base/text.ts"
import type { Origin } from "../core/note/origin.ts"
import type { Head } from "../core/tree/hash.ts"
import { type SinkState, sinkStates } from "./alerts/alert.ts"
import { type CanaryState, canaryStates } from "./alerts/canary.ts"
import { outbox } from "./findings/outbox.ts"
import {
  findingId,
  openFindings,
  type Severity,
  type StoredFinding,
  worstOf,
} from "./findings/stored.ts"
import { monitorQuorum } from "./heads/quorum.ts"
import { aliveAt, signerRecord } from "./heads/record.ts"
import { defaultLimits } from "./heads/scope.ts"
import { vantageRecords } from "./heads/vantage.ts"
import type { MonitoredLog } from "./monitored-log.ts"
import type { DocumentReads } from "./state/documents.ts"

/** A log that is followed, as the policy has it and as far as its tree has grown. */
export interface FollowedLog extends Pick<MonitoredLog, "origin" | "witnesses" | "threshold"> {
  /** The head of the monitor's own tree. */
  readonly head: Head
}

export interface StatusSource {
  readonly documents: DocumentReads
  readonly logs: readonly FollowedLog[]
  /** When the last round ended in which every log was read to its newest head. */
  readonly lastCompleteAt?: number | undefined
  /** Milliseconds between rounds. */
  readonly interval: number
  /** Unix milliseconds, as all times here. */
  readonly now: number
}

interface WitnessStatus {
  readonly name: string
  /** When it last signed anything of this log, by its own clock but not later than it was seen. */
  readonly lastAt?: number
  /** The largest tree that it cosigned and that is the monitor's own. */
  readonly size?: number
}

interface QuorumStatus {
  /** Witnesses that cosigned the monitor's newest tree. */
  readonly now: number
  /** How many satisfy a verifier. */
  readonly threshold: number
  /** Witnesses that lately cosigned the tree that this monitor sees. */
  readonly lately: number
  /** How many of these the monitor demands, so that no log shows it a tree of its own. */
  readonly needed: number
}

export interface LogStatus {
  readonly origin: Origin
  readonly size: number
  /** Base64. */
  readonly root: string
  /** The size of the largest signed head that was seen anywhere. */
  readonly newest: number
  readonly backlog: number
  /** When the newest head was first seen. */
  readonly headAt?: number
  /** When the log itself last answered with a head. */
  readonly answeredAt?: number
  readonly witnesses: readonly WitnessStatus[]
  readonly quorum: QuorumStatus
  readonly canary?: CanaryState
}

/** An open finding with the short ID by which it can be acknowledged. */
export interface OpenFinding extends StoredFinding {
  readonly id: string
}

export interface MonitorStatus {
  readonly at: number
  readonly lastCompleteAt?: number
  /** Whether the last complete round is too long ago. */
  readonly isBlind: boolean
  readonly worst: Severity
  readonly logs: readonly LogStatus[]
  /** Tests left out. */
  readonly findings: readonly OpenFinding[]
  readonly sinks: readonly SinkState[]
  /** Alerts that not every sink has yet. */
  readonly undelivered: number
}

/** A monitor is blind after so many intervals without a complete round. */
const BLIND_AFTER = 3

function quorumStatus({ documents, now }: StatusSource, log: FollowedLog): QuorumStatus {
  const { origin, witnesses, threshold, head } = log
  const agreed = witnesses.flatMap(
    ({ vkey }) => signerRecord(documents, origin, vkey)?.agreed ?? [],
  )
  const recent = agreed.filter((sighting) => now - aliveAt(sighting) <= defaultLimits.witnessWindow)
  return {
    now: agreed.filter(({ size }) => size === head.size).length,
    threshold,
    lately: recent.length,
    needed: monitorQuorum(witnesses.length, threshold),
  }
}

function logStatus(source: StatusSource, log: FollowedLog): LogStatus {
  const { documents } = source
  const { origin, head } = log
  const records = vantageRecords(documents, origin)
  const largest = Math.max(head.size, ...records.map((record) => record.largest.size))
  const seen = records.filter(({ largest: own }) => own.size === largest)
  const answered = records.find(({ vantage }) => vantage === "log")
  return present({
    origin,
    size: head.size,
    root: formatBase64(head.root),
    newest: largest,
    backlog: largest - head.size,
    headAt: seen.length > 0 ? Math.min(...seen.map(({ largest }) => largest.at)) : undefined,
    answeredAt: answered?.latest.at,
    witnesses: log.witnesses.map(({ name, vkey }) => {
      const { newest, agreed } = signerRecord(documents, origin, vkey) ?? {}
      return { name, ...present({ lastAt: newest && aliveAt(newest), size: agreed?.size }) }
    }),
    quorum: quorumStatus(source, log),
    canary: documents.get(canaryStates, origin),
  })
}

/** Everything that there is to say now. */
export function monitorStatus(source: StatusSource): MonitorStatus {
  const { documents, logs, lastCompleteAt, interval, now } = source
  const findings = openFindings(documents).filter(({ isCanary }) => isCanary !== true)
  return present({
    at: now,
    lastCompleteAt,
    isBlind: lastCompleteAt === undefined || now - lastCompleteAt > BLIND_AFTER * interval,
    worst: worstOf(findings),
    logs: logs.map((log) => logStatus(source, log)),
    findings: findings.map((finding) => ({ ...finding, id: findingId(finding.key) })),
    sinks: sinkStates(documents),
    undelivered: documents.keys(outbox).length,
  })
}
