// The options that say whom a command is to trust, and reading the file that they name.
import type { Command } from "commander"
import type { Trust } from "../../client/trust.ts"
import { LONGEST_POLICY, LONGEST_TRUSTED_ROOT } from "../../core/base/limits.ts"
import { parsePolicy } from "../../core/note/policy.ts"
import { readTrustedRoot } from "../../sigstore/trusted-root.ts"
import { readBytes, readText } from "./file.ts"
import { option, type ValuesOf } from "./options.ts"
import type { Output } from "./output.ts"

/** `--trusted-root` and `--policy`, of which {@link readTrust} takes one. */
export const trustOptions = [
  option("--trusted-root <file>", "Sigstore trusted root that pins the log's key"),
  option("--policy <file>", "C2SP policy: the log's key, and witnesses that must cosign"),
] as const

type TrustOptions = ValuesOf<typeof trustOptions>

/** The file that a flag names; one from the environment only if no flag names the other. */
function chosen(command: Command, own: keyof TrustOptions, other: keyof TrustOptions) {
  const { [own]: file } = command.opts<TrustOptions>()
  const isOverruled =
    command.getOptionValueSource(own) !== "cli" && command.getOptionValueSource(other) === "cli"
  return isOverruled ? undefined : file
}

/** Reads whom to trust; undefined if nobody was named. A usage error if both files were. */
export async function readTrust(command: Command): Promise<Trust | undefined> {
  const trustedRoot = chosen(command, "trustedRoot", "policy")
  const policy = chosen(command, "policy", "trustedRoot")
  if (trustedRoot !== undefined && policy !== undefined) {
    command.error("error: give either --trusted-root or --policy")
  }
  if (trustedRoot !== undefined) {
    const text = await readText(trustedRoot, "trusted root", LONGEST_TRUSTED_ROOT)
    return readTrustedRoot(text)
  }
  if (policy === undefined) return undefined
  return { policy: parsePolicy(await readBytes(policy, "policy", LONGEST_POLICY)) }
}

/** Whether a verifier with this trust accepts only what witnesses have cosigned. */
export function needsWitnesses(trust: Trust | undefined): boolean {
  return trust !== undefined && "policy" in trust && trust.policy.quorum !== "none"
}

/** Nobody should take an unpinned answer for a proof. */
export function remarkPinning(output: Output, isPinned: boolean): void {
  if (isPinned) return
  output.remark(
    "the log's key was not pinned (--trusted-root or --policy): this only shows that the log agrees with itself",
  )
}
