// The options of `countersign monitor run` and what they name.
import { refuse, shown } from "../../core/base/errors.ts"
import { present } from "../../core/base/present.ts"
import { parseDecimal } from "../../core/base/text.ts"
import { accessOptions } from "../access/options.ts"
import { caFileOption } from "../command/network.ts"
import {
  gathered,
  jsonOption,
  optional,
  parseAddress,
  parsed,
  preset,
  type ValuesOf,
} from "../command/options.ts"
import { limitOptions } from "../serving/limit-options.ts"
import { tlsOptions } from "../serving/tls-options.ts"
import { stateOptions } from "./directory.ts"

/** `URL`, or `ORIGIN URL` where several logs are followed. */
export interface LogAddress {
  readonly origin?: string
  readonly url: string
}

interface MirrorAddress extends LogAddress {
  readonly name: string
}

/** What stands behind the last blank is the URL, which has none; an origin of others' may hold some. */
function parseLogAddress(text: string): LogAddress {
  const trimmed = text.trim()
  const url = trimmed.slice(trimmed.lastIndexOf(" ") + 1)
  const origin = trimmed.slice(0, -url.length).trimEnd()
  return origin === "" ? { url } : { origin, url }
}

/** `NAME=URL`, or `ORIGIN NAME=URL`. */
function parseMirrorAddress(text: string): MirrorAddress {
  const { origin, url: named } = parseLogAddress(text)
  const [, name, url] = /^([A-Za-z0-9._-]{1,64})=(.+)$/.exec(named) ?? []
  if (name === undefined || url === undefined) {
    return refuse("malformed", `expected NAME=URL or "ORIGIN NAME=URL", found ${shown(text)}`)
  }
  return { name, url, ...present({ origin }) }
}

const DEFAULT_INTERVAL = 60
const LONGEST_INTERVAL = 86_400

function seconds(text: string): number {
  const interval = parseDecimal(text, "interval")
  if (interval >= 1 && interval <= LONGEST_INTERVAL) return interval
  return refuse("malformed", `expected 1 to ${LONGEST_INTERVAL} seconds, found ${text}`)
}

export const intervalOption = preset(
  "--interval <seconds>",
  "time between two rounds",
  seconds,
  DEFAULT_INTERVAL,
)

export const runOptions = [
  ...stateOptions,
  optional("--policy <file>", "compare this policy with the pinned one"),
  optional("--watch <file>", "watch file: what is expected of which entries"),
  optional("--sinks <file>", "sinks file: who is told"),
  preset(
    "--log <url>",
    "read the log here instead of the policy's URL: http(s)://…, rekor-v2+https://…, file:///…",
    gathered(parseLogAddress),
    [],
    "the URL in the policy",
  ),
  preset(
    "--mirror <name=url>",
    "another way to the same log; may be given several times",
    gathered(parseMirrorAddress),
    [],
    "none",
  ),
  optional("--canary", "submit test entries, which must raise a marked alert"),
  intervalOption,
  optional("--once", "one round, and an exit code that says what is open"),
  parsed(
    "--listen <address>",
    "serve the status page, evidence and POST /heads here: HOST:PORT, unix:/PATH or systemd",
    parseAddress,
  ),
  ...tlsOptions,
  ...limitOptions,
  optional("--ledger-token-file <file>", "take POST /ledger from whoever has a token of this file"),
  ...accessOptions,
  caFileOption(),
  jsonOption(),
] as const

export type RunOptions = ValuesOf<typeof runOptions>
