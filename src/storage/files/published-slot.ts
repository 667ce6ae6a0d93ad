// What stands in a slot of the file of published checkpoints: lines that an operator can read, a checksum, and
// the checkpoint.
import { hash } from "node:crypto"
import { concat, utf8 } from "../../core/base/bytes.ts"
import { LONGEST_NOTE } from "../../core/base/limits.ts"
import { parseDecimal } from "../../core/base/text.ts"
import { SECTOR, type Slot, type SlotForm } from "./two-slots.ts"

const LONGEST_HEADER = 256
const HEADER =
  /^countersign published checkpoint 1\ncounter ([0-9]{1,15})\nlength ([0-9]{1,9})\nsha256 [0-9a-f]{64}\n\n/

function format({ counter, content }: Slot<string>): Uint8Array {
  const note = utf8(content)
  const lines = `countersign published checkpoint 1\ncounter ${counter}\nlength ${note.length}\n`
  const sum = hash("sha256", concat(utf8(lines), note), "hex")
  return concat(utf8(`${lines}sha256 ${sum}\n\n`), note)
}

function parse(bytes: Uint8Array): Slot<string> | undefined {
  const header = HEADER.exec(Buffer.from(bytes.subarray(0, LONGEST_HEADER)).toString("latin1"))
  if (header === null) return undefined
  const [{ length: start }, counter = "", length = ""] = header
  const end = start + parseDecimal(length, "length")
  const content = Buffer.from(bytes.subarray(start, end)).toString("utf8")
  return { counter: parseDecimal(counter, "counter"), content }
}

/** Room for the longest note; a write takes only what it needs. */
export const publishedForm: SlotForm<string> = {
  name: "published checkpoint",
  slotSize: LONGEST_NOTE + SECTOR,
  first: 1,
  format,
  parse,
}
