// The harness `power` in short: some hundred states of disks, and programs that forget to wait for the disk, which it
// must find.
import { describe, expect, test } from "vitest"
import { makeCanary } from "../../torture/canaries/canary.ts"
import { canaries } from "../../torture/canaries/durability.ts"
import { harness } from "../../torture/faults/power.ts"
import { checkout } from "../scenarios/process.ts"
import { newFolder } from "../storage/folder.ts"
import { mayTrace } from "./strace.ts"

const LIMIT = { timeout: 300_000 }

async function lose(program: string, times: number, only: readonly string[]) {
  const given = { program, folder: newFolder(), times, seed: 7, only, progress: () => {} }
  const results = await harness.run(given)
  return {
    states: results.reduce((sum, result) => sum + result.times, 0),
    broken: results.flatMap(({ broken }) => broken),
  }
}

describe.runIf(mayTrace)("a loss of power", () => {
  test("takes nothing that a log or a witness has told anyone", LIMIT, async () => {
    const { states, broken } = await lose(checkout, 300, ["log-checkpointed", "witness"])
    expect(broken).toEqual([])
    expect(states).toBeGreaterThan(200)
  })

  const found = canaries.filter(({ name }) => name.startsWith("synchronous-"))
  test.each(found)("is seen to take it without $without", LIMIT, async (canary) => {
    const program = makeCanary(checkout, canary, newFolder())
    const { broken } = await lose(program, 60, ["log-checkpointed"])
    expect(broken).not.toEqual([])
  })
})
