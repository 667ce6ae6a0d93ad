// The options of `countersign bridge registry` and what they name.
import { parseRepository } from "../../client/registry/reference.ts"
import { refuse, shown } from "../../core/base/errors.ts"
import { parseDecimal } from "../../core/base/text.ts"
import { type Pattern, parsePattern } from "../../monitor/watch/pattern.ts"
import { logOption } from "../command/log-options.ts"
import { networkOptions } from "../command/network.ts"
import {
  dataOption,
  gathered,
  jsonOption,
  mandatory,
  option,
  optional,
  parseAddress,
  parsed,
  preset,
  type ValuesOf,
} from "../command/options.ts"
import { registryOptions } from "../command/registry-options.ts"
import { trustOptions } from "../command/trust-options.ts"

const DEFAULT_MINUTES = 15
const MOST_MINUTES = 10_080
const DEFAULT_COPIES = 1_024
const MOST_COPIES = 1_048_576

function parseBetween(least: number, most: number, unit: string) {
  return (text: string): number => {
    const value = parseDecimal(text, unit)
    if (value >= least && value <= most) return value
    return refuse("malformed", `expected ${least} to ${most} ${unit}, found ${text}`)
  }
}

const FINDING_ID = /^[0-9a-f]{16}$/

function parseFindingId(text: string): string {
  if (FINDING_ID.test(text)) return text
  return refuse("malformed", `expected the 16 hex digits of a finding, found ${shown(text)}`)
}

const readPatterns = gathered<Pattern>(parsePattern)

export const bridgeOptions = [
  mandatory("--url <url>", "base URL of the registry: http(s)://HOST[:PORT]"),
  preset(
    "--repos <pattern>",
    "repositories, as patterns of a watch file; may be given several times",
    readPatterns,
    [],
    "none",
  ),
  preset(
    "--also-signatures-in <repository>",
    "where signatures of those images are kept besides; may be given several times",
    gathered(parseRepository),
    [],
    "none",
  ),
  logOption(),
  ...trustOptions,
  preset(
    "--monitor <url>",
    "a monitor of the log that is given the same; may be given several times",
    gathered(String),
    [],
    "none",
  ),
  dataOption("bridge"),
  ...registryOptions,
  option("--log-token-file <file>", "show the log the token in this file, which only you may read"),
  ...networkOptions,
  optional("--push-back", "put vanished signatures back into the registry, from copies"),
  preset(
    "--copies <mebibytes>",
    "the most room for copies of signatures",
    parseBetween(1, MOST_COPIES, "mebibytes"),
    DEFAULT_COPIES,
  ),
  preset(
    "--accept <id>",
    "a finding that is known and counts no more; may be given several times",
    gathered(parseFindingId),
    [],
    "none",
  ),
  preset(
    "--every <minutes>",
    "time between two walks",
    parseBetween(1, MOST_MINUTES, "minutes"),
    DEFAULT_MINUTES,
  ),
  optional("--once", "one walk, and an exit code that says what it found"),
  parsed("--listen <address>", "take notifications of the registry here, as hints", parseAddress),
  optional("--token-file <file>", "first line: the bearer token of notifications"),
  jsonOption(),
] as const

export type BridgeOptions = ValuesOf<typeof bridgeOptions>
