// A TCP connection on which a test writes bytes of its own and reads what comes back.
import { connect, type Socket } from "node:net"

export interface RawConnection {
  readonly socket: Socket
  write(text: string | Uint8Array): void
  /** Resolves with all that has come once it holds `text` so often; rejects if the connection ends before. */
  until(text: string, times?: number): Promise<string>
  /** Calls `look` with all that has come, whenever there is more, until it says that this is enough. */
  progress(look: (received: string) => boolean): Promise<string>
  /** Resolves with all that came when the connection has ended. */
  ended(): Promise<string>
}

export async function openRaw(port: number): Promise<RawConnection> {
  const socket = connect(port, "127.0.0.1")
  let received = ""
  let listeners: (() => void)[] = []
  const tell = (): void => {
    for (const listener of listeners) listener()
  }
  let isEnded = false
  socket.setEncoding("utf8")
  socket.on("data", (chunk: string) => {
    received += chunk
    tell()
  })
  socket.on("error", () => {})
  socket.on("close", () => {
    isEnded = true
    tell()
  })
  await new Promise<void>((resolve, reject) => {
    socket.once("connect", resolve).once("error", reject)
  })

  function when(holds: () => boolean): Promise<string> {
    return new Promise((resolve, reject) => {
      const look = (): void => {
        if (!holds() && !isEnded) return
        listeners = listeners.filter((listener) => listener !== look)
        if (holds()) resolve(received)
        else reject(new Error(`the connection ended after ${JSON.stringify(received)}`))
      }
      listeners.push(look)
      look()
    })
  }

  return {
    socket,
    write: (text) => void socket.write(text),
    until: (text, times = 1) => when(() => received.split(text).length > times),
    progress: (look) => when(() => look(received)),
    ended: () => when(() => isEnded),
  }
}

/** A request as it goes over the wire; each character of `body` is a byte. */
export function rawRequest(method: string, path: string, headers = "", body = ""): string {
  const length = body === "" ? "" : `content-length: ${body.length}\r\n`
  return `${method} ${path} HTTP/1.1\r\nhost: log.example\r\n${headers}${length}\r\n${body}`
}
