// Which subjects of a watch file a log does not know, by its own search; what a pattern may fit cannot be asked for.
import type { FoundEntries } from "../../client/log-answer.ts"
import type { LogClient } from "../../client/log-client.ts"
import { askableOf, type WatchRemark } from "../../monitor/watch/lint.ts"
import type { Subject, Watch } from "../../monitor/watch/watch.ts"

/** Questions that are asked of a log, for all subjects together. */
export const MOST_QUESTIONS = 20_000

type Searched = Pick<LogClient, "search">

interface Asked {
  left: number
  /** Entries of which the log itself does not know what they are about, as it last said. */
  opaque: number
}

/** Logs that know nothing of opaque entries do not count them. */
type Page = FoundEntries & { readonly opaque?: { readonly count: number } }

async function isFound(
  log: Searched,
  criteria: Parameters<LogClient["search"]>[0],
  asked: Asked,
): Promise<boolean> {
  asked.left -= 1
  const page: Page = await log.search(criteria, { limit: 1 })
  asked.opaque = page.opaque?.count ?? 0
  return page.entries.length > 0
}

/** Whether the log has an entry about the subject; undefined if that cannot be asked, or not any more. */
async function isMentioned(
  log: Searched,
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

interface Unmentioned {
  readonly remarks: readonly WatchRemark[]
  /** Subjects that were not looked for as a whole. */
  readonly unasked: number
  readonly opaque: number
}

/** Asks until something is found of each subject, and no more than {@link MOST_QUESTIONS} questions in all. */
export async function unmentioned(log: Searched, { subjects }: Watch): Promise<Unmentioned> {
  const asked: Asked = { left: MOST_QUESTIONS, opaque: 0 }
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
  return { remarks, unasked, opaque: asked.opaque }
}
