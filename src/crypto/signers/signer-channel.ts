// The way to a signer of its own: a Unix socket, or the standard input and output of a program. Connects when it is
// asked, again after a loss, and takes no answer on trust that the message form does not know.
import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { connect } from "node:net"
import { Duplex } from "node:stream"
import { Refusal, shown, Trouble } from "../../core/base/errors.ts"
import { createLineReader } from "../../signer/lines.ts"
import {
  type Asked,
  formatRequest,
  LONGEST_ANSWER,
  parseReply,
  type Reply,
  type SignerAnswer,
} from "../../signer/message.ts"

export interface SignerChannel {
  /**
   * Asks and gives the answer. Rejects with what the signer refused, and with trouble ("busy") if it does not
   * answer: asking again is safe.
   */
  ask(asked: Asked): Promise<SignerAnswer>
  close(): void
}

interface Waiting {
  readonly resolve: (line: string) => void
  readonly reject: (reason: unknown) => void
}

interface Connection {
  ask(line: string): Promise<string>
  readonly isOpen: () => boolean
  end(): void
}

/** Of one question: a token that signs may take a second. */
const ANSWER_TIMEOUT_MS = 10_000

/** Characters of what a signer says of its trouble, which clients of the log are told. */
const LONGEST_TROUBLE = 300

function away(name: string, why: string, cause?: unknown): Trouble {
  return new Trouble("busy", `the signer at ${name} does not answer: ${why}`, { cause })
}

/** One question after the other is written; the answers come in the same order. */
function connectionOver(stream: Duplex, name: string, timeoutMs: number): Connection {
  const waiting: Waiting[] = []
  const reader = createLineReader(LONGEST_ANSWER)
  let isOpen = true

  function fail(why: string, cause?: unknown): void {
    isOpen = false
    stream.destroy()
    for (const { reject } of waiting.splice(0)) reject(away(name, why, cause))
  }

  stream.on("data", (piece: Uint8Array) => {
    try {
      for (const line of reader.push(piece)) {
        const first = waiting.shift()
        if (first === undefined) throw new Refusal("malformed", "it answers without a question")
        first.resolve(line)
      }
    } catch (cause) {
      fail(cause instanceof Error ? cause.message : String(cause), cause)
    }
  })
  stream.on("error", (cause: Error) => fail(cause.message, cause))
  stream.on("close", () => fail("the connection has ended"))
  stream.on("end", () => fail("the connection has ended"))

  return {
    isOpen: () => isOpen,
    end: () => fail("it is being closed"),
    async ask(line) {
      const timer = setTimeout(() => fail(`not within ${timeoutMs} ms`), timeoutMs)
      try {
        return await new Promise<string>((resolve, reject) => {
          waiting.push({ resolve, reject })
          stream.write(line)
        })
      } finally {
        clearTimeout(timer)
      }
    },
  }
}

function createChannel(
  name: string,
  timeoutMs: number,
  open: () => Promise<Duplex>,
): SignerChannel {
  let connecting: Promise<Connection> | undefined
  let current: Connection | undefined
  let isClosed = false

  async function connected(): Promise<Connection> {
    if (current?.isOpen() === true) return current
    connecting ??= open().then((stream) => connectionOver(stream, name, timeoutMs))
    try {
      current = await connecting
      if (isClosed) current.end()
      return current
    } catch (cause) {
      throw away(name, cause instanceof Error ? cause.message : String(cause), cause)
    } finally {
      connecting = undefined
    }
  }

  /** What is no answer is none: only what the signer itself refuses may end a log. */
  function replyIn(line: string, connection: Connection): Reply {
    try {
      return parseReply(line)
    } catch (cause) {
      connection.end()
      const reason = cause instanceof Error ? cause.message : String(cause)
      throw away(name, `what came is no answer: ${reason}`, cause)
    }
  }

  return {
    async ask(asked) {
      const connection = await connected()
      const reply = replyIn(await connection.ask(formatRequest(asked)), connection)
      if ("refusal" in reply) throw reply.refusal
      if ("trouble" in reply) throw away(name, shown(reply.trouble, LONGEST_TROUBLE).slice(1, -1))
      return reply
    },
    close() {
      isClosed = true
      current?.end()
    },
  }
}

/** A channel to the Unix socket at `path`. */
export function createSocketChannel(path: string, timeoutMs = ANSWER_TIMEOUT_MS): SignerChannel {
  return createChannel(`unix:${path}`, timeoutMs, async () => {
    const socket = connect({ path })
    await once(socket, "connect")
    return socket
  })
}

/** Time to finish once its input has ended and it was told to stop. Milliseconds. */
const ENDING_MS = 2_000

function end(child: ChildProcess): void {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill("SIGTERM")
  const timer = setTimeout(() => child.kill("SIGKILL"), ENDING_MS)
  timer.unref()
  child.once("exit", () => clearTimeout(timer))
}

/** A channel to a program that is started when it is asked, and again after it has ended. */
export function createProgramChannel([file = "", ...words]: readonly string[]): SignerChannel {
  return createChannel(`exec:${file}`, ANSWER_TIMEOUT_MS, async () => {
    const child = spawn(file, words, { stdio: ["pipe", "pipe", "inherit"] })
    await once(child, "spawn")
    child.on("error", () => {})
    const stream = Duplex.from({ readable: child.stdout, writable: child.stdin })
    // One that hangs would keep what the next one needs, and each try would leave another.
    stream.once("close", () => end(child))
    return stream
  })
}
