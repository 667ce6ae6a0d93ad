// `countersign watch lint`: what of a watch file is hardly meant, and which of its subjects a log does not know.
import { lintWatch } from "../../monitor/watch/lint.ts"
import { EXIT_FAILURE } from "../command/exit-code.ts"
import { credentialOptions, openLogClient } from "../command/log-options.ts"
import { networkOptions } from "../command/network.ts"
import { type Called, defineCommand, jsonOption, optional } from "../command/options.ts"
import { readWatch } from "./files.ts"
import { MOST_QUESTIONS, unmentioned } from "./mentioned.ts"

async function lint(
  { log }: { readonly log?: string },
  called: Called,
  file: string,
): Promise<void> {
  const { terminal, output } = called
  const { watch } = await readWatch(file)
  const own = lintWatch(watch)
  const asked =
    log === undefined
      ? { remarks: [], unasked: 0, opaque: 0 }
      : await unmentioned(await openLogClient(log, called), watch)
  const remarks = [...own, ...asked.remarks]
  for (const { code, about, text } of remarks) {
    output.result(`${code}${about === "" ? "" : ` ${about}`}: ${text}`, [], { code, about, text })
  }
  if (asked.unasked > 0) {
    output.remark(
      `${asked.unasked} subjects were not looked for in the log, or not everything of them: names with wildcards cannot be asked for, and no more than ${MOST_QUESTIONS} questions are`,
    )
  }
  if (asked.opaque > 0) {
    output.remark(
      `the log has ${asked.opaque} entries of which it does not know what they are about: they may be about any subject`,
    )
  }
  const { subjects, signers } = watch
  output.remark(`${subjects.length} subjects, ${signers.length} signers, ${remarks.length} remarks`)
  if (remarks.length > 0) terminal.fail(EXIT_FAILURE)
}

export const watchLintCommand = defineCommand({
  argument: ["<file>", "the watch file"],
  options: [
    optional("--log <url>", "base URL of a log that is asked for each subject"),
    jsonOption(),
    ...credentialOptions,
    ...networkOptions,
  ],
  help: `
Exits with 0 if there is nothing to say, with 1 if there is, and if the file cannot be read.

Example:
  countersign watch lint acme.watch --log https://log.example.com`,
  run: lint,
})
