// The port to what a signer remembers: one log and the newest head of it that was signed or is about to be.
import type { Head } from "../core/tree/hash.ts"
import type { LogIdentity } from "../log/ports/store.ts"

export interface SignerMemory {
  /** The log whose heads are signed, with the fingerprints of the keys that sign them. */
  readonly identity: LogIdentity
  head(): Head
  /**
   * Moves on to a larger head, durable when it returns: before any signature over that head exists. Throws trouble
   * ("disk"); nothing may be signed by this process afterwards.
   */
  remember(to: Head): void
  close(): void
}
