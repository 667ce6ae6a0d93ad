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
/** For what starts processes on a machine that has much else to do. */
const LONG = { timeout: 300_000 }

async function brokenIn(program: string, times: number): Promise<readonly string[]> {
  const given = { program, folder: newFolder(), times, seed: 12, only: [], progress: () => {} }
  return (await harness.run(given)).flatMap(({ broken }) => broken)
}

/** What the judge says that is meant to see a program without the defence. */
const seen: Readonly<Record<string, RegExp>> = {
  "any-step": /ran away/,
  "any-start": /ran away/,
  "times-run-back": /ran back/,
}

test.skipIf(isWithout)("clocks of a log and its witness may be set to anything", LONG, async () => {
  expect(await brokenIn(checkout, 15)).toEqual([])
})

test.skipIf(isWithout).each(canaries.map((canary) => [canary.without, canary] as const))(
  "a program without %s is found",
  LONG,
  async (_, canary) => {
    const program = makeCanary(checkout, canary, join(newFolder(), "program"))
    const found = await brokenIn(program, canary.name === "any-start" ? 2 : 12)
    expect(found).toContainEqual(expect.stringMatching(seen[canary.name] ?? /nothing/))
  },
)
