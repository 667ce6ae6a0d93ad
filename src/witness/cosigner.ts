// The port to one key of the witness. An adapter checks its own signatures before it gives them away.
import type { NamedHead } from "../core/note/cosignature.ts"
import type { Vkey } from "../core/note/note.ts"

export interface Cosigner {
  /** Of type 4 or 6. */
  readonly vkey: Vkey
  /**
   * The bare signature over a checkpoint at `time` (Unix seconds, above 0), without the time in front of
   * it. `head` is what `checkpointText` says.
   */
  sign(time: number, checkpointText: string, head: NamedHead): Promise<Uint8Array>
}
