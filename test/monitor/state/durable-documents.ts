// Documents of a monitor over a made-up disk, for tests of what is kept in them: edits are durable or lost
// as a whole, and a crash takes a monitor back to what was durable.
import { portableHasher } from "../../../src/core/tree/hash.ts"
import type { AbsentCase } from "../../../src/monitor/findings/case.ts"
import type { Finding } from "../../../src/monitor/findings/finding.ts"
import { settle } from "../../../src/monitor/findings/settle.ts"
import type { Change, Documents } from "../../../src/monitor/state/documents.ts"
import {
  createDocumentSet,
  createDraft,
  type DocumentSet,
  type Draft,
} from "../../../src/monitor/state/set.ts"

export interface DurableDocuments {
  readonly documents: DocumentSet
  readonly change: Change
  /** Edits that put nothing are not counted. */
  commits(): number
  /** Lets the next so many commits fail, as a crash at that moment would. */
  failCommits(count: number): void
}

export function durableDocuments(): DurableDocuments {
  const documents = createDocumentSet([], portableHasher)
  let commits = 0
  let failures = 0
  return {
    documents,
    async change(edit) {
      const draft: Draft = createDraft(documents)
      const result = edit(draft)
      const changes = draft.changes()
      if (changes.length === 0) return result
      if (failures > 0) {
        failures -= 1
        throw new Error("the process was killed")
      }
      documents.apply(changes)
      commits += 1
      return result
    },
    commits: () => commits,
    failCommits(count) {
      failures = count
    },
  }
}

/** Lets a judge see one case. */
export function raise(documents: Documents, finding: Finding, now: number): void {
  settle(documents, [finding], now)
}

/** Lets a judge find a case gone. */
export function resolve(documents: Documents, key: AbsentCase["key"], now: number): void {
  settle(documents, [{ key, absentAt: "everywhere" }], now)
}

export function findingOf(changes: Partial<Finding> = {}): Finding {
  return {
    key: "fork log.example",
    kind: "fork",
    grade: "ATTESTED",
    origin: "log.example",
    summary: "two heads contradict each other",
    ...changes,
  }
}
