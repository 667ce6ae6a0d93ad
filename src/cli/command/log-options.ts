// The options that commands on a log share, and what they name: the log, whom to trust, how to print.
import { type Command, InvalidArgumentError, Option } from "commander"
import { createLogClient, type LogClient } from "../../client/log-client.ts"
import type { Trust } from "../../client/trust.ts"
import { Refusal } from "../../core/base/errors.ts"
import { LONGEST_POLICY, LONGEST_TRUSTED_ROOT } from "../../core/base/limits.ts"
import { parseDecimal } from "../../core/base/text.ts"
import { parsePolicy } from "../../core/note/policy.ts"
import { parseTrustedRoot } from "../../sigstore/trusted-root.ts"
import { readBytes, readText } from "./file.ts"
import type { Output } from "./output.ts"
import type { Terminal } from "./terminal.ts"

export interface TrustOptions {
  readonly trustedRoot?: string
  readonly policy?: string
}

/** `--log`, from the environment if there is no flag. */
export function logOption(): Option {
  return new Option("--log <url>", "base URL of the log")
    .env("COUNTERSIGN_LOG")
    .makeOptionMandatory()
}

/** `--trusted-root` and `--policy`, of which {@link readTrust} takes one. */
export const trustOptions: readonly Option[] = [
  new Option("--trusted-root <file>", "Sigstore trusted root that pins the log's key").env(
    "COUNTERSIGN_TRUSTED_ROOT",
  ),
  new Option("--policy <file>", "C2SP policy: the log's key, and witnesses that must cosign").env(
    "COUNTERSIGN_POLICY",
  ),
]

export function jsonOption(): Option {
  return new Option("--json", "print JSON, one object a line")
}

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
    return { trustedRoot: parseTrustedRoot(text) }
  }
  if (policy === undefined) return undefined
  return { policy: parsePolicy(await readBytes(policy, "policy", LONGEST_POLICY)) }
}

/** Nobody should take an unpinned answer for a proof. */
export function remarkPinning(output: Output, isPinned: boolean): void {
  if (isPinned) return
  output.remark(
    "the log's key was not pinned (--trusted-root or --policy): this only shows that the log agrees with itself",
  )
}

export function openLogClient(url: string, terminal: Terminal): LogClient {
  return createLogClient({ url, fetch: terminal.fetch })
}

/** An index or a size given as an argument. */
export function decimalArgument(text: string): number {
  try {
    return parseDecimal(text, "number")
  } catch (error) {
    throw error instanceof Refusal ? new InvalidArgumentError(error.message) : error
  }
}
