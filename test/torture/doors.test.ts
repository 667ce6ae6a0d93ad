// The short forms of `npm run torture -- doors` and `-- parsers`: few inputs from a fixed seed, and a program without a
// defence, which must be found.
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { expect, onTestFinished, test } from "vitest"
import { loadCanaries, makeCanary } from "../../torture/canaries/canary.ts"
import type { FaultRun } from "../../torture/fault.ts"
import { harness as doors } from "../../torture/faults/doors.ts"
import { parse } from "../../torture/parsing/parse.ts"
import { targets } from "../../torture/parsing/targets.ts"
import { checkout } from "../scenarios/process.ts"

const SEED = 20_261_130
const LIMIT = { timeout: 300_000 }

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "torture-"))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

async function programWithout(defence: string): Promise<string> {
  const canary = (await loadCanaries()).find(({ name }) => name === defence)
  if (canary === undefined) throw new Error(`no canary ${defence}`)
  return makeCanary(checkout, canary, join(newFolder(), "program"))
}

async function brokenDoors(given: Pick<FaultRun, "program" | "times" | "only">) {
  const results = await doors.run({ ...given, folder: newFolder(), seed: SEED, progress() {} })
  return results.flatMap(({ broken }) => broken)
}

async function brokenParsers(program: string, times: number): Promise<readonly string[]> {
  const shared = new SharedArrayBuffer(65_536)
  const broken: string[] = []
  for (const target of targets) {
    broken.push(...(await parse(target, { program, seed: SEED, times, only: [], shared })).broken)
  }
  return broken
}

test(
  "damaged requests are refused at all doors, and nothing of them is stored",
  LIMIT,
  async () => {
    expect(await brokenDoors({ program: checkout, times: 1_500, only: [] })).toEqual([])
  },
)

test("an answer 5xx is found", LIMIT, async () => {
  const program = await programWithout("doors-json")
  expect(await brokenDoors({ program, times: 1_000, only: ["log"] })).not.toEqual([])
})

test("every parser gives a value or a refusal for damaged inputs", LIMIT, async () => {
  expect(await brokenParsers(checkout, 200)).toEqual([])
})

test("a parser that throws anything else is found", LIMIT, async () => {
  expect(await brokenParsers(await programWithout("parsers-json"), 200)).not.toEqual([])
})
