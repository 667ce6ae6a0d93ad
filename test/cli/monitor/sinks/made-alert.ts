// An alert for tests of sinks, and a folder that is gone when the test is over.
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { onTestFinished } from "vitest"
import type { Alert } from "../../../../src/monitor/alerts/alert.ts"

export function alertOf(changes: Partial<Alert> = {}): Alert {
  return {
    id: "ab".repeat(32),
    event: "opened",
    key: "fork log.example",
    kind: "fork",
    grade: "PROVEN",
    origin: "log.example",
    index: 7,
    summary: "two heads contradict each other",
    evidence: {
      id: "cd".repeat(32),
      effect: "convicts",
      isKept: true,
      text: "tlog-evidence/v2\nkind fork\n",
    },
    time: Date.UTC(2027, 0, 15, 8),
    isCanary: false,
    ...changes,
  }
}

export function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "countersign-sinks-"))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}
