// The options that commands on a log share, and what they name: the log and whom to trust.
import { createLogClient, type LogClient } from "../../client/log-client.ts"
import type { Trust } from "../../client/trust.ts"
import { type Called, jsonOption, mandatory, orEnvironment } from "./options.ts"
import type { Terminal } from "./terminal.ts"
import { readTrust, trustOptions } from "./trust-options.ts"

/** `--log`, from the environment if there is no flag. */
export const logOption = () => orEnvironment(mandatory("--log <url>", "base URL of the log"))

/** The options of a command that asks a log and has none of its own. */
export const logOptions = [logOption(), jsonOption(), ...trustOptions] as const

export function openLogClient(url: string, { fetch }: Terminal): LogClient {
  return createLogClient({ url, fetch })
}

interface NamedLog extends Pick<Called, "terminal" | "output"> {
  readonly url: string
  readonly log: LogClient
  readonly trust: Trust | undefined
}

/** What the options of a command on a log name. Refuses as the client and {@link readTrust} do. */
export async function openLog({ command, terminal, output }: Called): Promise<NamedLog> {
  const { log: url } = command.opts<{ readonly log: string }>()
  const log = openLogClient(url, terminal)
  return { url, log, trust: await readTrust(command), terminal, output }
}
