// Flipped bits, in short: a sample in which everything holds, and programs that do not look, which must be found.
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { expect, onTestFinished, test } from "vitest"
import { makeCanary } from "../../torture/canaries/canary.ts"
import { canaries } from "../../torture/canaries/rows.ts"
import { harness } from "../../torture/faults/flips.ts"
import { checkout } from "../scenarios/process.ts"

const SEED = 12
/** Each bit opens a database several times. */
const PATIENCE_MS = 300_000

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "flips-"))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

async function broken(program: string, subject: string, times: number): Promise<readonly string[]> {
  const given = { program, folder: newFolder(), times, seed: SEED, progress: () => {} }
  const results = await harness.run({ ...given, only: [subject] })
  expect(results.every((result) => result.times > 0)).toBe(true)
  return results.flatMap((result) => result.broken)
}

test.each(["witness", "monitor"])(
  "a flipped bit of a %s is refused or changes nothing",
  async (subject) => {
    expect(await broken(checkout, subject, 40)).toEqual([])
  },
  PATIENCE_MS,
)

test.each([
  ["rows-not-covered", "witness", 60],
  ["tags-not-covered", "monitor", 200],
] as const)(
  "the canary %s is found",
  async (name, subject, times) => {
    const canary = canaries.find((each) => each.name === name)
    if (canary === undefined) throw new Error(`there is no canary ${name}`)
    const program = makeCanary(checkout, canary, join(newFolder(), "program"))
    expect(await broken(program, subject, times)).not.toEqual([])
  },
  PATIENCE_MS,
)
