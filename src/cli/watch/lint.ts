// `countersign watch lint`: what of a watch file is hardly meant, and which of its subjects a log does not know.
import type { LogClient } from "../../client/log-client.ts"
import { askableOf, lintWatch, type WatchRemark } from "../../monitor/watch/lint.ts"
import type { Subject, Watch } from "../../monitor/watch/watch.ts"
import { EXIT_FAILURE } from "../command/exit-code.ts"
import { openLogClient } from "../command/log-options.ts"
import { type Called, defineCommand, jsonOption, optional } from "../command/options.ts"
import { readWatch } from "./files.ts"

/** Questions that are asked of a log, for all subjects together. */
const MOST_QUESTIONS = 20_000

interface Asked {
  left: number
}

async function isFound(
  log: LogClient,
  criteria: Parameters<LogClient["search"]>[0],
  asked: Asked,
): Promise<boolean> {
  asked.left -= 1
  const { entries } = await log.search(criteria, { limit: 1 })
  return entries.length > 0
}

/** Whether the log has an entry about the subject; undefined if that cannot be asked, or not any more. */
async function isMentioned(
  log: LogClient,
  subject: Subject,
  asked: Asked,
): Promise<boolean | undefined> {
  const { digests, names } = askableOf(subject)
  const questions = [
    ...digests.map((digest) => ({ digest })),
    ...names.map((name) => ({ subject: name })),
  ]
  for (const question of questions) {
    if (asked.left <= 0) return undefined
    if (await isFound(log, question, asked)) return true
  }
  return questions.length === 0 || subject.names.length > names.length ? undefined : false
}

async function unmentioned(
  log: LogClient,
  { subjects }: Watch,
): Promise<{ readonly remarks: readonly WatchRemark[]; readonly unasked: number }> {
  const asked: Asked = { left: MOST_QUESTIONS }
  const remarks: WatchRemark[] = []
  let unasked = 0
  for (const subject of subjects) {
    const found = await isMentioned(log, subject, asked)
    if (found === undefined) unasked += 1
    else if (!found) {
      const text = "nothing that the log can be asked for mentions it"
      remarks.push({ code: "unmentioned", about: subject.name, text })
    }
  }
  return { remarks, unasked }
}

async function lint(
  { log }: { readonly log?: string },
  { terminal, output }: Called,
  file: string,
): Promise<void> {
  const { watch } = await readWatch(file)
  const own = lintWatch(watch)
  const asked =
    log === undefined
      ? { remarks: [], unasked: 0 }
      : await unmentioned(openLogClient(log, terminal), watch)
  const remarks = [...own, ...asked.remarks]
  for (const { code, about, text } of remarks) {
    output.result(`${code}${about === "" ? "" : ` ${about}`}: ${text}`, [], { code, about, text })
  }
  if (asked.unasked > 0) {
    output.remark(
      `${asked.unasked} subjects were not looked for in the log, or not everything of them: names with wildcards cannot be asked for, and no more than ${MOST_QUESTIONS} questions are`,
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
  ],
  help: `
Exits with 0 if there is nothing to say, with 1 if there is, and if the file cannot be read.

Example:
  countersign watch lint acme.watch --log https://log.example.com`,
  run: lint,
})
