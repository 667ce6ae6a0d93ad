// The form of SQLite's write-ahead log (sqlite.org/fileformat2, section 4): a header, and frames of one page each,
// whose checksums go on from frame to frame. What is read here is read as recovery does it, without SQLite.
import { endianness } from "node:os"

export const HEADER_BYTES = 32
export const FRAME_HEADER_BYTES = 24
/** Of the header of a frame, what its checksum covers: page number and size of the database after a commit. */
const COVERED_BYTES = 8

const MAGIC = 0x377f0682
const FORMAT = 3_007_000

/** The two running sums; compared as 32-bit integers, whatever their sign. */
export type Sums = readonly [number, number]

export interface WalHeader {
  readonly pageSize: number
  readonly salts: Sums
  readonly sums: Sums
  /** Whether checksums read words in the byte order of this machine. */
  readonly isNative: boolean
}

export interface FrameHeader {
  readonly page: number
  /** Pages of the database after the transaction that ends here; 0 in a frame that ends none. */
  readonly sizeAfter: number
  readonly salts: Sums
  readonly sums: Sums
}

export function sameSums(a: Sums, b: Sums): boolean {
  return a[0] === b[0] && a[1] === b[1]
}

function pairAt(view: DataView, at: number): Sums {
  return [view.getInt32(at), view.getInt32(at + 4)]
}

function viewOf({ buffer, byteOffset, byteLength }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, byteLength)
}

/** Adds words to the sums. `bytes` begin at a multiple of 4 of their buffer and are pairs of words. */
function addWords(sums: Sums, bytes: Uint8Array, isNative: boolean): Sums {
  if (!isNative) return addWords(sums, Buffer.from(bytes).swap32(), true)
  const words = new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4)
  let [a, b] = sums
  let i = 0
  // Four pairs a turn: this runs over every page of every commit, and is three times as fast as one pair.
  for (const end = words.length - 7; i < end; i += 8) {
    a = (((a + (words[i] as number)) | 0) + b) | 0
    b = (((b + (words[i + 1] as number)) | 0) + a) | 0
    a = (((a + (words[i + 2] as number)) | 0) + b) | 0
    b = (((b + (words[i + 3] as number)) | 0) + a) | 0
    a = (((a + (words[i + 4] as number)) | 0) + b) | 0
    b = (((b + (words[i + 5] as number)) | 0) + a) | 0
    a = (((a + (words[i + 6] as number)) | 0) + b) | 0
    b = (((b + (words[i + 7] as number)) | 0) + a) | 0
  }
  for (; i < words.length; i += 2) {
    a = (((a + (words[i] as number)) | 0) + b) | 0
    b = (((b + (words[i + 1] as number)) | 0) + a) | 0
  }
  return [a, b]
}

/** The header, if SQLite would take it; undefined for any other bytes, behind which SQLite takes no frame. */
export function parseHeader(bytes: Uint8Array): WalHeader | undefined {
  if (bytes.length < HEADER_BYTES) return undefined
  const view = viewOf(bytes)
  const magic = view.getUint32(0)
  const pageSize = view.getUint32(8)
  if ((magic & ~1) >>> 0 !== MAGIC || view.getUint32(4) !== FORMAT) return undefined
  if (pageSize < 512 || pageSize > 65_536 || (pageSize & (pageSize - 1)) !== 0) return undefined
  const isNative = (magic & 1) === (endianness() === "BE" ? 1 : 0)
  const sums = pairAt(view, 24)
  // A copy begins at a multiple of 4 of its buffer.
  const computed = addWords([0, 0], new Uint8Array(bytes.subarray(0, 24)), isNative)
  if (!sameSums(computed, sums)) return undefined
  return { pageSize, salts: pairAt(view, 16), sums, isNative }
}

export function parseFrameHeader(frame: Uint8Array): FrameHeader {
  const view = viewOf(frame)
  return {
    page: view.getUint32(0),
    sizeAfter: view.getUint32(4),
    salts: pairAt(view, 8),
    sums: pairAt(view, 16),
  }
}

/** What the checksum of a frame has to be behind one with the sums `before`. */
export function frameSums(before: Sums, frame: Uint8Array, isNative: boolean): Sums {
  const covered = addWords(before, frame.subarray(0, COVERED_BYTES), isNative)
  return addWords(covered, frame.subarray(FRAME_HEADER_BYTES), isNative)
}

export function frameBytes(pageSize: number): number {
  return FRAME_HEADER_BYTES + pageSize
}

/** Where a frame begins, counted from 0. */
export function frameOffset(frame: number, pageSize: number): number {
  return HEADER_BYTES + frame * frameBytes(pageSize)
}
