// The port to the head guard: a compare-and-swap cell that holds the newest head the log has signed or
// is about to sign. It lies apart from the database, is never restored from a backup, and so turns a
// rollback or a second instance into a refusal instead of a fork.
import type { Head } from "../../core/tree/hash.ts"
import type { LogIdentity, TimedHead } from "./store.ts"

export interface HeadGuard {
  /** The log that the guard was made for. */
  readonly identity: LogIdentity
  read(): Promise<TimedHead>
  /**
   * Moves from exactly `from` (size and root) to `to`, durable when it resolves. Refuses `conflict`
   * if the guard holds another head. After any other rejection the state is unknown.
   */
  advance(from: Head, to: TimedHead): Promise<void>
  close(): Promise<void>
}
