// What a check of a write-ahead log says about the place where it is broken.
import type { Bit } from "./flipped-bit.ts"

export interface WalBreak {
  /** Counted from 1; 0 is the header. */
  readonly frame: number
  /** Transactions that end at or behind the break. */
  readonly committedBehind: number
  /** Whether it is certain that this was whole once. */
  readonly isRot: boolean
  /** The one bit of the file that explains it all. */
  readonly bit?: Bit
}
