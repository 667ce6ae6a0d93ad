// `countersign monitor status`: answers "is it working?" from the signed state, also while the monitor runs.
import { parsePolicy } from "../../core/note/policy.ts"
import type { MessageUsage } from "../../monitor/messages/messages.ts"
import { logRecord } from "../../monitor/monitored-log.ts"
import type { DocumentReads } from "../../monitor/state/documents.ts"
import type { MonitorState } from "../../monitor/state/state.ts"
import type { OwnTree } from "../../monitor/state/tree.ts"
import {
  type FollowedLog,
  type LogStatus,
  type MonitorStatus,
  monitorStatus,
  type OpenFinding,
} from "../../monitor/status.ts"
import { openMessageFolder } from "../../storage/files/message-folder.ts"
import { defineCommand, jsonOption } from "../command/options.ts"
import type { Fields, Output } from "../command/output.ts"
import { monitorDirectory, readState, stateOptions } from "./directory.ts"
import { type FollowedKeys, logsOfPolicy, pinnedPolicy } from "./monitored-logs.ts"
import { intervalOption } from "./options.ts"

/** When the last of the logs was read to its newest head; undefined while one never was. */
function lastCompleteAt(
  documents: DocumentReads,
  logs: readonly FollowedLog[],
): number | undefined {
  const times = logs.map(({ origin }) => logRecord(documents, origin).completeAt)
  return times.reduce((a, b) => (a === undefined || b === undefined ? undefined : Math.min(a, b)))
}

/** The logs that the state follows, with its own trees of them. */
export async function followedLogs(state: MonitorState) {
  const followed: (FollowedKeys & FollowedLog & { readonly tree: OwnTree })[] = []
  for (const log of logsOfPolicy(parsePolicy(pinnedPolicy(state.documents)))) {
    const tree = await state.tree(log.origin)
    followed.push({
      ...log,
      tree,
      get head() {
        return tree.head
      },
    })
  }
  return followed
}

/** `interval` in seconds. */
export function statusOf(
  { documents }: MonitorState,
  logs: readonly FollowedLog[],
  interval: number,
  messages?: MessageUsage,
  now = Date.now(),
): MonitorStatus {
  return monitorStatus({
    messages,
    ...{ documents, logs, lastCompleteAt: lastCompleteAt(documents, logs) },
    interval: interval * 1000,
    now,
  })
}

function dateText(at: number | undefined): string {
  return at === undefined ? "never" : new Date(at).toISOString()
}

function opaqueText({ entries: { opaque, redacted: taken } }: LogStatus): string {
  const redacted = taken > 0 ? `, ${taken} of them redacted` : ""
  return `${opaque.listed} by watched signers, ${opaque.strangers} by others${redacted}`
}

function pendingText({ entries: { pending } }: LogStatus): string {
  const { total, listed, byReason } = pending
  if (total === 0) return "0"
  const reasons = Object.entries(byReason).filter(([, count]) => count > 0)
  const said = reasons.map(([reason, count]) => `${count} ${reason}`).join(", ")
  return `${total}, ${listed} by watched signers: ${said}`
}

function logFields(log: LogStatus): Fields {
  return [
    ["size", log.size],
    ["root", log.root],
    ["backlog", log.backlog],
    ["head since", dateText(log.headAt)],
    ["answered", dateText(log.answeredAt)],
    ["quorum", `${log.quorum.now} now, ${log.quorum.threshold} for verifiers`],
    ["lately", `${log.quorum.lately} of ${log.quorum.needed} witnesses`],
    ["opaque", opaqueText(log)],
    ["pending", pendingText(log)],
    ["validity undecided", log.entries.undecided],
    ...(log.search === undefined
      ? []
      : [["search compared", `${log.search.answered} of ${log.search.of} watched`] as const]),
    ["judged by watch file", `${log.rescan.judged} of ${log.rescan.of}`],
    ...log.witnesses.map(({ name, lastAt }) => [`witness ${name}`, dateText(lastAt)] as const),
  ]
}

function messagesText({ count, mostCount, bytes, mostBytes, waiting }: MessageUsage): string {
  return `${count} of ${mostCount} kept, ${bytes} of ${mostBytes} bytes, ${waiting} waiting`
}

function evidenceFields({ evidenceId, effect, isUnkept }: OpenFinding): Fields {
  if (evidenceId === undefined) return []
  const kept = isUnkept === true ? ", not kept: there was no room for the file" : ""
  return [["evidence", `${evidenceId}${effect === undefined ? "" : ` ${effect}`}${kept}`]]
}

export function printStatus(output: Output, status: MonitorStatus): void {
  const { logs, findings, lastCompleteAt: at, isBlind, undelivered, messages } = status
  for (const log of logs) output.result(log.origin, logFields(log), {})
  const health = [
    ["last complete round", `${dateText(at)}${isBlind ? ", too long ago" : ""}`],
    ["alerts to deliver", undelivered],
    ["open findings", findings.length],
    ...(messages === undefined ? [] : [["messages", messagesText(messages)] as const]),
    ...status.unclear.map((reason) => ["not clear", reason] as const),
  ] as const
  output.result("monitor", health, {})
  for (const finding of findings) {
    const { id, grade, kind, origin, summary, acknowledgedAt } = finding
    const fields = [
      ["origin", origin],
      ["summary", summary],
      ...evidenceFields(finding),
      ...(acknowledgedAt === undefined
        ? []
        : [["acknowledged", dateText(acknowledgedAt)] as const]),
    ] as const
    output.result(`${id} ${grade} ${kind}`, fields, {})
  }
}

export const monitorStatusCommand = defineCommand({
  options: [...stateOptions, intervalOption, jsonOption()],
  help: `
Example:
  countersign monitor status --data /var/lib/monitor`,
  async run({ data, key, passphraseFile, interval, json }, { output }) {
    const directory = monitorDirectory(data, key, passphraseFile)
    await readState(directory, async (state) => {
      const usage = openMessageFolder(directory.messages).usage()
      const status = statusOf(state, await followedLogs(state), interval, usage)
      if (json === true) output.result("", [], status)
      else printStatus(output, status)
    })
  },
})
