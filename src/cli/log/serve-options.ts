// The options of `countersign serve`: flags win over COUNTERSIGN_* variables, those over the
// configuration file (YAML, the same names as the long flags).
import { type Command, InvalidArgumentError, Option } from "commander"
import { parse } from "yaml"
import { Refusal, refuse, shown } from "../../core/base/errors.ts"
import { parseDecimal } from "../../core/base/text.ts"
import type { VerificationEngine } from "../../crypto/engines/verification.ts"
import type { Algorithm } from "../../entry/algorithm.ts"
import { parseAlgorithms, type WriteRule } from "../../entry/write-rule.ts"
import { readText } from "../command/file.ts"

export interface ServeOptions {
  readonly data: string
  readonly listen: Address
  readonly adminListen?: Address
  readonly dev?: boolean
  readonly origin?: string
  readonly guard?: string
  readonly passphraseFile?: string
  readonly publicUrl?: string
  readonly verification: VerificationEngine
  readonly maxRequestBytes: number
  readonly maxBatchBytes: number
  readonly maxEntriesUnderWay: number
  /** Undefined if nobody has said anything about it. */
  readonly keepAttestations?: number
  readonly minFreeBytes: number
  readonly allowAlgorithms?: ReadonlySet<Algorithm>
  readonly allowKinds?: ReadonlySet<string>
  readonly allowKeys?: ReadonlySet<string>
  readonly allowIdentities?: ReadonlySet<string>
  readonly logLevel: string
}

export interface Address {
  readonly host: string
  readonly port: number
}

/** HOST:PORT, with brackets around an IPv6 address. Refuses `malformed`. */
export function parseAddress(text: string): Address {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]]+)):([0-9]{1,5})$/.exec(text)
  const port = Number(match?.[3])
  if (match === null || port > 65_535) {
    return refuse("malformed", `expected HOST:PORT, found ${shown(text)}`)
  }
  return { host: (match[1] ?? match[2]) as string, port }
}

/** Lets a refusal of a parser appear as commander's own message about that option. */
export function argument<T>(parser: (text: string) => T): (text: string) => T {
  return (text) => {
    try {
      return parser(text)
    } catch (error) {
      throw new InvalidArgumentError(error instanceof Error ? error.message : String(error))
    }
  }
}

const address = argument(parseAddress)
const count = argument((text: string) => parseDecimal(text, "count"))

/** Names with commas between them. */
function listOf(text: string): string[] {
  const names = text.split(",").map((name) => name.trim())
  return names.filter((name) => name !== "")
}

function words(text: string): ReadonlySet<string> {
  return new Set(listOf(text))
}

function lowerCaseWords(text: string): ReadonlySet<string> {
  return words(text.toLowerCase())
}

/** An option that the environment may set too, as COUNTERSIGN_ and `variable`. */
export function option(flags: string, description: string, variable: string): Option {
  return new Option(flags, description).env(`COUNTERSIGN_${variable}`)
}

