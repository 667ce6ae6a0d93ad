// Short forms of the harnesses: few times, against the built program, and against canaries that must be found.
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from "node:fs"
import { join } from "node:path"
import { onTestFinished } from "vitest"
import { makeCanary } from "../../torture/canaries/canary.ts"
import { canaries as guardCanaries } from "../../torture/canaries/guards.ts"
import { canaries as lockCanaries } from "../../torture/canaries/locks.ts"
import type { FaultResult, Harness } from "../../torture/fault.ts"
import { checkout } from "../scenarios/process.ts"

/** For what starts many processes on a machine that has much else to do. */
export const LONG = 300_000

export interface ShortForm {
  readonly times: number
  readonly seed?: number
  readonly only?: readonly string[]
  /** The name of the canary that is run in place of the program. */
  readonly canary?: string
}

function newFolder(): string {
  // Not in memory: what is tried is a disk.
  const place = join(checkout, "dist-torture")
  mkdirSync(place, { recursive: true })
  const folder = mkdtempSync(join(place, "run-"))
  chmodSync(folder, 0o711)
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** Runs a harness as often as the short form says; gives what it found. */
export async function runShort(
  harness: Harness,
  { times, seed = 7, only = [], canary }: ShortForm,
): Promise<readonly FaultResult[]> {
  const folder = newFolder()
  const wanted = [...guardCanaries, ...lockCanaries].find(
    (each) => each.name === canary && each.harness === harness.name,
  )
  if (canary !== undefined && wanted === undefined) throw new Error(`no canary ${canary}`)
  const program = wanted ? makeCanary(checkout, wanted, join(newFolder(), "program")) : checkout
  return await harness.run({ program, folder, times, seed, only, progress: () => {} })
}

export function brokenOf(results: readonly FaultResult[]): readonly string[] {
  return results.flatMap(({ broken }) => broken)
}
