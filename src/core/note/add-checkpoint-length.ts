// How long an add-checkpoint request of C2SP tlog-witness may be, told from its first bytes: long ones are taken only as
// far as lines of ML-DSA-44 make them long. Leaves out whether any of it holds.
import { equalBytes, utf8 } from "../base/bytes.ts"
import { refuse } from "../base/errors.ts"
import { MOST_PROOF_HASHES } from "../base/limits.ts"

/**
 * What a request takes without lines of ML-DSA-44: the old size and 63 proof lines are 2.9 KB, a checkpoint some 200
 * bytes, and 90 signature lines of Ed25519 or ECDSA with names of 30 bytes are 13 KB. Real ones have 1 to 3 KB.
 */
export const USUAL_ADD_CHECKPOINT = 16_384

/** Room for 32 lines of ML-DSA-44 and their names besides: the base64 of each has 3,244 digits. */
export const LONGEST_ADD_CHECKPOINT = 131_072

const DASH = utf8("— ")
/** A name of one byte, a space, key ID, time and signature in base64, and a line feed. */
const SHORTEST_LONG_LINE = DASH.length + 1 + 1 + 3244 + 1
const LONGEST_LONG_LINE = SHORTEST_LONG_LINE + 512

const OLD = utf8("old ")
/** Its digits, the proof lines of 44 digits of base64, and an empty line. */
const LONGEST_START = OLD.length + 17 + MOST_PROOF_HASHES * 45 + 1
const LINE_FEED = 0x0a

/** Whether old size and proof stand at the beginning, with the empty line that ends them. */
function isStart(begun: Uint8Array): boolean {
  if (!equalBytes(begun.subarray(0, OLD.length), OLD.subarray(0, begun.length))) return false
  for (let at = begun.indexOf(LINE_FEED); at >= 0; at = begun.indexOf(LINE_FEED, at + 1)) {
    if (at > LONGEST_START) return false
    if (begun[at + 1] === LINE_FEED) return true
  }
  return begun.length <= LONGEST_START
}

/** What a line adds to a usual request: all of its bytes if it may be one of ML-DSA-44. */
function bonus(line: Uint8Array, isWhole: boolean): number {
  if (!equalBytes(line.subarray(0, DASH.length), DASH)) return 0
  if (line.length > LONGEST_LONG_LINE) return 0
  if (!isWhole) return LONGEST_LONG_LINE
  return line.length >= SHORTEST_LONG_LINE ? line.length : 0
}

/**
 * How many bytes a request may have that begins with these: {@link USUAL_ADD_CHECKPOINT} and its lines of ML-DSA-44,
 * with one that has begun; at most {@link LONGEST_ADD_CHECKPOINT}. Refuses `malformed` for what is the beginning of no request.
 */
export function longestAddCheckpoint(begun: Uint8Array): number {
  if (!isStart(begun)) {
    const form = `"old SIZE", up to ${MOST_PROOF_HASHES} proof lines and an empty line`
    refuse("malformed", `add-checkpoint request: expected ${form}, found other bytes`)
  }
  let longest = USUAL_ADD_CHECKPOINT
  for (let at = 0; at < begun.length; ) {
    const end = begun.indexOf(LINE_FEED, at)
    const line = begun.subarray(at, end < 0 ? undefined : end + 1)
    longest += bonus(line, end >= 0)
    at += line.length
  }
  return Math.min(longest, LONGEST_ADD_CHECKPOINT)
}
