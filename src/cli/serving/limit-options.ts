// The options that say how much a client may ask for, whose word on a client's address is believed, and under which
// names a server of this machine may be reached.
import { refuse, shown } from "../../core/base/errors.ts"
import { parseLimit, type Rates } from "../../http/limits/rates.ts"
import { createClientReader } from "../../http/serving/client.ts"
import { orEnvironment, parsed } from "../command/options.ts"

export interface LimitOptionValues {
  readonly limit?: Partial<Rates>
  readonly trustProxy?: readonly string[]
  readonly allowHost?: readonly string[]
}

function listOf(text: string, separator: RegExp): string[] {
  return text.split(separator).filter((part) => part !== "")
}

/** `submit=600/min,2000 search=off`, once or in several options. */
function parseLimits(text: string, before: Partial<Rates> = {}): Partial<Rates> {
  const written = listOf(text, /\s+/)
  // Says what was expected of an empty one, too.
  const parts = written.length === 0 ? [text] : written
  return Object.assign({}, before, ...parts.map(parseLimit))
}

function parseProxies(text: string, before: readonly string[] = []): readonly string[] {
  const proxies = listOf(text, /[\s,]+/)
  // Refuses what is no network.
  createClientReader(proxies.length === 0 ? [text] : proxies)
  return [...before, ...proxies]
}

const HOST = /^(?:[a-z0-9_](?:[a-z0-9_.-]{0,252}[a-z0-9_])?|\[[0-9a-f:.]+\])(?::\d{1,5})?$/i

function parseHosts(text: string, before: readonly string[] = []): readonly string[] {
  const hosts = listOf(text, /[\s,]+/)
  for (const host of hosts.length === 0 ? [text] : hosts) {
    if (!HOST.test(host)) refuse("malformed", `expected HOST or HOST:PORT, found ${shown(host)}`)
  }
  return [...before, ...hosts]
}

export const limitOptions = [
  orEnvironment(
    parsed(
      "--limit <limits>",
      "what one client may ask for: CLASS=N/min[,BURST] or CLASS=off, of submit, search, proof, evidence, heads, " +
        "cosign, key; several with blanks between them",
      parseLimits,
    ),
  ),
  orEnvironment(
    parsed(
      "--trust-proxy <list>",
      "proxies whose X-Forwarded-For is believed: addresses, networks such as 10.0.0.0/8, unix",
      parseProxies,
    ),
  ),
  orEnvironment(
    parsed(
      "--allow-host <list>",
      "names beside its own under which it may be reached over loopback",
      parseHosts,
    ),
  ),
] as const

/** What the servers are told of them. */
export function limitsOf({ limit, trustProxy = [], allowHost = [] }: LimitOptionValues) {
  return {
    rates: limit,
    allowedHosts: allowHost,
    proxies: { trustedProxies: trustProxy },
  }
}
