// Bit rot in whole data directories, in short: some flipped bits in each file of a log that was stopped and of a witness;
// and a log that signs over what it cannot have read, which must be found.
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { expect, onTestFinished, test } from "vitest"
import { makeCanary } from "../../torture/canaries/canary.ts"
import { canaries } from "../../torture/canaries/rot.ts"
import { harness } from "../../torture/faults/bitrot.ts"
import { checkout } from "../scenarios/process.ts"

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "bitrot-"))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

async function broken(program: string, times: number, ...only: readonly string[]) {
  const run = { program, folder: newFolder(), times, seed: 4, only, progress: () => {} }
  return (await harness.run(run)).flatMap((result) => result.broken)
}

/** Ten times what it takes on a machine that does nothing else. */
const PATIENCE = 300_000

test(
  "a flipped bit in any file of a stopped log changes no answer and is named",
  async () => {
    expect(await broken(checkout, 5, "stopped log")).toEqual([])
  },
  PATIENCE,
)

test("a flipped bit in any file of a witness changes no answer and is named", async () => {
  expect(await broken(checkout, 8, "witness")).toEqual([])
})

test.each(canaries)(
  "a program without $without is found",
  async (canary) => {
    const program = makeCanary(checkout, canary, join(newFolder(), "program"))
    expect(await broken(program, 12, "stopped log log.db")).not.toEqual([])
  },
  PATIENCE,
)
