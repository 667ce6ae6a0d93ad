// The add-checkpoint request of C2SP tlog-witness and the answer to one from the wrong old size, both
// ways. Leaves out what the note says (note.ts, checkpoint.ts) and every rule about sizes.
import { parseUtf8, utf8 } from "../base/bytes.ts"
import { refuse, shown } from "../base/errors.ts"
import { MOST_PROOF_HASHES } from "../base/limits.ts"
import { formatBase64, parseBase64, parseDecimal, parsePlainText } from "../base/text.ts"
import { asHash, assertSize, type Hash } from "../tree/hash.ts"

export interface AddCheckpoint {
  /** The size of the checkpoint that the witness is thought to hold; 0 for none. */
  readonly oldSize: number
  /** The consistency proof from there to the checkpoint; at most 63 hashes. */
  readonly proof: readonly Hash[]
  /** The checkpoint's note as it was sent; not parsed. */
  readonly note: string
}

const OLD = "old "
/** A decimal of 16 digits and its line feed. */
const LONGEST_SIZE = 17

/** What goes with `409 Conflict`; without parameters, to the letter. */
export const TLOG_SIZE_TYPE = "text/x.tlog.size"

/** Refuses `malformed`. The note may be anything that has a first line. */
export function parseAddCheckpoint(body: Uint8Array): AddCheckpoint {
  const text = parseUtf8(body, "add-checkpoint request")
  // SPEC: the first empty line ends the proof; the note has empty lines of its own.
  const blank = text.indexOf("\n\n")
  const note = text.slice(blank + 2)
  if (blank < 0 || !note.includes("\n")) {
    const form = `"${OLD}SIZE", up to ${MOST_PROOF_HASHES} proof lines, an empty line and a note`
    refuse("malformed", `add-checkpoint request: expected ${form}, found ${shown(text)}`)
  }
  const [old = "", ...lines] = text.slice(0, blank).split("\n", MOST_PROOF_HASHES + 2)
  if (!old.startsWith(OLD)) {
    refuse("malformed", `add-checkpoint request: expected "${OLD}SIZE", found ${shown(old)}`)
  }
  // SPEC: a proof MUST NOT have more than 63 lines.
  if (lines.length > MOST_PROOF_HASHES) {
    const most = `up to ${MOST_PROOF_HASHES} proof lines`
    refuse("malformed", `add-checkpoint request: expected ${most}, found more`)
  }
  return {
    oldSize: parseDecimal(old.slice(OLD.length), "old size"),
    proof: lines.map((line) => asHash(parseBase64(line, "proof line"), "proof line")),
    note,
  }
}

/** The body of the request; refuses `malformed` what {@link parseAddCheckpoint} would. */
export function formatAddCheckpoint({ oldSize, proof, note }: AddCheckpoint): Uint8Array {
  assertSize(oldSize, "the old size")
  const lines = proof.map((hash) => `${formatBase64(hash)}\n`).join("")
  const body = utf8(`${OLD}${oldSize}\n${lines}\n${note}`)
  parseAddCheckpoint(body)
  return body
}

/** Reads a decimal and a line feed. Refuses `malformed`, or `too-large` unread. */
export function parseTlogSize(body: Uint8Array | string): number {
  const text = parsePlainText(body, LONGEST_SIZE, "size of a witness")
  if (!text.endsWith("\n")) {
    refuse("malformed", `size of a witness: expected a line feed at the end, found ${shown(text)}`)
  }
  return parseDecimal(text.slice(0, -1), "size of a witness")
}

export function formatTlogSize(size: number): string {
  assertSize(size, "the size of a witness")
  return `${size}\n`
}
