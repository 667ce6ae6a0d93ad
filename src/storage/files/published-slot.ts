// One slot of the file of published checkpoints: lines that an operator can read, a counter that tells which
// slot is newer, a checksum that tells one that was written halfway, and the checkpoint.
import { hash } from "node:crypto"
import { concat, equalBytes, utf8 } from "../../core/base/bytes.ts"
import { refuse } from "../../core/base/errors.ts"
import { LONGEST_NOTE } from "../../core/base/limits.ts"
import { parseDecimal } from "../../core/base/text.ts"

/** What disks replace at a time: a torn write never reaches into the other slot. */
const SECTOR = 4_096
/** Room for the longest note; a write takes only what it needs. */
export const SLOT_SIZE = LONGEST_NOTE + SECTOR
const LONGEST_HEADER = 256
const BLANK = 0x20
const HEADER =
  /^countersign published checkpoint 1\ncounter ([0-9]{1,15})\nlength ([0-9]{1,9})\nsha256 [0-9a-f]{64}\n\n/

export interface Slot {
  /** Counts the writes of the file. */
  readonly counter: number
  readonly checkpoint: string
}

/** Without padding. */
function formatSlot({ counter, checkpoint }: Slot): Uint8Array {
  const note = utf8(checkpoint)
  const lines = `countersign published checkpoint 1\ncounter ${counter}\nlength ${note.length}\n`
  const sum = hash("sha256", concat(utf8(lines), note), "hex")
  return concat(utf8(`${lines}sha256 ${sum}\n\n`), note)
}

/** Reads what {@link padded} gave, whatever follows it; undefined for any other bytes. */
export function parseSlot(bytes: Uint8Array): Slot | undefined {
  const header = HEADER.exec(Buffer.from(bytes.subarray(0, LONGEST_HEADER)).toString("latin1"))
  if (header === null) return undefined
  const [{ length: start }, counter = "", length = ""] = header
  const end = start + parseDecimal(length, "length")
  const checkpoint = Buffer.from(bytes.subarray(start, end)).toString("utf8")
  const slot = { counter: parseDecimal(counter, "counter"), checkpoint }
  // Printing it again checks the checksum and every spelling in one comparison.
  return equalBytes(formatSlot(slot), bytes.subarray(0, end)) ? slot : undefined
}

/** Whole sectors; refuses `too-large` for a checkpoint that a slot has no room for. */
export function padded(slot: Slot): Uint8Array {
  const text = formatSlot(slot)
  if (text.length > SLOT_SIZE) {
    refuse("too-large", `published checkpoint: expected up to ${SLOT_SIZE} bytes, found more`)
  }
  const bytes = new Uint8Array(Math.ceil(text.length / SECTOR) * SECTOR).fill(BLANK)
  bytes.set(text)
  return bytes
}

/** Where it goes in the file, so that no write touches the one before it. */
export function positionOf({ counter }: Slot): number {
  return (counter % 2) * SLOT_SIZE
}
