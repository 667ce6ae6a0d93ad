// The options that commands on a log share, and what they name: the log and whom to trust.
import { createLogClient, type LogClient } from "../../client/log-client.ts"
import type { Trust } from "../../client/trust.ts"
import { type NetworkOptions, networkOptions, openNetwork } from "./network.ts"
import { type Called, jsonOption, mandatory, orEnvironment } from "./options.ts"
import { readTrust, trustOptions } from "./trust-options.ts"

/** `--log`, from the environment if there is no flag. */
export const logOption = () => orEnvironment(mandatory("--log <url>", "base URL of the log"))

/** The options of a command that asks a log and has none of its own. */
export const logOptions = [logOption(), jsonOption(), ...trustOptions, ...networkOptions] as const

/** A client of the log at this URL, as the options of its command say that it is reached. */
export async function openLogClient(
  url: string,
  { command, terminal }: Pick<Called, "command" | "terminal">,
): Promise<LogClient> {
  return createLogClient({ url, ...(await openNetwork(command.opts<NetworkOptions>(), terminal)) })
}

interface NamedLog extends Pick<Called, "terminal" | "output"> {
  readonly url: string
  readonly log: LogClient
  readonly trust: Trust | undefined
}

/** What the options of a command on a log name. Refuses as the client and {@link readTrust} do. */
export async function openLog({ command, terminal, output }: Called): Promise<NamedLog> {
  const { log: url } = command.opts<{ readonly log: string }>()
  const log = await openLogClient(url, { command, terminal })
  return { url, log, trust: await readTrust(command), terminal, output }
}
