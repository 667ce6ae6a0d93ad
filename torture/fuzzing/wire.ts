// Sends bytes over a connection and reads the statuses of what is answered. A request whose framing is whole must be
// answered; of any other the connection may be closed, at once or in the server's own time.
import { connect, type Socket } from "node:net"

const LATE_MS = 20_000
/** How long an answer to damaged framing is waited for: the server may wait for the rest. */
const PATIENCE_MS = 400

export interface Answer {
  /** Of the first whole answer; 0 if the connection was closed without one, -1 if nothing came in time. */
  readonly status: number
  readonly body: string
  readonly isOpen: boolean
}

interface Parsed {
  readonly status: number
  readonly body: string
  readonly closes: boolean
}

function parseAnswer(bytes: Buffer, isEnd: boolean, isHead: boolean): Parsed | undefined {
  const end = bytes.indexOf("\r\n\r\n")
  if (end < 0) return undefined
  const head = bytes.toString("latin1", 0, end)
  const status = Number(/^HTTP\/1\.1 ([0-9]{3})/.exec(head)?.[1] ?? 0)
  if (status === 100) return parseAnswer(bytes.subarray(end + 4), isEnd, isHead)
  const closes = /\r\nconnection: close/i.test(head)
  const rest = bytes.subarray(end + 4)
  const length = /\r\ncontent-length: ([0-9]+)/i.exec(head)?.[1]
  const isEmpty = isHead || status === 204 || status === 304
  if (isEmpty || (length !== undefined && rest.length >= Number(length))) {
    return { status, body: rest.toString("latin1", 0, Number(length ?? 0)), closes }
  }
  const isChunked = /\r\ntransfer-encoding: chunked/i.test(head)
  if (isEnd || (isChunked && rest.toString("latin1").endsWith("0\r\n\r\n"))) {
    return { status, body: rest.toString("latin1"), closes: closes || isEnd }
  }
  return undefined
}

/** A connection that is opened anew whenever the last one is gone. */
export function createWire(port: number) {
  let socket: Socket | undefined

  function open(): Socket {
    if (socket !== undefined && !socket.destroyed && socket.writable) return socket
    socket = connect({ port, host: "127.0.0.1", noDelay: true })
    socket.on("error", () => {})
    return socket
  }

  /** `isWhole` says that the framing fits, so that an answer must come. */
  function send(bytes: Uint8Array, isWhole: boolean, isHead: boolean): Promise<Answer> {
    const wire = open()
    return new Promise((resolve) => {
      const chunks: Buffer[] = []
      const late = setTimeout(
        () => finish({ status: -1, body: "", closes: true }),
        isWhole ? LATE_MS : PATIENCE_MS,
      )
      function finish({ status, body, closes }: Parsed): void {
        clearTimeout(late)
        wire.off("data", onData).off("close", onClose)
        if (closes || !isWhole) wire.destroy()
        resolve({ status, body, isOpen: !wire.destroyed })
      }
      function onData(chunk: Buffer): void {
        chunks.push(chunk)
        const parsed = parseAnswer(Buffer.concat(chunks), false, isHead)
        if (parsed !== undefined) finish(parsed)
      }
      function onClose(): void {
        const parsed = parseAnswer(Buffer.concat(chunks), true, isHead)
        finish(parsed ?? { status: 0, body: "", closes: true })
      }
      wire.on("data", onData).once("close", onClose)
      wire.write(bytes)
    })
  }

  return { send, close: () => socket?.destroy() }
}
