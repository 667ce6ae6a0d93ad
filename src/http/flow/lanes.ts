// One request of a connection at a time, as RFC 9112 (section 9.3.2) lets a server have it: what is pipelined behind a
// request waits until the kernel has taken the whole answer. node:http hands out every request of a packet as soon as
// it is parsed, 2,600 of 64 KB, and keeps all their answers; who sends so many ahead is cut off.
import type { IncomingMessage, RequestListener, ServerResponse } from "node:http"
import type { Socket } from "node:net"

export interface LaneLimits {
  /** Requests of one connection that may wait behind the one that is answered. */
  readonly waitingRequests: number
  /** Those of all connections together, some 5 KB each beside their headers. */
  readonly allWaitingRequests: number
}

interface Waiting {
  readonly request: IncomingMessage
  readonly response: ServerResponse
}

interface Lane {
  /** The one that was begun last. */
  current: ServerResponse
  /** Undefined until a request had to wait. */
  waiting: Waiting[] | undefined
}

const laneKey = Symbol("lane")

interface LanedSocket extends Socket {
  [laneKey]?: Lane
  /** What node:http has there while it does not parse, because the client does not read. */
  readonly _paused?: boolean
  /** What node:http parses the requests of this connection with, and hands each to. */
  readonly parser?: { onIncoming?: unknown } | null
}

/** What a parser of node:http takes for an end of HTTP on its connection: it looks at nothing that follows. */
const NO_MORE = 2

/** Ends a connection, and with it the parsing of what the same packet still has. */
function cutOff(socket: LanedSocket): void {
  socket.destroy()
  // Of an own parser it is only for this connection: node:http sets it anew for the next one.
  if (socket.parser?.onIncoming) socket.parser.onIncoming = () => NO_MORE
}

function readOn(socket: LanedSocket): void {
  if (!socket.destroyed && socket._paused !== true) socket.resume()
}

/**
 * A listener that passes each request on to `listener` once the one before it on its connection is answered. Costs one
 * look at the answer before where nothing waits; nothing more is read from a connection where something does.
 */
export function oneAtATime(limits: LaneLimits, listener: RequestListener): RequestListener {
  let allWaiting = 0

  function leave(lane: Lane): void {
    allWaiting -= lane.waiting?.length ?? 0
    lane.waiting = []
  }

  function begin(lane: Lane, { request, response }: Waiting): void {
    lane.current = response
    listener(request as Parameters<RequestListener>[0], response as Parameters<RequestListener>[1])
  }

  function goOn(socket: LanedSocket, lane: Lane): void {
    // An answer that ends its connection is the last one, whatever was sent after the request.
    if (!socket.writable) return void leave(lane)
    const next = lane.waiting?.shift()
    if (next === undefined) return void readOn(socket)
    allWaiting -= 1
    begin(lane, next)
    if (lane.waiting?.length === 0) readOn(socket)
    else next.response.once("finish", () => setImmediate(goOn, socket, lane))
  }

  function wait(socket: LanedSocket, lane: Lane, waiting: Waiting): void {
    if (lane.waiting === undefined) {
      lane.waiting = []
      socket.once("close", () => leave(lane))
    }
    const tooMany = lane.waiting.length >= limits.waitingRequests
    if (tooMany || allWaiting >= limits.allWaitingRequests) return void cutOff(socket)
    if (lane.waiting.length === 0) {
      // One in a turn of the event loop: other connections stand beside this one.
      lane.current.once("finish", () => setImmediate(goOn, socket, lane))
    }
    lane.waiting.push(waiting)
    allWaiting += 1
    socket.pause()
  }

  return (request, response) => {
    const socket: LanedSocket = request.socket
    if (socket.destroyed) return
    const lane = socket[laneKey]
    if (lane === undefined) {
      socket[laneKey] = { current: response, waiting: undefined }
      listener(request, response)
    } else if (lane.current.writableFinished && (lane.waiting?.length ?? 0) === 0) {
      lane.current = response
      listener(request, response)
    } else {
      wait(socket, lane, { request, response })
    }
  }
}
