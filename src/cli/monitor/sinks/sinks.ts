// Makes sinks of the lines of a sinks file: reads the secrets that they name and gives each its name and a
// bound on how long one delivery may take.
import { createHash } from "node:crypto"
import type { Fetch } from "../../../client/exchange.ts"
import { Trouble } from "../../../core/base/errors.ts"
import type { AlertSink } from "../../../monitor/alerts/alert.ts"
import { readText } from "../../command/file.ts"
import { execSink } from "./exec.ts"
import { jsonLinesSink } from "./json-lines.ts"
import { request } from "./posting.ts"
import { type ConfiguredSink, parseSinks, type SinkLine } from "./sinks-file.ts"
import { parseMailUser, smtpSink } from "./smtp.ts"
import { parseWebhookSecret, webhookSink } from "./webhook.ts"
import { witnessSink } from "./witness-evidence.ts"

/** Told after every round in which the monitor saw everything: somebody else misses it when it is silent. */
interface DeadManPing {
  readonly name: string
  /** Rejects with Trouble; settles within the time-out. */
  ping(): Promise<void>
}

export interface Sinks {
  readonly sinks: readonly AlertSink[]
  /** Whether one of them takes every alert; a witness takes evidence only. */
  readonly takesAll: boolean
  readonly pings: readonly DeadManPing[]
}

interface SinkSurroundings {
  readonly fetch: Fetch
  /** Unix milliseconds. */
  readonly now: () => number
  /** Milliseconds that one delivery may take; 30 seconds by default. */
  readonly timeout?: number
  /** Milliseconds that a sink may take longer until it is given up on; 5 seconds by default. */
  readonly grace?: number
}

const DEFAULT_TIMEOUT = 30_000
const DEFAULT_GRACE = 5_000
const LONGEST_SINKS_FILE = 1_048_576
const LONGEST_SECRET_FILE = 4_096
const NAME_DIGITS = 8

type Bounded = Omit<SinkSurroundings, "grace"> & { readonly timeout: number }

/** Kind and a piece of the line's hash: the line itself may hold a secret, and names are public. */
function nameOf({ line, text }: ConfiguredSink): string {
  return `${line.kind}-${createHash("sha256").update(text).digest("hex").slice(0, NAME_DIGITS)}`
}

/** A sink that never settles is given up on, so that it holds up nobody. */
function bounded(sink: AlertSink, timeout: number): AlertSink {
  return {
    name: sink.name,
    async deliver(alert) {
      let timer: NodeJS.Timeout | undefined
      const late = new Promise<never>((_, reject) => {
        const trouble = new Trouble("network", `no answer within ${timeout} ms`)
        timer = setTimeout(() => reject(trouble), timeout)
      })
      try {
        await Promise.race([sink.deliver(alert), late])
      } finally {
        clearTimeout(timer)
      }
    },
  }
}

async function openSink(
  name: string,
  line: Exclude<SinkLine, { kind: "ping" }>,
  { fetch, now, timeout }: Bounded,
): Promise<AlertSink> {
  const surroundings = { name, fetch, now, timeout }
  switch (line.kind) {
    case "exec":
      return execSink({ ...line, ...surroundings })
    case "webhook": {
      const secret = await readText(line.secretFile, "webhook secret", LONGEST_SECRET_FILE)
      return webhookSink({ ...line, ...surroundings, secret: parseWebhookSecret(secret) })
    }
    case "jsonl":
      return jsonLinesSink({ ...line, name })
    case "smtp": {
      const { userFile, ...route } = line
      if (userFile === undefined) return smtpSink({ ...route, ...surroundings })
      const login = parseMailUser(await readText(userFile, "mail user", LONGEST_SECRET_FILE))
      return smtpSink({ ...route, ...surroundings, login })
    }
    case "witness":
      return witnessSink({ ...line, ...surroundings })
  }
}

function openPing(name: string, url: string, { fetch, timeout }: Bounded): DeadManPing {
  return {
    name,
    async ping() {
      try {
        await request({ url, fetch, timeout }, "it")
      } catch (cause) {
        const reason = cause instanceof Error ? cause.message : String(cause)
        throw new Trouble("network", `${name}: ${reason}`, { cause })
      }
    },
  }
}

/** Opens what the lines name. Refuses `malformed` secrets; throws trouble ("disk"). */
export async function openSinks(
  configured: readonly ConfiguredSink[],
  surroundings: SinkSurroundings,
): Promise<Sinks> {
  const { timeout = DEFAULT_TIMEOUT, grace = DEFAULT_GRACE } = surroundings
  const all = { ...surroundings, timeout }
  const sinks: AlertSink[] = []
  const pings: DeadManPing[] = []
  for (const sink of configured) {
    const { line } = sink
    const name = nameOf(sink)
    if (line.kind === "ping") pings.push(openPing(name, line.url, all))
    else sinks.push(bounded(await openSink(name, line, all), timeout + grace))
  }
  const takesAll = configured.some(({ line: { kind } }) => kind !== "ping" && kind !== "witness")
  return { sinks, takesAll, pings }
}

export async function readSinks(
  path: string | undefined,
  surroundings: SinkSurroundings,
): Promise<Sinks> {
  const text = path === undefined ? "" : await readText(path, "sinks file", LONGEST_SINKS_FILE)
  return await openSinks(parseSinks(text), surroundings)
}
