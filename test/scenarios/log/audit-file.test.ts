import { execFile } from "node:child_process"
import { mkdtempSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { promisify } from "node:util"
import { expect, test } from "vitest"
import { auditFile, readActs, readAuditHead } from "../../../src/storage/files/audit-file.ts"

const run = promisify(execFile)

test("processes that record acts at the same time make one chain", async () => {
  const path = auditFile(mkdtempSync(join(tmpdir(), "audit-")))
  const built = new URL("../../../dist/storage/files/audit-file.js", import.meta.url).href
  const script = `
    const { recordAct } = await import(${JSON.stringify(built)})
    for (let i = 0; i < 15; i++) recordAct(${JSON.stringify(path)}, { event: "redacted", about: { i } })`
  const writers = Array.from({ length: 4 }, () =>
    run(process.execPath, ["--input-type=module", "-e", script]),
  )
  await Promise.all(writers)
  for await (const { act } of readActs(path)) expect(act.event).toBe("redacted")
  expect(readAuditHead(path)?.records).toBe(60)
})
