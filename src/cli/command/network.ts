// How a command reaches others: the options that say so, proxies and authorities out of the environment, and asking
// again what may pass by itself.
import { setTimeout } from "node:timers/promises"
import type { Fetch } from "../../client/exchange.ts"
import type { Patience } from "../../client/retrying.ts"
import { refuse } from "../../core/base/errors.ts"
import { parseDecimal } from "../../core/base/text.ts"
import { readText } from "./file.ts"
import { option, orEnvironment, parsed, type ValuesOf } from "./options.ts"
import { createOutput } from "./output.ts"
import type { Terminal } from "./terminal.ts"

const LONGEST_TIMEOUT = 300
const MOST_RETRIES = 10
const LONGEST_CA_FILE = 4 * 1024 * 1024
const DEFAULT_TIMEOUT = 30
const DEFAULT_RETRIES = 3
/** A question may take so many times what one attempt may take, waits included. */
const WHOLE = 3

function numberUpTo(least: number, most: number, what: string) {
  return (text: string): number => {
    const number = parseDecimal(text, what)
    if (number >= least && number <= most) return number
    return refuse("malformed", `expected ${least} to ${most} ${what}, found ${text}`)
  }
}

/** `--ca-file`, for servers and commands alike. */
export const caFileOption = () =>
  option("--ca-file <file>", "PEM certificates of authorities (CAs) to trust for TLS besides")

/** How a command that asks others reaches them. */
export const networkOptions = [
  caFileOption(),
  orEnvironment(
    parsed(
      "--timeout <seconds>",
      `how long one request may take (default: ${DEFAULT_TIMEOUT})`,
      numberUpTo(1, LONGEST_TIMEOUT, "seconds"),
    ),
  ),
  orEnvironment(
    parsed(
      "--retries <n>",
      `how often what may pass by itself is asked again (default: ${DEFAULT_RETRIES})`,
      numberUpTo(0, MOST_RETRIES, "retries"),
    ),
  ),
] as const

export type NetworkOptions = ValuesOf<typeof networkOptions>

/** What a client is made with. */
export interface Network {
  readonly fetch: Fetch
  /** Milliseconds of one request. */
  readonly timeout: number
  readonly patience: Patience
}

/**
 * Fetch with the proxies and authorities that the options and the environment name. Throws trouble ("disk") or refuses
 * `malformed` for the file of --ca-file.
 */
export async function openFetch(
  { caFile }: Pick<NetworkOptions, "caFile">,
  { fetch, environment = {} }: Pick<Terminal, "fetch" | "environment">,
): Promise<Fetch> {
  // Only who asks others pays for the code that reaches them.
  const { createFetching } = await import("../network/fetching.ts")
  if (caFile === undefined) return createFetching({ fetch, environment })
  const text = await readText(caFile, "certificates", LONGEST_CA_FILE)
  const { parseAuthorities } = await import("../network/authorities.ts")
  const named = { file: caFile, certificates: parseAuthorities(text, caFile) }
  return createFetching({ fetch, environment, named })
}

/** Tells once a command that something is asked again. */
function patienceOf({ timeout, retries }: NetworkOptions, terminal: Terminal): Patience {
  const { remark } = createOutput(terminal, false)
  let isTold = false
  return {
    retries: retries ?? DEFAULT_RETRIES,
    whole: WHOLE * 1000 * (timeout ?? DEFAULT_TIMEOUT),
    sleep: terminal.sleep ?? ((wait, signal) => setTimeout(wait, undefined, { signal })),
    random: terminal.random ?? Math.random,
    now: () => terminal.now(),
    onRetry(reason, wait) {
      if (!isTold) remark(`${reason}; asking again in ${(wait / 1000).toFixed(1)} seconds`)
      isTold = true
    },
  }
}

/** As {@link openFetch}, with how long things may take and how often they are asked. */
export async function openNetwork(options: NetworkOptions, terminal: Terminal): Promise<Network> {
  return {
    fetch: await openFetch(options, terminal),
    timeout: 1000 * (options.timeout ?? DEFAULT_TIMEOUT),
    patience: patienceOf(options, terminal),
  }
}
