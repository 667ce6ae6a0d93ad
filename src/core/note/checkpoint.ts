// C2SP tlog-checkpoint: a log's signed head as text. Reads extension lines but gives them no meaning,
// and never writes any.

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

/** As {@link parseCheckpointText}, and refuses `malformed` unless the first line is an origin. */
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
 * The checkpoint in a note of one log. Refuses `malformed`; `mismatch` for another origin;
 * `bad-signature` and `untrusted` as {@link openNote} does for the log's keys.
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
