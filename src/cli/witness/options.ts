// The options of `countersign witness serve`, and the policy file that they name.
import { Option } from "commander"
import { refuse } from "../../core/base/errors.ts"
import { LONGEST_POLICY } from "../../core/base/limits.ts"
import { parseOrigin } from "../../core/note/origin.ts"
import { type Policy, parsePolicy } from "../../core/note/policy.ts"
import { originsOf } from "../../core/note/policy-origins.ts"
import type { WitnessedLog } from "../../witness/witness.ts"
import { acceptClockOption } from "../clock/accept-clock.ts"
import { readBytes } from "../command/file.ts"
import { ed25519KeyOption } from "../command/key-files.ts"
import { caFileOption } from "../command/network.ts"
import {
  choice,
  gathered,
  option,
  orEnvironment,
  parsed,
  preset,
  publicUrlOption,
  runningOptions,
  servingOptions,
  type TypedOption,
  type ValuesOf,
} from "../command/options.ts"
import { limitOptions } from "../serving/limit-options.ts"
import { tlsOptions } from "../serving/tls-options.ts"

const freezeOption: TypedOption<{ readonly freeze: boolean }> = new Option(
  "--no-freeze",
  "go on cosigning a log that is proven to lie",
)

export const witnessServeOptions = [
  orEnvironment(preset("--data <dir>", "the witness's data directory", String, "./witness")),
  option("--logs <file>", "policy file (C2SP tlog-policy): its logs are cosigned"),
  ...servingOptions("witness", 3002),
  ...tlsOptions,
  ...limitOptions,
  publicUrlOption("witness"),
  option("--guard <file>", "where the guard is kept (default: DATA/guard/state)"),
  runningOptions.passphrase,
  ed25519KeyOption,
  option("--signer <uri>", "not for witnesses yet: their keys are in files, an agent or a token"),
  orEnvironment(
    choice(
      "--self-check <mode>",
      "whether a log's URL must answer before it is cosigned",
      ["required", "reachable"],
      "reachable",
    ),
  ),
  freezeOption,
  parsed(
    "--accept-key-change <origin>",
    "take the new keys of this log, once",
    gathered(parseOrigin),
  ),
  acceptClockOption(),
  caFileOption(),
  runningOptions.logLevel,
  runningOptions.config,
] as const

export type WitnessServeOptions = ValuesOf<typeof witnessServeOptions>

/** Reads the policy of a witness; refuses `malformed` if it names no log. */
export async function readWitnessPolicy(file: string): Promise<Policy> {
  const policy = parsePolicy(await readBytes(file, "policy", LONGEST_POLICY))
  return policy.logs.length > 0
    ? policy
    : refuse("malformed", `${file}: expected a line "log VKEY URL", found none`)
}

export function logsOf(policy: Policy): readonly WitnessedLog[] {
  const origins = new Set(policy.logs.flatMap(originsOf))
  return Array.from(origins, (origin) => {
    const own = policy.logs.filter((log) => originsOf(log).includes(origin))
    return { origin, vkeys: own.map(({ vkey }) => vkey) }
  })
}
