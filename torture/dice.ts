// Chance that can be repeated: whole numbers drawn from a seed (mulberry32).

/** A whole number from 0 up to but without `end`. */
export type Dice = (end: number) => number

export function createDice(seed: number): Dice {
  let at = seed | 0
  return (end) => {
    at = (at + 0x6d2b79f5) | 0
    let mixed = Math.imul(at ^ (at >>> 15), 1 | at)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) % end
  }
}
