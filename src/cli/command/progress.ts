// A progress bar on standard error, drawn only when a person looks at it and at most ten times a second.
import type { Terminal, TextStream } from "./terminal.ts"

export interface Progress {
  advance(steps: number): void
  end(): void
}

interface ProgressOptions {
  readonly stream: TextStream
  /** Milliseconds from any fixed moment. */
  readonly now: () => number
  readonly what: string
  readonly total: number
}

const PAUSE = 100
const BAR = 24
const DEFAULT_COLUMNS = 80
const CLEAR_LINE = "\r\u001b[K"

function bar(done: number, total: number): string {
  const filled = total === 0 ? BAR : Math.floor((done / total) * BAR)
  return "#".repeat(filled) + ".".repeat(BAR - filled)
}

/** Does work with a progress bar on the terminal's standard error; a bar of work that fails stays. */
export async function withProgress<T>(
  { stderr: stream, now }: Terminal,
  what: string,
  total: number,
  work: (advance: Progress["advance"]) => Promise<T>,
): Promise<T> {
  const progress = createProgress({ stream, now, what, total })
  const result = await work(progress.advance)
  progress.end()
  return result
}

export function createProgress({ stream, now, what, total }: ProgressOptions): Progress {
  if (stream.isTTY !== true) return { advance: () => {}, end: () => {} }
  const started = now()
  let drawn = started - PAUSE
  let done = 0

  function draw(): void {
    const seconds = (now() - started) / 1000
    const rate = seconds > 0 ? `  ${Math.round(done / seconds)}/s` : ""
    const line = `${what} [${bar(done, total)}] ${done}/${total}${rate}`
    stream.write(CLEAR_LINE + line.slice(0, (stream.columns ?? DEFAULT_COLUMNS) - 1))
  }

  return {
    advance(steps) {
      done += steps
      if (now() - drawn < PAUSE && done < total) return
      drawn = now()
      draw()
    },
    end: () => stream.write(CLEAR_LINE),
  }
}
