// What runs in the threads of portable.ts and patient-verification.ts: nothing but the portable verification.
import { parseCheckpointText } from "../../core/note/checkpoint.ts"
import { checkpointRule } from "../../core/note/cosignature.ts"
import type { Vkey } from "../../core/note/note.ts"

export { verifyPortably } from "../../entry/portable-verification.ts"

/** A line with the checkpoint's text that it is to be signed over. */
export interface CheckpointLine {
  readonly vkey: Vkey
  readonly text: string
  readonly signature: Uint8Array
}

export function verifyLine({ vkey, text, signature }: CheckpointLine): boolean {
  return checkpointRule(parseCheckpointText(text))(vkey, text, signature)
}
