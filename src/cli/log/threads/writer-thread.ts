// Starts the writer thread and speaks to it as a Sequencer: one question at a time, one answer each.
import { Worker } from "node:worker_threads"
import { bug } from "../../../core/base/errors.ts"
import type { Origin } from "../../../core/note/origin.ts"
import type { ClockState } from "../../../core/time/clock.ts"
import type { Head } from "../../../core/tree/hash.ts"
import type { NewestHead } from "../../../log/ports/log.ts"
import type { Sequencer } from "../../../log/sequencer.ts"
import { fromPlainError } from "./plain-error.ts"
import {
  buffersOf,
  type FromWriter,
  packBatch,
  type ToWriter,
  type WriterFiles,
} from "./writer-message.ts"

interface Asked {
  readonly resolve: (answer: FromWriter) => void
  readonly reject: (reason: unknown) => void
}

/** Room for a few batches; by default a thread would take more than it uses. */
const YOUNG_GENERATION_MB = 24

/** Who a log is by its keys. */
export interface KeyedLog {
  readonly origin: Origin
  readonly vkeys: readonly string[]
}

interface Listening {
  /** The heads that others hold of this log; asked before anything is signed. */
  heldBy(log: KeyedLog): Promise<readonly Head[]>
  /** Told why nothing is signed while what signs is away, and `undefined` once it is back. */
  onAway(reason: string | undefined): void
  /** Told if the thread ends by itself: what it was about to write is unknown. */
  onEnded(reason: unknown): void
  /** Told what the clock is worth, first before it is open. */
  onClock(state: ClockState): void
}

interface WriterThread extends Sequencer {
  /** Takes `offset`, wall clock less steady clock, for right. */
  confirmClock(offset: number): void
}

/** Resolves once the sequencer is open. Rejects with what `heldBy` or opening refused. */
export async function startWriter(
  files: WriterFiles,
  { heldBy, onAway, onClock, onEnded }: Listening,
): Promise<WriterThread> {
  const worker = new Worker(new URL("../writer.js", import.meta.url), {
    workerData: files,
    transferList: files.signerPort === undefined ? [] : [files.signerPort],
    // A descriptor of the database that is closed would take the locks of all its connections along.
    trackUnmanagedFds: false,
    resourceLimits: { maxYoungGenerationSizeMb: YOUNG_GENERATION_MB },
  })
  let asked: Asked | undefined
  let ended: Error | undefined
  let closed: Promise<void> | undefined
  let isOpen = false

  function end(reason: Error): void {
    if (ended === undefined && isOpen && closed === undefined) onEnded(reason)
    ended ??= reason
    asked?.reject(reason)
    asked = undefined
  }

  worker.on("message", (answer: FromWriter) => {
    if (answer.type === "away") {
      onAway(answer.reason)
      return
    }
    if (answer.type === "clock") {
      onClock(answer.state)
      return
    }
    const waiting = asked ?? bug("the writer answered without a question")
    asked = undefined
    if (answer.type === "error") waiting.reject(fromPlainError(answer.error))
    else waiting.resolve(answer)
  })
  worker.on("error", end)
  worker.on("exit", () => end(new Error("the writer thread has ended")))

  function answer(): Promise<FromWriter> {
    if (asked !== undefined) bug("the writer is asked before it has answered")
    if (ended !== undefined) return Promise.reject(ended)
    return new Promise((resolve, reject) => {
      asked = { resolve, reject }
    })
  }

  function ask(message: ToWriter, transfer: readonly ArrayBuffer[] = []): Promise<FromWriter> {
    const reply = answer()
    worker.postMessage(message, [...transfer])
    return reply
  }

  function headOf(reply: FromWriter): NewestHead {
    return reply.type === "head" ? reply.head : bug(`the writer answered ${reply.type}`)
  }

  async function close(): Promise<void> {
    // A batch that is stored, guarded and waits for its signature: the next start signs it.
    const isWaiting = asked !== undefined
    asked = undefined
    if (!isWaiting) await ask({ type: "close" })
    await worker.terminate()
  }

  try {
    const identity = await answer()
    if (identity.type !== "identity") bug(`the writer answered ${identity.type}`)
    const opened = headOf(await ask({ type: "open", held: await heldBy(identity) }))
    isOpen = true
    return {
      opened,
      async append(batch) {
        const packed = packBatch(batch)
        return headOf(await ask({ type: "append", batch: packed }, buffersOf(packed)))
      },
      async attach(messages) {
        // Copies, which the slice() of a Buffer is not: what is handed over is gone here.
        const own = messages.map((message) => {
          return { ...message, bytes: new Uint8Array(message.bytes) }
        })
        const buffers = own.map(({ bytes }) => bytes.buffer)
        const reply = await ask({ type: "attach", messages: own }, buffers)
        return reply.type === "attached" ? reply.attached : bug(`the writer answered ${reply.type}`)
      },
      confirmClock(offset) {
        worker.postMessage({ type: "confirm-clock", offset } satisfies ToWriter)
      },
      close() {
        closed ??= close()
        return closed
      },
    }
  } catch (reason) {
    await worker.terminate()
    throw reason
  }
}
