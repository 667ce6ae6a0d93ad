// Cuts what arrives in pieces into lines of a bounded length, whoever sends them.
import { concat, parseUtf8 } from "../core/base/bytes.ts"
import { refuse } from "../core/base/errors.ts"

const LINE_FEED = 0x0a

interface LineReader {
  /** The lines that this piece completes, without their line feeds. Refuses `too-large` and `malformed` (UTF-8). */
  push(piece: Uint8Array): readonly string[]
  /** Whether a line has begun and not ended. */
  hasBegun(): boolean
}

/** `longest` is in bytes, without the line feed. */
export function createLineReader(longest: number): LineReader {
  let begun: Uint8Array[] = []
  let length = 0

  function take(piece: Uint8Array): void {
    length += piece.length
    if (length > longest)
      refuse("too-large", `expected a line of up to ${longest} bytes, found more`)
    if (piece.length > 0) begun.push(piece)
  }

  function end(): string {
    const line = parseUtf8(concat(...begun), "line")
    begun = []
    length = 0
    return line
  }

  return {
    push(piece) {
      const lines: string[] = []
      let from = 0
      for (let at = piece.indexOf(LINE_FEED); at >= 0; at = piece.indexOf(LINE_FEED, from)) {
        take(piece.subarray(from, at))
        lines.push(end())
        from = at + 1
      }
      take(piece.subarray(from))
      return lines
    },
    hasBegun: () => length > 0,
  }
}
