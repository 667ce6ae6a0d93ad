// The options of `countersign witness serve`, and the policy file that they name.

import { Option } from "commander"
import { refuse } from "../../core/base/errors.ts"
import { LONGEST_POLICY } from "../../core/base/limits.ts"
import { type Origin, parseOrigin } from "../../core/note/origin.ts"
import { type Policy, parsePolicy } from "../../core/note/policy.ts"
import type { WitnessedLog } from "../../witness/witness.ts"
import { readBytes } from "../command/file.ts"
import {
  type Address,
  gathered,
  option,
  runningOptions,
  servingOptions,
} from "../command/options.ts"

/** Whether signing for a log waits until one source of its checkpoints has answered. */
type SelfCheck = "required" | "reachable"

export interface WitnessServeOptions {
  readonly data: string
  readonly logs: string
  readonly listen: Address
  readonly adminListen?: Address
  readonly guard?: string
  readonly passphraseFile?: string
  readonly selfCheck: SelfCheck
  readonly freeze: boolean
  readonly acceptKeyChange?: readonly Origin[]
  readonly logLevel: string
}

export const witnessServeOptions: readonly Option[] = [
  option("--data <dir>", "the witness's data directory").default("./witness"),
  option("--logs <file>", "policy file (C2SP tlog-policy): its logs are cosigned"),
  ...servingOptions("witness", 3002),
  option("--guard <file>", "where the guard is kept (default: DATA/guard/state)"),
  runningOptions.passphrase,
  option("--self-check <mode>", "whether a log's URL must answer before it is cosigned")
    .choices(["required", "reachable"])
    .default("reachable"),
  new Option("--no-freeze", "go on cosigning a log that is proven to lie"),
  new Option("--accept-key-change <origin>", "take the new keys of this log, once").argParser(
    gathered(parseOrigin),
  ),
  runningOptions.logLevel,
  runningOptions.config,
]

/** Reads the policy of a witness; refuses `malformed` if it names no log. */
export async function readWitnessPolicy(file: string): Promise<Policy> {
  const policy = parsePolicy(await readBytes(file, "policy", LONGEST_POLICY))
  return policy.logs.length > 0
    ? policy
    : refuse("malformed", `${file}: expected a line "log VKEY URL", found none`)
}

/** The logs of a policy, each with all of its keys. */
export function logsOf(policy: Policy): readonly WitnessedLog[] {
  const origins = new Set(policy.logs.map(({ vkey }) => parseOrigin(vkey.name)))
  return Array.from(origins, (origin) => {
    const own = policy.logs.filter(({ vkey }) => vkey.name === origin)
    return { origin, vkeys: own.map(({ vkey }) => vkey) }
  })
}
