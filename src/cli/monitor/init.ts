// `countersign monitor init`: makes a monitor's key and its first signed state, never done implicitly, and
// pins the policy; or accepts another policy for a monitor that is there.
import type { Command } from "commander"
import { refuse, shown } from "../../core/base/errors.ts"
import { LONGEST_NOTE, LONGEST_POLICY } from "../../core/base/limits.ts"
import { parsePolicy } from "../../core/note/policy.ts"
import { settle } from "../../monitor/findings/settle.ts"
import { signedStatement } from "../../monitor/log-round.ts"
import { createMailbox } from "../../monitor/promises/mailbox.ts"
import type { Documents } from "../../monitor/state/documents.ts"
import { readText } from "../command/file.ts"
import { createOutput } from "../command/output.ts"
import type { Terminal } from "../command/terminal.ts"
import { createMonitorFiles, lockMonitorState, monitorDirectory } from "./directory.ts"
import { type FollowedKeys, logsOfPolicy, pinPolicy } from "./monitored-logs.ts"
import { policyIsPinned } from "./policy-pin.ts"

interface InitOptions {
  readonly data: string
  readonly policy: string
  readonly key?: string
  readonly expectEmpty?: boolean
  readonly at?: readonly string[]
  readonly firstUse?: boolean
  readonly acceptPolicy?: boolean
}

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
function assertOneWay(options: InitOptions, command: Command): void {
  const { expectEmpty, at, firstUse, acceptPolicy } = options
  const chosen = [expectEmpty, at, firstUse, acceptPolicy].filter((way) => way !== undefined)
  if (chosen.length === 1) return
  command.error(
    "error: give one of --expect-empty, --at, --first-use, or --accept-policy for a monitor that is there",
  )
}

async function acceptPolicy(
  { data, key }: InitOptions,
  text: string,
  terminal: Terminal,
): Promise<void> {
  const { state, close } = await lockMonitorState(monitorDirectory(data, key))
  try {
    await state.change((documents) => {
      pinPolicy(documents, text)
      settle(documents, [policyIsPinned], Date.now())
    })
  } finally {
    await close()
  }
  terminal.stdout.write(`the policy is pinned for the monitor in ${data}\n`)
}

async function initialise(options: InitOptions, text: string, terminal: Terminal): Promise<void> {
  const logs = logsOfPolicy(parsePolicy(text))
  const directory = monitorDirectory(options.data, options.key)
  const keepHeads = await readPinnedHeads(options.at ?? [], logs, Date.now())
  const { vkey } = await createMonitorFiles(directory, (documents) => {
    pinPolicy(documents, text)
    keepHeads(documents)
  })
  terminal.stdout.write(`made a monitor of ${logs.map(({ origin }) => origin).join(", ")}\n`)
  terminal.stdout.write(`data: ${directory.path}\nkey: ${directory.key} (${vkey.name})\n`)
  if (options.firstUse === true) {
    createOutput(terminal, false).remark(
      "FIRST USE: the first head that the log shows to this monitor is trusted without anything to " +
        "compare it with. If you have a checkpoint from elsewhere, make the monitor with --at instead.",
    )
  }
}

export function monitorInitCommand(command: Command, terminal: Terminal): void {
  command
    .requiredOption("--data <dir>", "directory for the monitor's data")
    .requiredOption("--policy <file>", "C2SP policy: the logs to follow, and witnesses")
    .option("--key <file>", "the monitor's own key; made if it is not there (default: in DIR)")
    .option("--expect-empty", "the logs are new: nobody has seen a head of them")
    .option("--at <file...>", "a checkpoint of the log that is known from elsewhere")
    .option("--first-use", "trust the first head that the log shows")
    .option("--accept-policy", "pin this policy for a monitor that is there")
    .addHelpText(
      "after",
      `
Example:
  countersign monitor init --data /var/lib/monitor --policy log.policy --at checkpoint.txt
  countersign monitor run --data /var/lib/monitor --watch acme.watch --sinks alerts.sinks

The monitor signs its state with its own key and refuses any other state. With --key, keep the key
where nobody who can change the data can read it, for example in the secrets of a CI system.`,
    )
    .action(async (options: InitOptions) => {
      assertOneWay(options, command)
      const text = await readText(options.policy, "policy", LONGEST_POLICY)
      if (logsOfPolicy(parsePolicy(text)).length === 0) {
        refuse("malformed", `${shown(options.policy)}: expected a log line`)
      }
      if (options.acceptPolicy === true) await acceptPolicy(options, text, terminal)
      else await initialise(options, text, terminal)
    })
}
