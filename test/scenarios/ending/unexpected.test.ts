// An error that nobody foresaw, in the thread that writes: it is told, although the C library's way to end is taken.
import { join } from "node:path"
import { expect, test } from "vitest"
import { makeCanary } from "../../../torture/canaries/canary.ts"
import { startProgram } from "../../../torture/stand/started.ts"
import { newFolder } from "../../storage/folder.ts"
import { newLog } from "../log/new-log.ts"
import { checkout } from "../process.ts"

test("a log that ends over an unexpected error at its start says which", {
  timeout: 120_000,
}, async () => {
  const { data, guard } = await newLog()
  const found = "    await assertGuardedCommits(chain, stored, guarded);\n"
  const by = '    throw new Error("nobody foresaw this");\n'
  const edits = [{ file: "log/sequencer.js", found, by }]
  const without = { name: "unexpected", harness: "none", without: "sense", edits }
  const program = makeCanary(checkout, without, join(newFolder(), "program"))
  const words = ["serve", "--data", data, "--guard", guard, "--listen", "127.0.0.1:0"]
  const { code, said } = await startProgram(program, words).ended
  expect(code).toBe(1)
  expect(said).toContain("nobody foresaw this")
})
