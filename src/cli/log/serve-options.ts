// The options of `countersign serve`.
import { Option } from "commander"
import { LONGEST_BATCH } from "../../core/base/limits.ts"
import { present } from "../../core/base/present.ts"
import { parseDecimal } from "../../core/base/text.ts"
import type { VerificationEngine } from "../../crypto/engines/verification.ts"
import type { Algorithm } from "../../entry/algorithm.ts"
import { type EntryKind, kindNames } from "../../entry/kind-names.ts"
import { parseAlgorithms, parseKinds, type WriteRule } from "../../entry/kinds/write-rule.ts"
import { type AccessOptions, accessOptions } from "../access/options.ts"
import { acceptClockOption } from "../clock/accept-clock.ts"
import { keyOptions } from "../command/key-files.ts"
import { caFileOption } from "../command/network.ts"
import {
  type Address,
  argument,
  option,
  publicUrlOption,
  runningOptions,
  servingOptions,
} from "../command/options.ts"
import { type LimitOptionValues, limitOptions } from "../serving/limit-options.ts"
import { type TlsOptionValues, tlsOptions } from "../serving/tls-options.ts"
import { signerOption } from "./signing/signer-uri.ts"

export interface ServeOptions extends AccessOptions, TlsOptionValues, LimitOptionValues {
  readonly data: string
  readonly listen: Address
  readonly adminListen?: Address
  readonly dev?: boolean
  readonly origin?: string
  readonly forceOrigin?: boolean
  readonly guard?: string
  readonly passphraseFile?: string
  readonly ecdsaKey?: string
  readonly ed25519Key?: string
  readonly signer?: string
  readonly publicUrl?: string
  readonly verification: VerificationEngine
  readonly maxRequestBytes: number
  readonly maxBatchBytes: number
  readonly maxEntriesUnderWay: number
  /** Undefined if nobody has said anything about it. */
  readonly keepAttestations?: number
  /** Undefined if nobody has said anything about it. */
  readonly keepMessages?: number
  readonly certificateAuthorities?: string
  readonly minFreeBytes: number
  readonly allowAlgorithms?: ReadonlySet<Algorithm>
  readonly allowKinds?: ReadonlySet<EntryKind>
  readonly allowKeys?: ReadonlySet<string>
  readonly allowIdentities?: ReadonlySet<string>
  readonly acceptClock?: number
  readonly caFile?: string
  readonly logLevel: string
}

/** Names with commas between them. */
function listOf(text: string): string[] {
  const names = text.split(",").map((name) => name.trim())
  return names.filter((name) => name !== "")
}

/** A number above or equal to 0. */
function countOption(flags: string, description: string): Option {
  return option(flags, description).argParser(argument((text) => parseDecimal(text, "count")))
}

const words = (text: string): ReadonlySet<string> => new Set(listOf(text))

export const serveOptions: readonly Option[] = [
  option("--data <dir>", "the log's data directory").default("./data"),
  ...servingOptions("log", 3000),
  ...tlsOptions,
  ...limitOptions,
  new Option("--dev", "make a development log if the data directory holds none"),
  option("--origin <name>", "with --dev: the name of the log that is made"),
  new Option("--force-origin", "with --dev: take a name that is no host name"),
  option("--guard <file>", "where the head guard is kept (default: DATA/guard/head)"),
  runningOptions.passphrase,
  ...keyOptions,
  signerOption(),
  publicUrlOption("log"),
  option("--verification <engine>", "how signatures are verified")
    .choices(["auto", "native", "portable"])
    .default("auto"),
  countOption("--max-request-bytes <n>", "largest single submission").default(4 * 1024 * 1024),
  countOption("--max-batch-bytes <n>", "largest batch submission").default(LONGEST_BATCH),
  countOption("--max-entries-under-way <n>", "entries being verified or written").default(4_096),
  countOption(
    "--keep-attestations <n>",
    "keep DSSE envelopes of up to so many bytes and refuse longer ones; 0 takes all and keeps none, so that " +
      "nobody can tell what they are about (default: --max-request-bytes)",
  ),
  countOption(
    "--keep-messages <n>",
    "keep messages that anyone attaches to entries, up to so many bytes; 0 takes none (default: --max-request-bytes)",
  ),
  option("--allow-algorithms <list>", "accept signatures by these algorithms only").argParser(
    argument((text) => parseAlgorithms(listOf(text))),
  ),
  option(
    "--allow-kinds <list>",
    `accept entries of these kinds only, of ${kindNames.join(", ")}`,
  ).argParser(argument((text) => parseKinds(listOf(text)))),
  option("--allow-keys <list>", "accept entries signed by these keys only").argParser(words),
  option(
    "--allow-identities <list>",
    "accept entries signed by certificates of these identities only",
  ).argParser((text: string) => words(text.toLowerCase())),
  option(
    "--certificate-authorities <file>",
    "accept certificates issued by these authorities only: PEM, or a Sigstore trusted root",
  ),
  countOption(
    "--min-free-bytes <n>",
    "accept no entries while less disk space than this is free",
  ).default(128 * 1024 * 1024),
  acceptClockOption(),
  ...accessOptions,
  caFileOption(),
  runningOptions.logLevel,
  runningOptions.config,
]

/** Which kinds and who may write; nothing is restricted that no option names. */
export function writeRuleOf(options: ServeOptions): WriteRule {
  const { allowKinds, allowKeys, allowIdentities } = options
  return present({ kinds: allowKinds, keys: allowKeys, identities: allowIdentities })
}
