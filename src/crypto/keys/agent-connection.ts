// A connection to an SSH agent over its socket: one question at a time, answers bounded in length and time, made again
// after it broke.
import { createConnection, type Socket } from "node:net"
import { Trouble } from "../../core/base/errors.ts"
import { createTurns } from "../../core/base/turns.ts"
import { frame } from "./agent-message.ts"

/** What OpenSSH's agent itself sends at most. */
const LONGEST_ANSWER = 256 * 1024
const HEADER = 4

interface Answer {
  readonly type: number
  readonly body: Uint8Array
}

export interface AgentConnection {
  /**
   * Throws trouble ("busy") if no whole answer comes in time, counted from the asking; the next question then goes
   * over a new connection.
   */
  ask(type: number, body: Uint8Array): Promise<Answer>
  close(): void
}

/** The first message of what has arrived; undefined until it is whole. Throws for one that no agent sends. */
function answerIn(arrived: Buffer): Answer | undefined {
  if (arrived.length < HEADER) return undefined
  const length = arrived.readUInt32BE()
  if (length < 1 || length > LONGEST_ANSWER) throw new Error(`it announced ${length} bytes`)
  if (arrived.length < HEADER + length) return undefined
  if (arrived.length > HEADER + length) throw new Error("it sent more than was asked for")
  return { type: arrived[HEADER] as number, body: arrived.subarray(HEADER + 1) }
}

/** Resolves with the answer; rejects as soon as there can be none. */
function exchange(socket: Socket, question: Uint8Array, timeout: number): Promise<Answer> {
  return new Promise((resolve, reject) => {
    let arrived = Buffer.alloc(0)
    const timer = setTimeout(() => end(new Error(`no answer within ${timeout} ms`)), timeout)
    const onClose = () => end(new Error("it closed the connection"))
    function end(outcome: Answer | Error): void {
      clearTimeout(timer)
      socket.off("data", onData).off("error", end).off("close", onClose)
      if (outcome instanceof Error) reject(outcome)
      else resolve(outcome)
    }
    function onData(chunk: Buffer): void {
      arrived = Buffer.concat([arrived, chunk])
      try {
        const answer = answerIn(arrived)
        if (answer !== undefined) end(answer)
      } catch (reason) {
        end(reason as Error)
      }
    }
    socket.on("data", onData).on("error", end).on("close", onClose)
    socket.write(question)
  })
}

/** Connects at the first question. `timeout` is in milliseconds, for each. */
export function createAgentConnection(path: string, timeout = 2_000): AgentConnection {
  const inTurn = createTurns()
  let connected: Socket | undefined
  let isClosed = false

  function connect(): Socket {
    const socket = createConnection(path)
    // What arrives unasked, or breaks between two questions, ends this connection and nothing else.
    const drop = () => {
      if (connected === socket) connected = undefined
      socket.destroy()
    }
    socket.on("error", drop).on("close", drop)
    connected = socket
    return socket
  }

  async function askNow(type: number, body: Uint8Array, since: number): Promise<Answer> {
    if (isClosed) throw new Trouble("busy", `the SSH agent at ${path}: the key was closed`)
    // What has waited behind a question that got no answer does not wait as long again.
    if (performance.now() - since > timeout) {
      throw new Trouble("busy", `the SSH agent at ${path} does not answer, or too slowly`)
    }
    const socket = connected ?? connect()
    socket.ref()
    try {
      return await exchange(socket, frame(type, body), timeout)
    } catch (cause) {
      socket.destroy()
      connected = undefined
      const reason = cause instanceof Error ? cause.message : String(cause)
      throw new Trouble("busy", `the SSH agent at ${path} does not answer: ${reason}`, { cause })
    } finally {
      // An idle connection keeps no process from ending.
      socket.unref()
    }
  }

  return {
    ask(type, body) {
      const since = performance.now()
      return inTurn(() => askNow(type, body, since))
    },
    close() {
      isClosed = true
      connected?.destroy()
    },
  }
}
