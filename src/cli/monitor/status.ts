// `countersign monitor status`: answers "is it working?" from the signed state, also while the monitor runs.
import type { Command } from "commander"
import type { Origin } from "../../core/note/origin.ts"
import { parsePolicy } from "../../core/note/policy.ts"
import { logRecord } from "../../monitor/monitored-log.ts"
import type { DocumentReads } from "../../monitor/state/documents.ts"
import type { MonitorState } from "../../monitor/state/state.ts"
import { type FollowedLog, type MonitorStatus, monitorStatus } from "../../monitor/status.ts"
import { jsonOption } from "../command/options.ts"
import { createOutput, type Fields, type Output } from "../command/output.ts"
import type { Terminal } from "../command/terminal.ts"
import { monitorDirectory, openMonitorState } from "./directory.ts"
import { logsOfPolicy, pinnedPolicy } from "./monitored-logs.ts"
import { intervalOption } from "./options.ts"

interface StatusOptions {
  readonly data: string
  readonly key?: string
  readonly interval: number
  readonly json?: boolean
}

/** When the last of the logs was read to its newest head; undefined while one never was. */
export function lastCompleteAt(
  documents: DocumentReads,
  origins: readonly Origin[],
): number | undefined {
  const times = origins.map((origin) => logRecord(documents, origin).completeAt)
  return times.reduce((a, b) => (a === undefined || b === undefined ? undefined : Math.min(a, b)))
}

async function statusOf(state: MonitorState, interval: number): Promise<MonitorStatus> {
  const { documents } = state
  const logs: FollowedLog[] = []
  for (const { origin, witnesses, threshold } of logsOfPolicy(
    parsePolicy(pinnedPolicy(documents)),
  )) {
    const { head } = await state.tree(origin)
    logs.push({ origin, witnesses, threshold, head })
  }
  const origins = logs.map(({ origin }) => origin)
  return monitorStatus({
    documents,
    logs,
    lastCompleteAt: lastCompleteAt(documents, origins),
    interval,
    now: Date.now(),
  })
}

function dateText(at: number | undefined): string {
  return at === undefined ? "never" : new Date(at).toISOString()
}

function logFields(log: MonitorStatus["logs"][number]): Fields {
  return [
    ["size", log.size],
    ["root", log.root],
    ["backlog", log.backlog],
    ["head since", dateText(log.headAt)],
    ["answered", dateText(log.answeredAt)],
    ["quorum", `${log.quorum.now} now, ${log.quorum.threshold} for verifiers`],
    ["lately", `${log.quorum.lately} of ${log.quorum.needed} witnesses`],
    ...log.witnesses.map(({ name, lastAt }) => [`witness ${name}`, dateText(lastAt)] as const),
  ]
}

/** For people: the logs, then what is open. */
export function printStatus(output: Output, status: MonitorStatus): void {
  const { logs, findings, lastCompleteAt: at, isBlind, undelivered } = status
  for (const log of logs) output.result(log.origin, logFields(log), {})
  const health = [
    ["last complete round", `${dateText(at)}${isBlind ? ", too long ago" : ""}`],
    ["alerts to deliver", undelivered],
    ["open findings", findings.length],
  ] as const
  output.result("monitor", health, {})
  for (const { id, grade, kind, origin, summary, acknowledgedAt } of findings) {
    const fields = [
      ["origin", origin],
      ["summary", summary],
      ...(acknowledgedAt === undefined
        ? []
        : [["acknowledged", dateText(acknowledgedAt)] as const]),
    ] as const
    output.result(`${id} ${grade} ${kind}`, fields, {})
  }
}

export function monitorStatusCommand(command: Command, terminal: Terminal): void {
  command
    .requiredOption("--data <dir>", "the monitor's data directory")
    .option("--key <file>", "the monitor's own key (default: in DIR)")
    .addOption(intervalOption())
    .addOption(jsonOption())
    .addHelpText(
      "after",
      `
Example:
  countersign monitor status --data /var/lib/monitor`,
    )
    .action(async ({ data, key, interval, json }: StatusOptions) => {
      const state = await openMonitorState(monitorDirectory(data, key), "read")
      try {
        const status = await statusOf(state, interval * 1000)
        const output = createOutput(terminal, json)
        if (json === true) output.result("", [], status)
        else printStatus(output, status)
      } finally {
        await state.close()
      }
    })
}
