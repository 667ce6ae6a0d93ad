// The options that commands on a log share, and what they name: the log and whom to trust.
import { Option } from "commander"
import { parseBase } from "../../client/base-url.ts"
import type { Fetch } from "../../client/exchange.ts"
import { createLogClient, type LogClient } from "../../client/log-client.ts"
import type { Trust } from "../../client/trust.ts"
import { type Network, type NetworkOptions, networkOptions, openNetwork } from "./network.ts"
import {
  type Called,
  jsonOption,
  mandatory,
  option,
  orEnvironment,
  type TypedOption,
  type ValuesOf,
} from "./options.ts"
import { createOutput } from "./output.ts"
import { readTrust, trustOptions } from "./trust-options.ts"

/** `--log`, from the environment if there is no flag. */
export const logOption = () => orEnvironment(mandatory("--log <url>", "base URL of the log"))

/** How a command shows a log who sends its requests. */
export const credentialOptions = [
  option("--token-file <file>", "show the log the token in this file, which only you may read"),
  option("--oidc-token-file <file>", "show the log the OpenID Connect token in this file"),
  orEnvironment(
    new Option("--oidc <provider>", "show the log the OpenID Connect token of this job").choices([
      "github",
    ]) as TypedOption<{ readonly oidc?: "github" }>,
  ),
  option(
    "--oidc-audience <origin>",
    "with --oidc: the log that the token is for (default: the host of --log)",
  ),
] as const

type CredentialOptions = ValuesOf<typeof credentialOptions>

/** The options of a command that asks a log and has none of its own. */
export const logOptions = [
  ...[logOption(), jsonOption(), ...trustOptions, ...credentialOptions, ...networkOptions],
] as const

type Calling = Pick<Called, "command" | "terminal">

/** What the options name as a credential; undefined if they name none. A usage error if they name several. */
async function openCredential(
  url: string,
  fetch: Fetch,
  { command, terminal }: Calling,
  options: CredentialOptions,
) {
  const { tokenFile, oidcTokenFile, oidc, oidcAudience } = options
  const given = [tokenFile, oidcTokenFile, oidc].filter((each) => each !== undefined)
  if (given.length === 0) return undefined
  if (given.length > 1) command.error("error: give one of --token-file, --oidc-token-file, --oidc")
  const { githubCredential, isInTheClear, readTokenOf, showingAt } = await import(
    "../network/credentials.ts"
  )
  if (isInTheClear(url)) {
    const { remark } = createOutput(terminal, false)
    remark("the token goes to the log in the clear, for all on the way to read: use https")
  }
  const { environment = {}, now } = terminal
  // Never what the log says of itself: it could ask for a token that is good elsewhere.
  const audience = oidcAudience ?? new URL(parseBase(url, "log URL")).hostname
  const token = tokenFile === undefined ? undefined : await readTokenOf(tokenFile)
  const credential = async (): Promise<string> => token ?? (await readTokenOf(oidcTokenFile ?? ""))
  return (shown: Fetch): Fetch =>
    showingAt(
      url,
      oidc === undefined ? credential : githubCredential({ fetch, environment, audience, now }),
      shown,
    )
}

/**
 * The network of a command for the log at this URL alone: it shows the credential that the options name, which are those
 * of {@link credentialOptions} unless the command has others.
 */
export async function forLog(
  url: string,
  network: Network,
  calling: Calling,
  options = calling.command.opts<CredentialOptions>(),
): Promise<Network> {
  const show = await openCredential(url, network.fetch, calling, options)
  return show === undefined ? network : { ...network, fetch: show(network.fetch) }
}

/** A client of the log at this URL, as the options of its command say that it is reached. */
export async function openLogClient(url: string, calling: Calling): Promise<LogClient> {
  const { command, terminal } = calling
  const network = await openNetwork(command.opts<NetworkOptions>(), terminal)
  return createLogClient({ url, ...(await forLog(url, network, calling)) })
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
