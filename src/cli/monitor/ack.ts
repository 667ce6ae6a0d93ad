// `countersign monitor ack`: tells the monitor that somebody has taken notice of a finding: no more daily
// reminders, and it counts for no exit code until it becomes graver.
import { Refusal, refuse } from "../../core/base/errors.ts"
import { acknowledge } from "../../monitor/findings/life.ts"
import { findingId, openFindings } from "../../monitor/findings/stored.ts"
import { auditFile, recordedly } from "../../storage/files/audit-file.ts"
import { defineCommand } from "../command/options.ts"
import {
  changeState,
  leaveAcknowledgement,
  type MonitorDirectory,
  monitorDirectory,
  readState,
  stateOptions,
} from "./directory.ts"

/** The keys of the open findings that are meant; refuses `not-found` if there is none. */
async function keysOf(
  directory: MonitorDirectory,
  names: readonly string[],
): Promise<readonly string[]> {
  return await readState(directory, ({ documents }) => {
    const open = openFindings(documents).map(({ key }) => key)
    return names.map(
      (name) =>
        open.find((key) => key === name || findingId(key) === name) ??
        refuse("not-found", `expected the key or the ID of an open finding, found ${name}`),
    )
  })
}

/** Gives whether it was done at once; if not, the monitor that runs does it in its next round. */
async function acknowledgeAll(
  directory: MonitorDirectory,
  keys: readonly string[],
): Promise<boolean> {
  try {
    await changeState(directory, (documents) => {
      for (const key of keys) acknowledge(documents, key, Date.now())
    })
    return true
  } catch (error) {
    if (!(error instanceof Refusal) || error.code !== "conflict") throw error
    for (const key of keys) leaveAcknowledgement(directory, findingId(key))
    return false
  }
}

export const monitorAckCommand = defineCommand({
  argument: ["<finding...>", "key or ID of an open finding"],
  options: stateOptions,
  help: `
Example:
  countersign monitor ack 3f0c9a7be1d24c55 --data /var/lib/monitor`,
  async run({ data, key }, { terminal }, names: readonly string[]) {
    const directory = monitorDirectory(data, key)
    const keys = await keysOf(directory, names)
    const about = { findings: keys.map(findingId).join(" ") }
    const isDone = await recordedly(auditFile(data), { event: "acknowledged", about }, () =>
      acknowledgeAll(directory, keys),
    )
    const when = isDone ? "" : " in the next round of the monitor that runs"
    for (const each of keys) terminal.stdout.write(`acknowledged${when}: ${each}\n`)
  },
})
