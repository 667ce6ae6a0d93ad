// The options of `countersign serve` about witnesses: which of them cosign, and how long to wait for whom.
import type { Option } from "commander"
import { refuse, shown } from "../../core/base/errors.ts"
import { parseDecimal } from "../../core/base/text.ts"
import { defaultTimes, type PublishingTimes } from "../../log/publishing/publisher.ts"
import { argument, option } from "../command/options.ts"

export interface PublishingOptions {
  /** The policy file; without it what is signed is published. */
  readonly policy?: string
  readonly publishEveryMs: number
  readonly witnessTimeoutMs: number
  readonly witnessGraceMs: number
  readonly cosignAgainMinutes: number
  readonly witnessedWaitMs: number
  readonly waitForWitnesses?: boolean
  readonly requireWitnessCheck?: boolean
}

const MINUTE = 60_000
/** A timer cannot be set to more. */
const LONGEST_DURATION = 86_400_000
/** Connections without a byte are cut off after thirty seconds, and clients wait no longer either. */
const LONGEST_WAIT = 25_000

function durationUpTo(longest: number): (text: string) => number {
  return argument((text) => {
    const value = parseDecimal(text, "duration")
    return value > 0 && value <= longest
      ? value
      : refuse("malformed", `duration: expected 1 to ${longest}, found ${value}`)
  })
}

function parseSwitch(text: string): boolean {
  if (text === "true") return true
  return text === "false"
    ? false
    : refuse("malformed", `expected true or false, found ${shown(text)}`)
}

const duration = durationUpTo(LONGEST_DURATION)

/** A flag that the environment and the configuration file can turn off as well. */
function flag(name: string, description: string, variable: string): Option {
  return option(`--${name} [true|false]`, description, variable)
    .preset("true")
    .argParser(argument(parseSwitch))
}

export const publishingOptions: readonly Option[] = [
  option(
    "--policy <file>",
    "C2SP policy: publish what its quorum of witnesses has cosigned; each with its URL",
    "WITNESS_POLICY",
  ),
  option("--publish-every-ms <n>", "between two rounds of cosignatures", "PUBLISH_EVERY_MS")
    .argParser(duration)
    .default(defaultTimes.every),
  option("--witness-timeout-ms <n>", "how long a witness may take", "WITNESS_TIMEOUT_MS")
    .argParser(duration)
    .default(defaultTimes.deadline),
  option(
    "--witness-grace-ms <n>",
    "how long the other witnesses have once the quorum is reached",
    "WITNESS_GRACE_MS",
  )
    .argParser(duration)
    .default(defaultTimes.grace),
  option(
    "--cosign-again-minutes <n>",
    "after how long the same checkpoint is cosigned again",
    "COSIGN_AGAIN_MINUTES",
  )
    .argParser(duration)
    .default(defaultTimes.again / MINUTE),
  option("--witnessed-wait-ms <n>", "how long a submission waits at most", "WITNESSED_WAIT_MS")
    .argParser(durationUpTo(LONGEST_WAIT))
    .default(defaultTimes.wait),
  flag(
    "wait-for-witnesses",
    "let every submission wait for a witnessed checkpoint, but those of Rekor v1",
    "WAIT_FOR_WITNESSES",
  ),
  flag(
    "require-witness-check",
    "do not start unless every witness says what it holds of this log",
    "REQUIRE_WITNESS_CHECK",
  ),
]

/** In milliseconds, as the publisher takes them. */
export function publishingTimes(options: PublishingOptions): PublishingTimes {
  return {
    every: options.publishEveryMs,
    deadline: options.witnessTimeoutMs,
    grace: options.witnessGraceMs,
    again: options.cosignAgainMinutes * MINUTE,
    wait: options.witnessedWaitMs,
  }
}
