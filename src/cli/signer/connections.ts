// Requests to a signer as they arrive, whoever sends them: a line after the other of each connection, at most so
// many connections, each bounded in memory and in the time that it takes for a line.
import type { Socket } from "node:net"
import type { Duplex } from "node:stream"
import { Refusal } from "../../core/base/errors.ts"
import { createLineReader } from "../../signer/lines.ts"
import { LONGEST_REQUEST } from "../../signer/message.ts"

type AnswerLine = (line: string) => Promise<string>

/** A log has two; the others are of commands. One more ends the one that was quiet for longest. */
const MOST_CONNECTIONS = 16
/** Of a line that has begun. */
const LINE_TIMEOUT_MS = 10_000

interface Serving {
  readonly answer: AnswerLine
  /** Told of what is no line. */
  readonly onRefused: (refusal: Refusal) => void
  /** Milliseconds that a line may take once it has begun; ten seconds if left out. */
  readonly lineTimeout?: number
}

/** Answers what arrives until the other side ends; never rejects. */
export async function serveStream(
  stream: Duplex,
  serving: Serving,
  onLine = () => {},
): Promise<void> {
  const reader = createLineReader(LONGEST_REQUEST)
  let timer: NodeJS.Timeout | undefined

  function endTimer(): void {
    clearTimeout(timer)
    timer = undefined
  }

  try {
    for await (const piece of stream as AsyncIterable<Uint8Array>) {
      const lines = reader.push(piece)
      if (lines.length > 0 || !reader.hasBegun()) endTimer()
      // One after the other: what comes meanwhile stays in the socket.
      for (const line of lines) {
        onLine()
        if (!stream.write(await serving.answer(line))) await drained(stream)
      }
      if (!reader.hasBegun() || timer !== undefined) continue
      timer = setTimeout(() => stream.destroy(), serving.lineTimeout ?? LINE_TIMEOUT_MS)
    }
  } catch (reason) {
    // The connection has ended with what was no line; who sent it has no answer to wait for.
    if (reason instanceof Refusal) serving.onRefused(reason)
  } finally {
    endTimer()
    stream.destroy()
  }
}

/** Resolves once there is room to write, or nobody to write to. */
function drained(stream: Duplex): Promise<void> {
  return new Promise((resolve) => {
    stream.once("drain", resolve)
    stream.once("close", resolve)
  })
}

/** What is done with each connection of a listening socket. */
export function createConnections(serving: Serving) {
  /** The quietest first. */
  const open = new Set<Socket>()

  function touch(socket: Socket): void {
    open.delete(socket)
    open.add(socket)
  }

  return {
    take(socket: Socket): void {
      socket.on("error", () => {})
      touch(socket)
      const [quietest] = open
      if (open.size > MOST_CONNECTIONS) quietest?.destroy()
      socket.once("close", () => open.delete(socket))
      void serveStream(socket, serving, () => touch(socket))
    },
    end(): void {
      for (const socket of open) socket.destroy()
    },
  }
}
