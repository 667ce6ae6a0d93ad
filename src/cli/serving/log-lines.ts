// Lines for a file, a pipe or a terminal whose reader may be slow, gone or never there: written by the threads of the
// system, one write at a time, so that no thread of the program ever waits for it. What cannot be written is lost.
import { write } from "node:fs"
import { setTimeout as after } from "node:timers/promises"
import { promisify } from "node:util"

/** Bytes that wait to be written, at most; what comes then is dropped. */
const MOST_WAITING = 1_048_576
/** Bytes of one write. */
const PIECE = 65_536
/** Milliseconds until a pipe that was full is tried again. */
const FULL_PAUSE_MS = 50

interface LogLines {
  write(line: string): void
  /** Begins to write what waits, though an earlier write may hang: for a thread that will not run on. */
  hurry(): void
}

type Write = (descriptor: number, bytes: Uint8Array) => Promise<{ readonly bytesWritten: number }>

const toDescriptor: Write = promisify(write)

/** What could not be written is told on a line of its own, as pino would write it. */
function droppedLine(dropped: number): string {
  const msg = "lines of this log were dropped: nobody read them in time"
  return `${JSON.stringify({ level: 40, time: Date.now(), pid: process.pid, dropped, msg })}\n`
}

export function openLogLines(descriptor: number, writing: Write = toDescriptor): LogLines {
  let waiting: Buffer[] = []
  let bytes = 0
  let dropped = 0
  let isRunning = false

  function take(): Buffer {
    if (dropped > 0) waiting.push(Buffer.from(droppedLine(dropped)))
    dropped = 0
    const all = Buffer.concat(waiting)
    waiting = []
    bytes = 0
    return all
  }

  /** All of it, or up to what cannot be written. */
  async function writeAll(all: Buffer): Promise<void> {
    for (let at = 0; at < all.length; ) {
      try {
        at += (await writing(descriptor, all.subarray(at, at + PIECE))).bytesWritten
      } catch (reason) {
        if ((reason as NodeJS.ErrnoException).code !== "EAGAIN") return
        await after(FULL_PAUSE_MS)
      }
    }
  }

  async function run(): Promise<void> {
    while (waiting.length > 0 || dropped > 0) await writeAll(take())
    isRunning = false
  }

  return {
    write(line) {
      const added = Buffer.from(line)
      if (bytes + added.length > MOST_WAITING) {
        dropped += 1
        return
      }
      waiting.push(added)
      bytes += added.length
      if (isRunning) return
      isRunning = true
      void run()
    },
    hurry() {
      if (waiting.length > 0) void writeAll(take())
    },
  }
}
