// `countersign monitor ack`: tells the monitor that somebody has taken notice of a finding: no more daily
// reminders, and it counts for no exit code until it becomes graver.
import type { Command } from "commander"
import { Refusal, refuse } from "../../core/base/errors.ts"
import { acknowledge } from "../../monitor/findings/life.ts"
import { findingId, openFindings } from "../../monitor/findings/stored.ts"
import type { Terminal } from "../command/terminal.ts"
import {
  leaveAcknowledgement,
  lockMonitorState,
  type MonitorDirectory,
  monitorDirectory,
  openMonitorState,
} from "./directory.ts"

interface AckOptions {
  readonly data: string
  readonly key?: string
}

/** The keys of the open findings that are meant; refuses `not-found` if there is none. */
async function keysOf(
  directory: MonitorDirectory,
  names: readonly string[],
): Promise<readonly string[]> {
  const state = await openMonitorState(directory, "read")
  try {
    const open = openFindings(state.documents).map(({ key }) => key)
    return names.map(
      (name) =>
        open.find((key) => key === name || findingId(key) === name) ??
        refuse("not-found", `expected the key or the ID of an open finding, found ${name}`),
    )
  } finally {
    await state.close()
  }
}

/** Gives whether it was done at once; if not, the monitor that runs does it in its next round. */
async function acknowledgeAll(
  directory: MonitorDirectory,
  keys: readonly string[],
): Promise<boolean> {
  try {
    const { state, close } = await lockMonitorState(directory)
    try {
      await state.change((documents) => {
        for (const key of keys) acknowledge(documents, key, Date.now())
      })
      return true
    } finally {
      await close()
    }
  } catch (error) {
    if (!(error instanceof Refusal) || error.code !== "conflict") throw error
    for (const key of keys) leaveAcknowledgement(directory, findingId(key))
    return false
  }
}

export function monitorAckCommand(command: Command, terminal: Terminal): void {
  command
    .argument("<finding...>", "key or ID of an open finding")
    .requiredOption("--data <dir>", "the monitor's data directory")
    .option("--key <file>", "the monitor's own key (default: in DIR)")
    .addHelpText(
      "after",
      `
Example:
  countersign monitor ack 3f0c9a7be1d24c55 --data /var/lib/monitor`,
    )
    .action(async (names: readonly string[], { data, key }: AckOptions) => {
      const directory = monitorDirectory(data, key)
      const keys = await keysOf(directory, names)
      const isDone = await acknowledgeAll(directory, keys)
      const when = isDone ? "" : " in the next round of the monitor that runs"
      for (const each of keys) terminal.stdout.write(`acknowledged${when}: ${each}\n`)
    })
}
