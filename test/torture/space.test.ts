// A full disk under load, once with the watermark; `npm run torture -- space` fills those of all programs.
import { expect, test } from "vitest"
import { harness } from "../../torture/faults/space.ts"
import { brokenOf, LONG, runShort } from "./short-form.ts"

// A small disk of its own is mounted.
const asRoot = { timeout: LONG, skip: process.getuid?.() !== 0 }

test("a log stops taking entries before its disk is full, and goes on", asRoot, async () => {
  const results = await runShort(harness, { times: 1, only: ["log with"] })
  expect(brokenOf(results)).toEqual([])
})

test("a log that takes entries until its disk is full is found", asRoot, async () => {
  const only = ["log with"]
  const results = await runShort(harness, { times: 1, only, canary: "intake-goes-on" })
  expect(brokenOf(results)).toContainEqual(expect.stringMatching(/intake stops before/))
})
