// The end of a process that must not go on, by the operating system: whatever hangs in it, and whatever was registered
// to be done at its end, has no say. A supervisor sees SIGKILL, so it starts the process again.
import { cLibrary } from "../../storage/disk/c-library.ts"

/** What a shell says of a process that SIGKILL has ended. */
const KILLED = 137

/** From a failed write until the process is gone, in milliseconds, if the main thread does not end it before. */
const ENDING_MS = 800
/** For the threads of the system to write a last line. */
const LAST_LINE_MS = 400

/** Ends the process now, from any thread. */
export function endNow(): never {
  process.kill(process.pid, "SIGKILL")
  // Still here: the first process of a container is not killed by a signal from within.
  const library = cLibrary()
  if (typeof library !== "string") library.exit(KILLED)
  process.abort()
}

/**
 * Ends the process when a line that is being written has had its time; nothing else happens in this thread meanwhile.
 * With `code` it ends with that one where the C library can be called, as hard as by the signal.
 */
export function endAfterLine(code?: number): never {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, LAST_LINE_MS)
  const library = cLibrary()
  if (code !== undefined && typeof library !== "string") library.exit(code)
  return endNow()
}

/**
 * Ends the process soon, by a timer of the thread that calls this: whoever notices first that nothing may go on needs
 * no other thread for it.
 */
export function endSoon(): void {
  setTimeout(endNow, ENDING_MS)
}
