// Threads that let all others go first: what may take long runs in them, and the event loop keeps its core.
import { setPriority } from "node:os"

const NICE = 10

/** Lowers the priority of the calling thread. Only Linux has one for each thread; elsewhere nothing happens. */
export function letOthersGoFirst(): void {
  if (process.platform !== "linux") return
  try {
    setPriority(0, NICE)
  } catch {
    // Where that is not allowed it is as fast as the others.
  }
}
