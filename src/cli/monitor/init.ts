// `countersign monitor init`: makes a monitor's key and its first signed state, never done implicitly, and
// pins the policy; or accepts another policy for a monitor that is there.
import { hash } from "node:crypto"
import { refuse, shown } from "../../core/base/errors.ts"
import { LONGEST_NOTE, LONGEST_POLICY } from "../../core/base/limits.ts"
import { parsePolicy } from "../../core/note/policy.ts"
import { settle } from "../../monitor/findings/settle.ts"
import { signedStatement } from "../../monitor/log-round.ts"
import { createMailbox } from "../../monitor/promises/mailbox.ts"
import type { Documents } from "../../monitor/state/documents.ts"
import { auditFile, recordedly } from "../../storage/files/audit-file.ts"
import { readText } from "../command/file.ts"
import {
  type Called,
  defineCommand,
  mandatory,
  optional,
  type ValuesOf,
} from "../command/options.ts"
import { changeState, createMonitorFiles, monitorDirectory } from "./directory.ts"
import { type FollowedKeys, logsOfPolicy, pinPolicy } from "./monitored-logs.ts"
import { policyIsPinned } from "./policy-pin.ts"

const initOptions = [
  mandatory("--data <dir>", "directory for the monitor's data"),
  mandatory("--policy <file>", "C2SP policy: the logs to follow, and witnesses"),
  optional("--key <file>", "the monitor's own key; made if it is not there (default: in DIR)"),
  optional("--expect-empty", "the logs are new: nobody has seen a head of them"),
  optional("--at <file...>", "a checkpoint of the log that is known from elsewhere"),
  optional("--first-use", "trust the first head that the log shows"),
  optional("--accept-policy", "pin this policy for a monitor that is there"),
] as const

type InitOptions = ValuesOf<typeof initOptions>

/** Heads that the log must turn out to be consistent with, as if a verifier had posted them. */
async function readPinnedHeads(
  files: readonly string[],
  logs: readonly FollowedKeys[],
  now: number,
): Promise<(documents: Documents) => void> {
  const mailbox = createMailbox()
  for (const file of files) {
    const note = await readText(file, "checkpoint", LONGEST_NOTE)
    const found = logs.flatMap((keys) => {
      const statement = signedStatement(note, keys)
      return statement === undefined ? [] : [{ origin: keys.origin, statement }]
    })[0]
    if (found === undefined) {
      refuse("untrusted", `${file}: expected a checkpoint that a log of the policy signed`)
    }
    const { origin, statement } = found
    const { size } = statement.head
    mailbox.postHead({ origin, note: statement.note, size, contradicts: false, receivedAt: now })
  }
  return (documents) => mailbox.drain(documents, logs, now)
}

/** The one way of first contact that was chosen; a usage error for none or several. */
function assertOneWay(options: InitOptions, { command }: Called): void {
  const { expectEmpty, at, firstUse, acceptPolicy } = options
  const chosen = [expectEmpty, at, firstUse, acceptPolicy].filter((way) => way !== undefined)
  if (chosen.length === 1) return
  command.error(
    "error: give one of --expect-empty, --at, --first-use, or --accept-policy for a monitor that is there",
  )
}

async function initialise(
  options: InitOptions,
  text: string,
  logs: readonly FollowedKeys[],
  { terminal, output }: Called,
): Promise<void> {
  const directory = monitorDirectory(options.data, options.key)
  const keepHeads = await readPinnedHeads(options.at ?? [], logs, Date.now())
  const { vkey } = await createMonitorFiles(directory, (documents) => {
    pinPolicy(documents, text)
    keepHeads(documents)
  })
  terminal.stdout.write(`made a monitor of ${logs.map(({ origin }) => origin).join(", ")}\n`)
  terminal.stdout.write(`data: ${directory.path}\nkey: ${directory.key} (${vkey.name})\n`)
  if (options.firstUse === true) {
    output.remark(
      "FIRST USE: the first head that the log shows to this monitor is trusted without anything to " +
        "compare it with. If you have a checkpoint from elsewhere, make the monitor with --at instead.",
    )
  }
}

export const monitorInitCommand = defineCommand({
  options: initOptions,
  help: `
Example:
  countersign monitor init --data /var/lib/monitor --policy log.policy --at checkpoint.txt
  countersign monitor run --data /var/lib/monitor --watch acme.watch --sinks alerts.sinks

The monitor signs its state with its own key and refuses any other state. With --key, keep the key
where nobody who can change the data can read it, for example in the secrets of a CI system.`,
  async run(options, called) {
    assertOneWay(options, called)
    const text = await readText(options.policy, "policy", LONGEST_POLICY)
    const logs = logsOfPolicy(parsePolicy(text))
    if (logs.length === 0) refuse("malformed", `${shown(options.policy)}: expected a log line`)
    if (options.acceptPolicy !== true) return await initialise(options, text, logs, called)
    const about = { sha256: hash("sha256", text, "hex") }
    await recordedly(auditFile(options.data), { event: "policy-accepted", about }, () =>
      changeState(monitorDirectory(options.data, options.key), (documents) => {
        pinPolicy(documents, text)
        settle(documents, [policyIsPinned], Date.now())
      }),
    )
    called.terminal.stdout.write(`the policy is pinned for the monitor in ${options.data}\n`)
  },
})
