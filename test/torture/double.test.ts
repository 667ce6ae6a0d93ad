// Two faults in a row, a few pairs; `npm run torture -- double` does 200.
import { spawnSync } from "node:child_process"
import { expect, test } from "vitest"
import { harness } from "../../torture/faults/double.ts"
import { brokenOf, LONG, runShort } from "./short-form.ts"

const withStrace = { timeout: LONG, skip: spawnSync("strace", ["-V"]).status !== 0 }

test("a second fault while a log recovers loses nothing", withStrace, async () => {
  expect(brokenOf(await runShort(harness, { times: 3 }))).toEqual([])
})

test("a log that answers before it has committed is found", withStrace, async () => {
  const results = await runShort(harness, { times: 1, canary: "answer-before-commit" })
  expect(brokenOf(results)).not.toEqual([])
})
