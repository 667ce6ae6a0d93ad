// What careless hands do with the files of a log: restore, clone, start twice, swap guards and keys, take rights away,
// put everything under odd paths. Each time it is seen what the program says, that a refusal changes nothing, and that
// all is there once things were put right.
import { rmSync } from "node:fs"
import { join } from "node:path"
import { createDice } from "../dice.ts"
import type { FaultResult, FaultRun, Harness } from "../fault.ts"
import type { Case } from "../placing/case.ts"
import { copyCases, manyStarts } from "../placing/copies.ts"
import { type Ground, makeGround, openFolder } from "../placing/ground.ts"
import { mixedCases } from "../placing/mixed.ts"
import { ownedCases } from "../placing/owned.ts"
import { witnessedCases } from "../placing/witnessed.ts"

const cases: readonly Case[] = [...copyCases, ...mixedCases, ...ownedCases, ...witnessedCases]
/** From so many rounds on a hundred starts at once are tried, too, once. */
const LONG = 10

/** Never rejects: a case that cannot be done is broken. */
async function judge(each: Case, ground: Ground, folder: string): Promise<readonly string[]> {
  try {
    return await each.run(ground, folder)
  } catch (reason) {
    return [reason instanceof Error ? reason.message : String(reason)]
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function run(given: FaultRun): Promise<readonly FaultResult[]> {
  const { program, folder, times, seed, only } = given
  openFolder(folder)
  const dice = createDice(seed)
  const many = times >= LONG || only.length > 0 ? [manyStarts] : []
  const wanted = [...cases, ...many].filter(
    ({ name }) => only.length === 0 || only.some((start) => name.startsWith(start)),
  )
  const results = new Map(wanted.map(({ name }) => [name, { times: 0, broken: [] as string[] }]))
  for (let round = 0; round < times; round++) {
    const home = join(folder, `round-${round}`)
    const ground = await makeGround(program, home, dice)
    openFolder(home)
    for (const [i, each] of wanted.entries()) {
      const result = results.get(each.name)
      if (result === undefined || (each === manyStarts && round > 0)) continue
      const found = await judge(each, ground, join(home, `case-${i}`))
      result.times += 1
      given.progress(`${each.name}: ${found[0] ?? "held"}`)
      result.broken.push(
        ...found.map((line) => `${each.name}, round ${round}, seed ${seed}: ${line}`),
      )
    }
    rmSync(home, { recursive: true, force: true })
  }
  const checked = "the message, the exit code, nothing changed, all there afterwards"
  return Array.from(results, ([fault, result]) => ({ fault, checked, ...result }))
}

export const harness: Harness = { name: "places", counts: "rounds of all cases", times: 20, run }
