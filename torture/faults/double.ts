// Two faults in a row: a kill under load, and a kill, EIO or ENOSPC at a random system call of the recovery from it. A
// process that could not recover sequences nothing; the start after it has all that was acknowledged.
import { mkdirSync, rmSync } from "node:fs"
import { join } from "node:path"
import { createDice } from "../dice.ts"
import { type Killed, makeKilled, type Pair, tryPair } from "../doubling/pair.ts"
import type { FaultResult, FaultRun, Harness } from "../fault.ts"

/** Pairs that begin with one kill. */
const PAIRS_OF_A_KILL = 10
const MOST_BROKEN = 10

async function judge(program: string, killed: Killed, dice: ReturnType<typeof createDice>) {
  try {
    return await tryPair(program, killed, dice)
  } catch (reason) {
    const text = reason instanceof Error ? reason.message : String(reason)
    return {
      name: "none",
      served: false,
      came: false,
      broken: [`not tried: ${text}`],
    } satisfies Pair
  }
}

async function run(given: FaultRun): Promise<readonly FaultResult[]> {
  const { program, folder, times, seed } = given
  const dice = createDice(seed)
  const broken: string[] = []
  let [done, served, came, acknowledged] = [0, 0, 0, 0]
  for (let n = 0; done < times && broken.length < MOST_BROKEN; n++) {
    const place = join(folder, `kill-${n}`)
    mkdirSync(place)
    const killed = await makeKilled(program, place, dice)
    acknowledged += killed.answers.length
    for (let i = 0; i < PAIRS_OF_A_KILL && done < times; i++) {
      const pair = await judge(program, killed, dice)
      done += 1
      served += pair.served ? 1 : 0
      came += pair.came ? 1 : 0
      broken.push(...pair.broken.map((each) => `pair ${done}, seed ${seed}: ${each}`))
    }
    rmSync(place, { recursive: true, force: true })
    given.progress(`${done} pairs`)
  }
  const checked = "no hang; the third start has every acknowledged entry in one tree"
  const figures = { acknowledged, served, "second fault came": came }
  return [{ fault: "kill, then a fault in recovery", times: done, checked, broken, figures }]
}

export const harness: Harness = { name: "double", counts: "pairs", times: 200, run }
