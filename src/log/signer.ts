// The port to the log's keys: makes the signature lines of a checkpoint. An adapter checks its own
// signatures before it gives them away.
import type { Origin } from "../core/origin.ts"

export interface LogSigner {
  readonly origin: Origin
  /** SHA-256 over the SPKI of each key, lower-case hex, in the order of the lines. */
  readonly keyFingerprints: readonly string[]
  /** The verifier keys (C2SP signed-note) of the lines, in order. */
  readonly vkeys: readonly string[]
  /** The signed note over a checkpoint text that ends with a newline. */
  sign(text: string): Promise<string>
}
