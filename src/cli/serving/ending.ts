// The end of a process that must not go on, by the operating system: whatever hangs in it, and whatever was registered
// to be done at its end, has no say. A supervisor sees SIGKILL, so it starts the process again.
import { cLibrary } from "../../storage/disk/c-library.ts"

/** What a shell says of a process that SIGKILL has ended. */
const KILLED = 137

/** From a failed write until the process is gone, in milliseconds: the time to say why, at most. */
const ENDING_MS = 700

/** Ends the process now, from any thread. */
export function endNow(): void {
  process.kill(process.pid, "SIGKILL")
  // Still here: the first process of a container is not killed by a signal from within.
  const library = cLibrary()
  if (typeof library !== "string") library.exit(KILLED)
  process.abort()
}

/**
 * Ends the process soon, by a timer of the thread that calls this: whoever notices first that nothing may go on needs
 * no other thread for it.
 */
export function endSoon(): void {
  setTimeout(endNow, ENDING_MS)
}