export const serveOptions: readonly Option[] = [
  option("--data <dir>", "the log's data directory", "DATA").default("./data"),
  option("--listen <host:port>", "where the log listens", "LISTEN")
    .argParser(address)
    .default(parseAddress("127.0.0.1:3000"), "127.0.0.1:3000"),
  option(
    "--admin-listen <host:port>",
    "where /metrics listens; off by default",
    "ADMIN_LISTEN",
  ).argParser(address),
  new Option("--dev", "make a development log if the data directory holds none"),
  option("--origin <name>", "with --dev: the name of the log that is made", "ORIGIN"),
  option("--guard <file>", "where the head guard lies (default: DATA/guard/head)", "GUARD"),
  option("--passphrase-file <file>", "first line: passphrase of the key files", "PASSPHRASE_FILE"),
  option("--public-url <url>", "the URL clients reach the log under", "PUBLIC_URL"),
  option("--verification <engine>", "how signatures are verified", "VERIFICATION")
    .choices(["auto", "native", "portable"])
    .default("auto"),
  option("--max-request-bytes <n>", "largest single submission", "MAX_REQUEST_BYTES")
    .argParser(count)
    .default(4 * 1024 * 1024),
  option("--max-batch-bytes <n>", "largest batch submission", "MAX_BATCH_BYTES")
    .argParser(count)
    .default(8 * 1024 * 1024),
  option(
    "--max-entries-under-way <n>",
    "entries being verified or written",
    "MAX_ENTRIES_UNDER_WAY",
  )
    .argParser(count)
    .default(4_096),
  option(
    "--keep-attestations <n>",
    "keep DSSE envelopes up to so many bytes; 0 keeps none (default: 0, with --dev 131072)",
    "KEEP_ATTESTATIONS",
  ).argParser(count),
  option(
    "--allow-algorithms <list>",
    "take signatures by these algorithms only",
    "ALLOW_ALGORITHMS",
  ).argParser(argument((text: string) => parseAlgorithms(listOf(text)))),
  option("--allow-kinds <list>", "take entries of these kinds only", "ALLOW_KINDS").argParser(
    words,
  ),
  option("--allow-keys <list>", "take entries signed by these keys only", "ALLOW_KEYS").argParser(
    words,
  ),
  option(
    "--allow-identities <list>",
    "take entries signed by certificates of these identities",
    "ALLOW_IDENTITIES",
  ).argParser(lowerCaseWords),
  option("--min-free-bytes <n>", "stop accepting below this much free disk", "MIN_FREE_BYTES")
    .argParser(count)
    .default(128 * 1024 * 1024),
  option("--log-level <level>", "what is logged to standard error", "LOG_LEVEL")
    .choices(["debug", "info", "warn", "error", "silent"])
    .default("info"),
  option("--config <file>", "YAML file with any of these options", "CONFIG"),
]

const SET_BY_CONFIG = "config"

const LONGEST_CONFIG = 1_048_576

function parseYaml(text: string, file: string): unknown {
  try {
    return parse(text, { maxAliasCount: 0 })
  } catch (cause) {
    const [reason] = String(cause).split(":\n", 1)
    return refuse("malformed", `${file}: expected YAML, found a ${reason}`, { cause })
  }
}

/**
 * Fills in from the configuration file what neither a flag nor the environment has set. Refuses
 * `malformed` for what is not a mapping of options; throws trouble ("disk") if it cannot be read.
 */
export async function applyConfigFile(command: Command): Promise<void> {
  const file = command.getOptionValue("config")
  if (typeof file !== "string") return
  const settings = parseYaml(await readText(file, "configuration", LONGEST_CONFIG), file)
  if (settings === null || typeof settings !== "object" || Array.isArray(settings)) {
    refuse("malformed", `${file}: expected a mapping of options, found something else`)
  }
  for (const [name, value] of Object.entries(settings)) applySetting(command, file, name, value)
}

function applySetting(command: Command, file: string, name: string, value: unknown): void {
  const known = command.options.find((candidate) => candidate.long === `--${name}`)
  const takesNoValue = known === undefined || known.isBoolean() || known.negate
  if (takesNoValue || name === "config") {
    throw new Refusal("malformed", `${file}: unknown option ${shown(name)}`)
  }
  const isSwitch = typeof value === "boolean" && known.optional
  if (typeof value !== "string" && typeof value !== "number" && !isSwitch) {
    throw new Refusal("malformed", `${file}: ${name}: expected text or a number`)
  }
  const attribute = known.attributeName()
  if (command.getOptionValueSource(attribute) !== "default") {
    if (command.getOptionValue(attribute) !== undefined) return
  }
  const text = String(value)
  if (known.argChoices !== undefined && !known.argChoices.includes(text)) {
    refuse("malformed", `${file}: ${name}: expected one of ${known.argChoices.join(", ")}`)
  }
  command.setOptionValueWithSource(attribute, parsedBy(known, text, file), SET_BY_CONFIG)
}

function parsedBy(known: Option, text: string, file: string): unknown {
  try {
    return known.parseArg === undefined ? text : known.parseArg(text, undefined)
  } catch (error) {
    if (!(error instanceof InvalidArgumentError)) throw error
    return refuse("malformed", `${file}: ${known.long?.slice(2)}: ${error.message}`)
  }
}

/** Which kinds and who may write; nothing is restricted that no option names. */
export function writeRuleOf(options: ServeOptions): WriteRule {
  const { allowKinds, allowKeys, allowIdentities } = options
  return {
    ...(allowKinds && { kinds: allowKinds }),
    ...(allowKeys && { keys: allowKeys }),
    ...(allowIdentities && { identities: allowIdentities }),
  }
}
