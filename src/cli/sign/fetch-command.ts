// The command line that gets a bundle again which could not be written, or has no cosignatures yet.
import type { Command, Option } from "commander"
import { shellLine } from "../command/shell-words.ts"
import type { Signed } from "./signed.ts"

/** What names the log, the way to it and whom to trust; options of the environment are there for the next command, too. */
const REPEATED = ["log", "trustedRoot", "policy", "caFile", "timeout", "retries"]

function repeated(command: Command, option: Option): readonly string[] {
  const name = option.attributeName()
  const value: unknown = command.getOptionValue(name)
  const isGiven = name === "log" || command.getOptionValueSource(name) === "cli"
  return REPEATED.includes(name) && isGiven ? [option.long ?? "", String(value)] : []
}

/** For a message: `countersign fetch-bundle` with the log and the trust of this command. */
export function fetchCommand(
  command: Command,
  index: number,
  path: string,
  { request, shown }: Signed,
): string {
  if (request.kind !== shown.kind) return "the same command again, since the log has no envelope"
  const same = command.options.flatMap((option) => repeated(command, option))
  const words = ["countersign", "fetch-bundle", ...same, "--index", String(index), "--out", path]
  // Of an envelope the log gives only what it keeps; a signer makes the same one again.
  const hint =
    request.kind === "dsse" ? " (or run the same command again, if the log keeps no envelopes)" : ""
  return shellLine(words) + hint
}
