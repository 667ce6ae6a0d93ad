// Every case, made once for a run.
import { badCases } from "./bad-cases.ts"
import { badPromises, badTimestamps } from "./bad-times.ts"
import type { Case } from "./case.ts"
import { goodCases } from "./good-cases.ts"
import { makeWorld } from "./world.ts"

export async function allCases(): Promise<readonly Case[]> {
  const world = makeWorld()
  return [
    ...(await goodCases(world)),
    ...(await badCases(world, 1)),
    ...(await badCases(world, 2)),
    ...(await badPromises(world)),
    ...(await badTimestamps(world)),
  ]
}
