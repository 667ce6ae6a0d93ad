// The options of `countersign serve`.
import { Option } from "commander"
import { LONGEST_BATCH } from "../../core/base/limits.ts"
import { parseDecimal } from "../../core/base/text.ts"
import type { VerificationEngine } from "../../crypto/engines/verification.ts"
import type { Algorithm } from "../../entry/algorithm.ts"
import { parseAlgorithms, type WriteRule } from "../../entry/write-rule.ts"
import { type Address, argument, option, parseAddress } from "../command/options.ts"

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
    .default(LONGEST_BATCH),
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

/** Which kinds and who may write; nothing is restricted that no option names. */
export function writeRuleOf(options: ServeOptions): WriteRule {
  const { allowKinds, allowKeys, allowIdentities } = options
  return {
    ...(allowKinds && { kinds: allowKinds }),
    ...(allowKeys && { keys: allowKeys }),
    ...(allowIdentities && { identities: allowIdentities }),
  }
}
