// Which bits of a file are flipped: all that lie in or near bytes with content, and a sample of those in long runs of one
// byte, which files have where nothing is stored.
import type { Dice } from "../dice.ts"

/** Equal bytes in a row from which on they count as free. */
const LONG_RUN = 64
/** Of each free run so many bytes at both ends count as content. */
const EDGE = 16
/** Of the free bits one in so many is flipped. */
const RARE = 64

export interface Bits {
  readonly chosen: readonly number[]
  /** Of how many, all in all and with content. */
  readonly all: number
  readonly full: number
}

function freeBytes(bytes: Uint8Array): Uint8Array {
  const free = new Uint8Array(bytes.length)
  for (let from = 0; from < bytes.length; ) {
    let to = from
    while (to < bytes.length && bytes[to] === bytes[from]) to++
    if (to - from >= LONG_RUN) free.fill(1, from + EDGE, to - EDGE)
    from = to
  }
  return free
}

/** At most `most` bits in order; 0 stands for as many as there are. */
export function chooseBits(bytes: Uint8Array, most: number, dice: Dice): Bits {
  const free = freeBytes(bytes)
  const chosen: number[] = []
  let full = 0
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const isFree = free[bit >> 3] === 1
    if (!isFree) full += 1
    if (!isFree || dice(RARE) === 0) chosen.push(bit)
  }
  if (most === 0 || chosen.length <= most) return { chosen, all: bytes.length * 8, full }
  const picked = new Set<number>()
  while (picked.size < most) picked.add(chosen[dice(chosen.length)] as number)
  return { chosen: [...picked].sort((a, b) => a - b), all: bytes.length * 8, full }
}
