// One connection of the load generator: sends a request, waits for the whole reply, sends the next. Knows
// of HTTP/1.1 only what the server answers with: a status line, headers with a content length, a body.
import { connect } from "node:net"

export interface LoopOptions {
  readonly port: number
  /** The next request; undefined ends the connection. */
  readonly next: () => Buffer | undefined
  /** Told about each reply; `sent` is when its request went out, in milliseconds. */
  readonly replied: (status: number, sent: number) => void
  readonly ended: () => void
  readonly failed: (reason: Error) => void
}

const READ_BYTES = 64 * 1024
const HEAD_END = Buffer.from("\r\n\r\n")
const LENGTH = "content-length: "

interface ReplyReader {
  /** The status once the reply is whole; undefined as long as bytes are missing. */
  take(chunk: Buffer): number | undefined
}

function lengthIn(head: Buffer): number {
  const text = head.toString("latin1").toLowerCase()
  const at = text.indexOf(LENGTH)
  if (at < 0) throw new Error("expected a reply with a content length, found none")
  return Number.parseInt(text.slice(at + LENGTH.length), 10)
}

function createReplyReader(): ReplyReader {
  let status = 0
  let missing = 0
  let begun: Buffer | undefined

  function takeHead(chunk: Buffer): boolean {
    const bytes = begun === undefined ? chunk : Buffer.concat([begun, chunk])
    const end = bytes.indexOf(HEAD_END)
    if (end < 0) {
      // The chunk's memory is read into again.
      begun = Buffer.from(bytes)
      return false
    }
    begun = undefined
    status = Number.parseInt(bytes.toString("latin1", 9, 12), 10)
    missing = lengthIn(bytes.subarray(0, end + 2)) - (bytes.length - end - HEAD_END.length)
    return true
  }

  return {
    take(chunk) {
      if (missing > 0) missing -= chunk.length
      else if (!takeHead(chunk)) return undefined
      if (missing < 0) throw new Error("expected one reply to one request, found more")
      return missing === 0 ? status : undefined
    },
  }
}

/** Opens a connection and keeps one request under way on it. */
export function startLoop({ port, next, replied, ended, failed }: LoopOptions): void {
  const reader = createReplyReader()
  const memory = Buffer.allocUnsafeSlow(READ_BYTES)
  let sent = 0
  let isOver = false

  function send(): void {
    const request = next()
    if (request === undefined) {
      isOver = true
      socket.destroy()
      return
    }
    sent = performance.now()
    socket.write(request)
  }

  function take(length: number): void {
    const status = reader.take(memory.subarray(0, length))
    if (status === undefined) return
    replied(status, sent)
    send()
  }

  // Reading into memory of our own goes past the stream machinery, which costs as much as all the rest.
  const socket = connect({
    host: "127.0.0.1",
    port,
    noDelay: true,
    onread: {
      buffer: memory,
      callback(length) {
        try {
          take(length)
        } catch (reason) {
          socket.destroy(reason as Error)
        }
        return true
      },
    },
  })
  socket.once("connect", send)
  socket.once("error", failed)
  socket.once("close", () => {
    if (isOver) ended()
    else failed(new Error("the server closed a connection before it had answered"))
  })
}
