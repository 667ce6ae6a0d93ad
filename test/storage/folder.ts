// A folder of its own for one test.
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { onTestFinished } from "vitest"

/** Makes an empty folder that is removed when the test is over. */
export function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "countersign-"))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}
