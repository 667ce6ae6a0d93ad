// The options that commands on a log share, and what they name: the log, whom to trust, how to print.
import type { Command, Option } from "commander"
import { createLogClient, type LogClient } from "../../client/log-client.ts"
import type { Trust } from "../../client/trust.ts"
import { jsonOption, option } from "./options.ts"
import { createOutput, type Output } from "./output.ts"
import type { Terminal } from "./terminal.ts"
import { readTrust, trustOptions } from "./trust-options.ts"

/** `--log`, from the environment if there is no flag. */
export function logOption(): Option {
  return option("--log <url>", "base URL of the log").makeOptionMandatory()
}

/** The options of a command that asks a log and has none of its own. */
export const logOptions: readonly Option[] = [logOption(), jsonOption(), ...trustOptions]

export function openLogClient(url: string, terminal: Terminal): LogClient {
  return createLogClient({ url, fetch: terminal.fetch })
}

export interface NamedLog {
  readonly url: string
  readonly log: LogClient
  readonly trust: Trust | undefined
  readonly output: Output
}

/** What the options of a command on a log name. Refuses as the client and {@link readTrust} do. */
export async function openLog(command: Command, terminal: Terminal): Promise<NamedLog> {
  const { log: url, json } = command.opts<{ readonly log: string; readonly json?: boolean }>()
  const log = openLogClient(url, terminal)
  return { url, log, trust: await readTrust(command), output: createOutput(terminal, json) }
}
