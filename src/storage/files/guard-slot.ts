// What stands in a slot of a guard file: lines that an operator can read, with the log, its head and a checksum.
import { hash } from "node:crypto"
import { parseUtf8, utf8 } from "../../core/base/bytes.ts"
import { formatHex, parseDecimal, parseHex } from "../../core/base/text.ts"
import { asHash } from "../../core/tree/hash.ts"
import type { LogIdentity, TimedHead } from "../../log/ports/store.ts"
import { parseIdentity } from "../rules/identity.ts"
import { SECTOR, type Slot, type SlotForm } from "./two-slots.ts"

export interface GuardContent {
  readonly identity: LogIdentity
  readonly head: TimedHead
}

const SLOT = new RegExp(
  [
    "^countersign head guard 1",
    "counter ([0-9]+)",
    "origin ([^\\n]+)",
    "tree ([0-9]+)",
    "keys ([0-9a-f ]+)",
    "size ([0-9]+)",
    "root ([0-9a-f]+)",
    "time ([0-9]+)",
    "sha256 ",
  ].join("\\n"),
  "u",
)

function format({ counter, content: { identity, head } }: Slot<GuardContent>): Uint8Array {
  const lines = [
    "countersign head guard 1",
    `counter ${counter}`,
    `origin ${identity.origin}`,
    `tree ${identity.treeId}`,
    `keys ${identity.keyFingerprints.join(" ")}`,
    `size ${head.size}`,
    `root ${formatHex(head.root)}`,
    `time ${head.time}`,
    "",
  ].join("\n")
  const text = utf8(`${lines}sha256 ${hash("sha256", lines, "hex")}\n`)
  // One that is longer than a slot is refused as it is.
  if (text.length >= SECTOR) return text
  const slot = new Uint8Array(SECTOR).fill(" ".charCodeAt(0))
  slot.set(text)
  slot[SECTOR - 1] = "\n".charCodeAt(0)
  return slot
}

function parse(bytes: Uint8Array): Slot<GuardContent> | undefined {
  const match = SLOT.exec(parseUtf8(bytes.subarray(0, SECTOR), "head guard"))
  if (match === null) return undefined
  const [, counter = "", origin = "", treeId = "", keys = "", size = "", root = "", time = ""] =
    match
  const identity = parseIdentity({ origin, treeId, keyFingerprints: keys.split(" ") })
  const head = {
    size: parseDecimal(size, "size"),
    root: asHash(parseHex(root, "root")),
    time: parseDecimal(time, "time"),
  }
  return { counter: parseDecimal(counter, "counter"), content: { identity, head } }
}

export const guardForm: SlotForm<GuardContent> = {
  name: "head guard",
  slotSize: SECTOR,
  first: 0,
  format,
  parse,
}
