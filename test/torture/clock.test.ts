// The short form of the harness that sets clocks, and that it can fail.
import { join } from "node:path"
import { expect, test } from "vitest"
import { makeCanary } from "../../torture/canaries/canary.ts"
import { canaries } from "../../torture/canaries/clocks.ts"
import { harness } from "../../torture/faults/clock.ts"
import { isWithoutFaketime } from "../scenarios/faked-clock.ts"
import { checkout } from "../scenarios/process.ts"
import { newFolder } from "../storage/folder.ts"

const isWithout = isWithoutFaketime()

async function brokenIn(program: string, times: number): Promise<readonly string[]> {
  const given = { program, folder: newFolder(), times, seed: 12, only: [], progress: () => {} }
  return (await harness.run(given)).flatMap(({ broken }) => broken)
}

test.skipIf(isWithout)("clocks of a log and its witness may be set to anything", async () => {
  expect(await brokenIn(checkout, 25)).toEqual([])
})

test.skipIf(isWithout).each(canaries.map((canary) => [canary.without, canary] as const))(
  "a program without %s is found",
  async (_, canary) => {
    const program = makeCanary(checkout, canary, join(newFolder(), "program"))
    expect(await brokenIn(program, 40)).not.toEqual([])
  },
)
