// Many lives, one after the other, from one seed on.
import type { Lived } from "./life.ts"
import { loadSimulated } from "./program.ts"
import { createSimulation } from "./simulation.ts"

export interface Range {
  /** The folder of the program, with its `dist`. */
  readonly program: string
  readonly first: number
  readonly end: number
}

export interface Tally extends Omit<Lived, "found"> {
  readonly lives: number
  /** What was broken, with its seed. */
  readonly found: readonly { readonly seed: number; readonly what: string }[]
}

export const nothing: Tally = {
  lives: 0,
  found: [],
  starts: 0,
  heads: 0,
  acknowledged: 0,
  faults: 0,
}

export function added(a: Tally, b: Tally): Tally {
  return {
    lives: a.lives + b.lives,
    found: [...a.found, ...b.found],
    starts: a.starts + b.starts,
    heads: a.heads + b.heads,
    acknowledged: a.acknowledged + b.acknowledged,
    faults: a.faults + b.faults,
  }
}

/** Ends early once so many lives have broken a promise. */
const MOST_FOUND = 20

export async function liveMany({ program, first, end }: Range): Promise<Tally> {
  const simulation = await createSimulation(await loadSimulated(program))
  let tally = nothing
  for (let seed = first; seed < end && tally.found.length < MOST_FOUND; seed++) {
    const { found, ...counted } = await simulation.live(seed)
    const [what] = found
    tally = added(tally, {
      ...{ lives: 1, ...counted },
      found: what === undefined ? [] : [{ seed, what }],
    })
  }
  return tally
}
