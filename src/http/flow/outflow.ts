// The answers that are on their way to clients, as far as they are large: how many bytes of memory they may hold
// together, and how slowly a client may read. Memory that several answers share counts once. Small answers are left to
// the limits on connections: one of a connection is under way at a time.
import type { ServerResponse } from "node:http"
import type { Socket } from "node:net"

export interface OutflowLimits {
  /** Bytes of large answers that are in memory together. */
  readonly answerBudget: number
  /** Milliseconds that a client may read nothing of a large answer, also before it reads the first of it. */
  readonly readingGrace: number
  /** Bytes a second that a client must read of a large answer, on average after the grace. */
  readonly leastReadingRate: number
  /** Milliseconds between two looks at slow connections. */
  readonly slownessInterval: number
}

export interface Outflow {
  /** Whether an answer of these bytes is counted and watched; others need not be asked about. */
  isLarge(body: string | Uint8Array | undefined): boolean
  /** Whether there is room for a large answer. One alone always has. */
  hasRoom(body: string | Uint8Array): boolean
  /** Whether there is no room for anything that is large: its maker need not begin. */
  isFull(): boolean
  /** Writes the whole body of a response whose headers are written, and counts it until it is gone. */
  send(response: ServerResponse, body: Uint8Array): void
  /** Bytes that are held now. */
  held(): number
}

/** Bytes; what is shorter is not counted. */
const LARGE = 16 * 1024
/** Bytes that are handed to the kernel at a time, so that there is something to measure. */
const PIECE = 64 * 1024
/** How much faster clients must read while more than half of the budget is taken. */
const PRESSURE = 8

interface OnItsWay {
  readonly socket: Socket
  readonly begun: number
  /** Bytes that the kernel took, and when it took some last. */
  taken: number
  moved: number
}

/** How often memory is held, by what it is part of. */
function createHeldMemory() {
  const holders = new Map<ArrayBufferLike, number>()
  let bytes = 0
  return {
    bytes: () => bytes,
    /** What holding it would add. */
    more: ({ buffer }: Uint8Array): number => (holders.has(buffer) ? 0 : buffer.byteLength),
    hold({ buffer }: Uint8Array): void {
      const count = holders.get(buffer) ?? 0
      if (count === 0) bytes += buffer.byteLength
      holders.set(buffer, count + 1)
    },
    release({ buffer }: Uint8Array): void {
      const count = holders.get(buffer) ?? 0
      if (count > 1) return void holders.set(buffer, count - 1)
      holders.delete(buffer)
      bytes -= buffer.byteLength
    },
  }
}

/** `now` is in milliseconds on a monotonic clock. */
export function createOutflow(limits: OutflowLimits, now: () => number): Outflow {
  const memory = createHeldMemory()
  const onTheirWay = new Set<OnItsWay>()
  let watch: NodeJS.Timeout | undefined

  function isSlow({ begun, taken, moved }: OnItsWay, at: number): boolean {
    const { readingGrace, leastReadingRate, answerBudget } = limits
    const isPressed = memory.bytes() > answerBudget / 2
    const rate = isPressed ? leastReadingRate * PRESSURE : leastReadingRate
    return at - moved > readingGrace || at - begun > readingGrace + (taken / rate) * 1000
  }

  function look(): void {
    const at = now()
    for (const each of onTheirWay) if (isSlow(each, at)) each.socket.destroy()
  }

  function begin(socket: Socket): OnItsWay {
    watch ??= setInterval(look, limits.slownessInterval).unref()
    const at = now()
    const one: OnItsWay = { socket, begun: at, taken: 0, moved: at }
    onTheirWay.add(one)
    return one
  }

  function end(one: OnItsWay): void {
    onTheirWay.delete(one)
    if (onTheirWay.size > 0) return
    clearInterval(watch)
    watch = undefined
  }

  function pourOn(response: ServerResponse, body: Uint8Array, one: OnItsWay): void {
    if (!response.destroyed && onTheirWay.has(one)) pour(response, body, one)
  }

  function pour(response: ServerResponse, body: Uint8Array, one: OnItsWay): void {
    const piece = body.subarray(one.taken, one.taken + PIECE)
    if (one.taken + piece.length === body.length) return void response.end(piece)
    response.write(piece, (error) => {
      if (error) return
      one.taken += piece.length
      one.moved = now()
      // One piece in a turn: the kernel takes megabytes at once, and as many answers may begin together.
      setImmediate(pourOn, response, body, one)
    })
  }

  return {
    isLarge: (body) => body !== undefined && body.length > LARGE,
    hasRoom(body) {
      const more = typeof body === "string" ? body.length : memory.more(body)
      const held = memory.bytes()
      return held === 0 || more === 0 || held + more <= limits.answerBudget
    },
    isFull: () => memory.bytes() >= limits.answerBudget,
    held: memory.bytes,
    send(response, body) {
      const { socket } = response.req
      const one = begin(socket)
      memory.hold(body)
      const gone = (): void => {
        socket.off("close", gone)
        // When the connection goes, both say so.
        if (!onTheirWay.has(one)) return
        memory.release(body)
        end(one)
      }
      // A response that has no connection yet is not told that the connection is gone.
      socket.once("close", gone)
      response.once("close", gone)
      pour(response, body, one)
    },
  }
}
