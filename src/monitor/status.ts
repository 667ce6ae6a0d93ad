// Answers "is it working?" as data: how far each log is followed, who vouches for it, what is open, whether
// alerts arrive. The status page, the command line and the metrics all show this.

import { present } from "../core/base/present.ts"
import { formatBase64 } from "../core/base/text.ts"
import type { Origin } from "../core/note/origin.ts"
import type { Head } from "../core/tree/hash.ts"
import { type SinkState, sinkStates } from "./alerts/alert.ts"
import { type CanaryState, canaryStates } from "./alerts/canary.ts"
import { entryCountsOf } from "./entries/entry-states.ts"
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
import type { MessageUsage } from "./messages/messages.ts"
import type { MonitoredLog } from "./monitored-log.ts"
import { countStandings, type StandingCounts } from "./pending/counts.ts"
import { type RescanStatus, rescanStatus } from "./rescan/progress.ts"
import { type SearchStatus, searches } from "./search/sightings.ts"
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
  /** Of messages that others gave. */
  readonly messages?: MessageUsage | undefined
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

/** Entries of which less is known than a reader may want. */
interface EntryStatus extends StandingCounts {
  /** Nobody here knows what was signed. */
  readonly opaque: {
    /** By signers that the watch file does not name, and by those that it does. */
    readonly strangers: number
    readonly listed: number
    /** Those of the latter that the watch file does not accept in words. */
    readonly unexplained: number
  }
  /** About nothing that is watched: what would be findings else. */
  readonly passedOver: {
    readonly oddStatements: number
    readonly badSignatures: number
    readonly afterRevocation: number
  }
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
  /** Entries that are not understood. */
  readonly entries: EntryStatus
  /** How many are judged by the present watch file. */
  readonly rescan: RescanStatus
  /** How much of what is watched the log's own search was compared for, in the last round. */
  readonly search?: SearchStatus
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
  /** Of open findings; at least 1 while anything is {@link unclear}. */
  readonly worst: Severity
  /** Why silence would be no answer, in sentences: what is pending, unexplained, or not judged yet. */
  readonly unclear: readonly string[]
  readonly messages?: MessageUsage
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
    entries: entryStatus(documents, origin),
    rescan: rescanStatus(documents, origin, head.size),
    search: documents.get(searches, origin),
    canary: documents.get(canaryStates, origin),
  })
}

function entryStatus(documents: DocumentReads, origin: Origin): EntryStatus {
  const {
    opaqueStrangers: strangers,
    opaqueListed: listed,
    ...counts
  } = entryCountsOf(documents, origin)
  const { unexplained, oddStatements, badSignatures, afterRevocation } = counts
  return {
    ...countStandings(documents, origin),
    opaque: { strangers, listed, unexplained },
    passedOver: { oddStatements, badSignatures, afterRevocation },
  }
}

/** What keeps a log from being clean although no finding is open. */
function unclearIn({ origin, entries, rescan }: LogStatus): readonly string[] {
  const { pending, opaque, again } = entries
  const reasons = Object.entries(pending.byReason).filter(([, count]) => count > 0)
  const said = reasons.map(([reason, count]) => `${count} ${reason}`).join(", ")
  return [
    ...(rescan.isComplete
      ? []
      : [`${rescan.judged} of ${rescan.of} entries are judged by the present watch file`]),
    ...(pending.total > 0
      ? [
          `${pending.total} entries are pending (${said}): what was signed was asked for and has not come`,
        ]
      : []),
    ...(again > 0 ? [`${again} entries wait to be judged again`] : []),
    ...(opaque.unexplained > 0
      ? [
          `${opaque.unexplained} entries by watched signers are opaque: nobody here knows what was signed; ` +
            "give the monitor the messages, or accept them in the watch file",
        ]
      : []),
  ].map((reason) => `${origin}: ${reason}`)
}

/** Everything that there is to say now. */
export function monitorStatus(source: StatusSource): MonitorStatus {
  const { documents, lastCompleteAt, interval, now, messages } = source
  const findings = openFindings(documents).filter(({ isCanary }) => isCanary !== true)
  const logs = source.logs.map((log) => logStatus(source, log))
  const unclear = [
    ...logs.flatMap(unclearIn),
    ...(messages?.isFull === true ? ["there is no room for more messages"] : []),
  ]
  const worst = worstOf(findings)
  return present({
    at: now,
    lastCompleteAt,
    isBlind: lastCompleteAt === undefined || now - lastCompleteAt > BLIND_AFTER * interval,
    worst: worst === 0 && unclear.length > 0 ? 1 : worst,
    unclear,
    messages,
    logs,
    findings: findings.map((finding) => ({ ...finding, id: findingId(finding.key) })),
    sinks: sinkStates(documents),
    undelivered: documents.keys(outbox).length,
  })
}
