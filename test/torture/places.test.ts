// What careless hands do with the files of a log, one round of some cases; `npm run torture -- places` does all.
import { expect, test } from "vitest"
import { harness } from "../../torture/faults/places.ts"
import { brokenOf, LONG, runShort } from "./short-form.ts"

test("an older copy, a clone, another log's guard and a read-only directory are refused", {
  timeout: LONG,
}, async () => {
  const only = [
    "older data and the guard of now",
    "clone under the same guard by symbolic",
    "guard of another log",
    "read-only directory",
  ]
  const results = await runShort(harness, { times: 1, only })
  expect(brokenOf(results)).toEqual([])
  expect(results).toHaveLength(4)
})

test("a log that does not compare its guard is found", { timeout: LONG }, async () => {
  const only = ["older data and the guard of now"]
  const results = await runShort(harness, { times: 1, only, canary: "guard-not-compared" })
  expect(brokenOf(results)).toContainEqual(expect.stringMatching(/it serves/))
})

test("a guard that is locked by its name is found", { timeout: LONG }, async () => {
  const only = ["clone under the same guard by hard link"]
  const results = await runShort(harness, { times: 1, only, canary: "lock-by-name" })
  expect(brokenOf(results)).toContainEqual(expect.stringMatching(/it serves/))
})
