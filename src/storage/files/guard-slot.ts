// The text of one slot of a guard file: lines that an operator can read, a counter that tells which
// slot is newer, and a checksum that tells a slot that was written halfway.
import { hash } from "node:crypto"
import { equalBytes, parseUtf8, utf8 } from "../../core/base/bytes.ts"
import { Refusal, refuse } from "../../core/base/errors.ts"
import { formatHex, parseDecimal, parseHex } from "../../core/base/text.ts"
import { asHash } from "../../core/tree/hash.ts"
import type { LogIdentity, TimedHead } from "../../log/ports/store.ts"
import { parseIdentity } from "../rules/identity.ts"

/**
 * Bytes of a slot. A disk replaces a whole sector at a time, 4,096 bytes on those of today: in smaller
 * slots both would share a sector, and one torn write could take both of them.
 */
export const SLOT_SIZE = 4_096

export interface Slot {
  /** Counts the writes of the guard. */
  readonly counter: number
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

/** Exactly SLOT_SIZE bytes; refuses `too-large` if the identity does not fit. */
export function formatSlot({ counter, identity, head }: Slot): Uint8Array {
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
  if (text.length >= SLOT_SIZE) {
    refuse("too-large", `head guard: expected up to ${SLOT_SIZE - 1} bytes, found ${text.length}`)
  }
  const slot = new Uint8Array(SLOT_SIZE).fill(" ".charCodeAt(0))
  slot.set(text)
  slot[SLOT_SIZE - 1] = "\n".charCodeAt(0)
  return slot
}

/** Reads what {@link formatSlot} prints; undefined for any other bytes. */
export function parseSlot(bytes: Uint8Array): Slot | undefined {
  try {
    const slot = readLines(parseUtf8(bytes, "head guard"))
    // Printing it again checks the checksum, the padding and every spelling in one comparison.
    return slot !== undefined && equalBytes(formatSlot(slot), bytes) ? slot : undefined
  } catch (reason) {
    if (reason instanceof Refusal) return undefined
    throw reason
  }
}

function readLines(text: string): Slot | undefined {
  const match = SLOT.exec(text)
  if (match === null) return undefined
  const [, counter = "", origin = "", treeId = "", keys = "", size = "", root = "", time = ""] =
    match
  return {
    counter: parseDecimal(counter, "counter"),
    identity: parseIdentity({ origin, treeId, keyFingerprints: keys.split(" ") }),
    head: {
      size: parseDecimal(size, "size"),
      root: asHash(parseHex(root, "root")),
      time: parseDecimal(time, "time"),
    },
  }
}
