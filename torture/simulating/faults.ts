// What goes wrong in one process: each fault strikes once, after a drawn number of chances.
import type { World } from "./world.ts"

export const faultNames = [
  "commit-fails",
  "commit-undead",
  "attach-fails",
  "guard-fails",
  "guard-undead",
  "read-flip",
  "write-flip",
  "memory-flip",
  "leaf-flip",
  "signer-away",
  "signer-refuses",
  "signer-garbage",
] as const

export type FaultName = (typeof faultNames)[number]

export interface Faults {
  /** Whether this fault strikes now. */
  strikes(name: FaultName): boolean
  /** Whether it was ever to strike in this process. */
  has(...names: readonly FaultName[]): boolean
  readonly names: readonly FaultName[]
}

/** Memory is read and written more often than a disk. */
const chancesOf = (name: FaultName): number => (name === "memory-flip" ? 60 : 4)

export function drawFaults({ dice, chance }: World, isFaulty: boolean): Faults {
  const waits = new Map<FaultName, number>()
  const count = isFaulty ? 1 + (chance(4) ? 1 : 0) : 0
  for (let i = 0; i < count; i++) {
    const name = faultNames[dice(faultNames.length)] as FaultName
    waits.set(name, dice(chancesOf(name)))
  }
  const names = [...waits.keys()]
  return {
    names,
    has: (...wanted) => wanted.some((name) => names.includes(name)),
    strikes(name) {
      const left = waits.get(name)
      if (left === undefined) return false
      waits.set(name, left - 1)
      return left === 0
    },
  }
}
