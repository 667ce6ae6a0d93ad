// The options of `countersign serve` about witnesses: which of them cosign, and how long to wait for whom.
import type { Option } from "commander"
import { refuse } from "../../core/base/errors.ts"
import { parseDecimal } from "../../core/base/text.ts"
import { defaultTimes, type PublishingTimes } from "../../log/publishing/publisher.ts"
import { argument, flag, option } from "../command/options.ts"

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

/** An option of 1 up to `longest`, in the unit of its name. */
function durationOption(
  name: string,
  description: string,
  usual: number,
  longest = LONGEST_DURATION,
): Option {
  const parse = argument((text) => {
    const value = parseDecimal(text, "duration")
    if (value > 0 && value <= longest) return value
    return refuse("malformed", `duration: expected 1 to ${longest}, found ${value}`)
  })
  return option(`--${name} <n>`, description).argParser(parse).default(usual)
}

const { every, deadline, grace, again, wait } = defaultTimes

export const publishingOptions: readonly Option[] = [
  option(
    "--policy <file>",
    "C2SP policy: publish what its quorum of witnesses has cosigned; each with its URL",
  ).env("COUNTERSIGN_WITNESS_POLICY"),
  durationOption("publish-every-ms", "between two rounds of cosignatures", every),
  durationOption("witness-timeout-ms", "how long a witness may take", deadline),
  durationOption(
    "witness-grace-ms",
    "how long the other witnesses have once the quorum is reached",
    grace,
  ),
  durationOption(
    "cosign-again-minutes",
    "after how long the same checkpoint is cosigned again",
    again / MINUTE,
  ),
  durationOption("witnessed-wait-ms", "the longest that a submission waits", wait, LONGEST_WAIT),
  flag(
    "wait-for-witnesses",
    "let every submission wait for a witnessed checkpoint, except those of Rekor v1",
  ),
  flag("require-witness-check", "do not start unless every witness says what it holds of this log"),
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
