// C2SP tlog-checkpoint: a log's signed head as text. Reads extension lines but gives them no meaning, and never writes
// any; what was read with them is cosigned with them.
import { refuse, shown } from "../base/errors.ts"
import { LONGEST_NOTE } from "../base/limits.ts"
import { formatBase64, parseBase64, parseDecimal, parsePlainText } from "../base/text.ts"
import { asHash, type Head } from "../tree/hash.ts"
import { checkpointRule, type NamedHead } from "./cosignature.ts"
import { openNote, parseNote, type Vkey } from "./note.ts"
import { type Origin, parseOrigin } from "./origin.ts"

/** A checkpoint whose first line may be any name, such as Rekor v1's `HOST - TREEID`. */
export interface CheckpointText extends NamedHead {
  /** Not covered by signatures of type 6, so nothing may rest on them. */
  readonly extensions: readonly string[]
}

/** A checkpoint (C2SP tlog-checkpoint) of a log whose name is an origin. */
export interface Checkpoint extends CheckpointText {
  readonly origin: Origin
}

/**
 * Reads a checkpoint's text, without signatures. Refuses `malformed` unless it has three or more
 * lines, none of them empty. Does not compare the root of size 0 with that of the empty tree.
 */
export function parseCheckpointText(text: string): CheckpointText {
  const lines = parsePlainText(text, LONGEST_NOTE, "checkpoint").split("\n")
  const [origin = "", size = "", root = "", ...extensions] = lines.slice(0, -1)
  if (lines.length < 4 || lines.at(-1) !== "" || lines.indexOf("") !== lines.length - 1) {
    refuse(
      "malformed",
      `checkpoint: expected origin, size and root, each ended by a line feed, found ${shown(text)}`,
    )
  }
  return {
    origin,
    size: parseDecimal(size, "checkpoint size"),
    root: asHash(parseBase64(root, "checkpoint root"), "checkpoint root"),
    extensions,
  }
}

/**
 * Reads a checkpoint's text, without signatures (C2SP tlog-checkpoint). Refuses `malformed` unless it has three
 * or more lines, none of them empty, and the first is an origin. The root of size 0 is not looked at.
 *
 * @example
 * ```ts
 * import { readFileSync } from "node:fs"
 * import { parseCheckpoint, parseNote } from "countersign/audit"
 *
 * console.log(parseCheckpoint(parseNote(readFileSync("checkpoint")).text).size) // 5
 * ```
 */
export function parseCheckpoint(text: string): Checkpoint {
  const checkpoint = parseCheckpointText(text)
  return { ...checkpoint, origin: parseOrigin(checkpoint.origin) }
}

/** The three lines that a log signs; `origin` is one line. */
export function formatCheckpoint(origin: string, head: Head): string {
  const text = `${origin}\n${head.size}\n${formatBase64(head.root)}\n`
  parseCheckpointText(text)
  return text
}

/**
 * The checkpoint in a note of one log, once a signature by one of its keys, of whatever type, holds. Refuses
 * `malformed`; `mismatch` for another origin; `bad-signature` and `untrusted` as {@link openNote} does.
 *
 * @example
 * ```ts
 * import { readFileSync } from "node:fs"
 * import { openCheckpoint, parseOrigin, parseVkey } from "countersign/audit"
 *
 * const vkey = parseVkey(readFileSync("log.vkey", "utf8").trimEnd())
 * console.log(openCheckpoint(readFileSync("checkpoint"), [vkey], parseOrigin(vkey.name)).size) // 5
 * ```
 */
export function openCheckpoint(
  note: Uint8Array | string,
  vkeys: readonly Vkey[],
  origin: Origin,
): Checkpoint {
  const parsed = parseNote(note)
  const checkpoint = parseCheckpoint(parsed.text)
  if (checkpoint.origin !== origin) {
    refuse("mismatch", `expected a checkpoint of ${origin}, found one of ${checkpoint.origin}`)
  }
  openNote(parsed, vkeys, checkpointRule(checkpoint))
  return checkpoint
}
