// The simulator of the log, in short: lives full of faults in which everything holds, and logs with the faults that
// killed others, which must be found.
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { expect, onTestFinished, test } from "vitest"
import { makeCanary } from "../../torture/canaries/canary.ts"
import { canaries } from "../../torture/canaries/sequencer.ts"
import { harness } from "../../torture/faults/simulator.ts"
import { checkout } from "../scenarios/process.ts"

const SEED = 12

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "simulator-"))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

async function broken(program: string, times: number): Promise<readonly string[]> {
  const run = { program, folder: newFolder(), times, seed: SEED, only: [], progress: () => {} }
  return (await harness.run(run)).flatMap((result) => result.broken)
}

/** Ten times what it takes on a machine that does nothing else. */
const PATIENCE = 300_000

test(
  "a thousand lives, each with many starts, faults and crashes, break no promise",
  async () => {
    expect(await broken(checkout, 1_000)).toEqual([])
  },
  PATIENCE,
)

test.each([
  "no-compare-and-swap",
  "answers-before-commit",
  "goes-on-after-error",
  "witness-without-proof",
])("the fault %s is found in few lives", async (name) => {
  const canary = canaries.find((each) => each.name === name)
  if (canary === undefined) throw new Error(`there is no canary ${name}`)
  const program = makeCanary(checkout, canary, join(newFolder(), "program"))
  expect(await broken(program, 60)).not.toEqual([])
})
