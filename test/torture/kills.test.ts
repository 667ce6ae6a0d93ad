// Kill -9 under load, a few times; `npm run torture -- kills` does it a thousand times.
import { expect, test } from "vitest"
import { harness } from "../../torture/faults/kills.ts"
import { brokenOf, LONG, runShort } from "./short-form.ts"

/** What is gone: entries, or the tree that they were promised in. */
const LOSS = /: (lost|rolled back|fork|answer for \d+|one entry|two entries|the head of size)\b/

test("nothing acknowledged is lost by a kill, and nothing forks", { timeout: LONG }, async () => {
  const results = await runShort(harness, { times: 3 })
  expect(brokenOf(results)).toEqual([])
  expect(results[0]?.figures).toMatchObject({ lost: 0, forks: 0 })
  expect(results[0]?.figures?.["acknowledged"]).toBeGreaterThan(0)
})

test("a log that answers before it has committed is found", { timeout: LONG }, async () => {
  const only = ["after answers"]
  const results = await runShort(harness, { times: 3, only, canary: "answer-before-commit" })
  expect(brokenOf(results)).toContainEqual(expect.stringMatching(LOSS))
})
