// The harness `syscalls` in short: some tens of calls of the kernel that fail, drawn over log, witness and monitor.
import { describe, expect, test } from "vitest"
import { harness } from "../../torture/faults/syscalls.ts"
import { checkout } from "../scenarios/process.ts"
import { newFolder } from "../storage/folder.ts"
import { mayTrace } from "./strace.ts"

describe.runIf(mayTrace)("a call of the kernel that fails", () => {
  test("loses nothing that was told, and leaves nothing that hangs", {
    timeout: 600_000,
  }, async () => {
    const given = { program: checkout, folder: newFolder(), times: 12, seed: 7 }
    const results = await harness.run({ ...given, only: [], progress: () => {} })
    expect(results.flatMap(({ broken }) => broken)).toEqual([])
    expect(results.reduce((sum, { times }) => sum + times, 0)).toBe(12)
  })
})
