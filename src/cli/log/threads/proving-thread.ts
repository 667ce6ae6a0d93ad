// Starts the thread that reads messages, once there is one to read, and speaks to it.
import { Worker } from "node:worker_threads"
import { Trouble } from "../../../core/base/errors.ts"
import type { MessageProver, ProvenMessage } from "../../../log/attaching.ts"
import { fromPlainError, type PlainError } from "./plain-error.ts"

export interface AskedProof {
  readonly id: number
  readonly body: Uint8Array
  readonly bytes: Uint8Array
}

export type FromProver =
  | { readonly id: number; readonly proven: ProvenMessage }
  | { readonly id: number; readonly error: PlainError }

interface Asked {
  readonly resolve: (proven: ProvenMessage) => void
  readonly reject: (reason: unknown) => void
}

interface ProvingThread {
  readonly prove: MessageProver
  close(): Promise<void>
}

/** A thread that has ended is started again by the next message. */
export function createProvingThread(): ProvingThread {
  const asked = new Map<number, Asked>()
  let worker: Worker | undefined
  let lastId = 0

  function end(cause?: unknown): void {
    worker = undefined
    const reason = new Trouble("busy", "the thread that reads messages has ended", { cause })
    for (const { reject } of asked.values()) reject(reason)
    asked.clear()
  }

  function start(): Worker {
    const started = new Worker(new URL("./proving-worker.js", import.meta.url))
    started.on("message", (answer: FromProver) => {
      const waiting = asked.get(answer.id)
      asked.delete(answer.id)
      if ("error" in answer) waiting?.reject(fromPlainError(answer.error))
      else waiting?.resolve(answer.proven)
    })
    started.on("error", end)
    started.on("exit", () => end())
    started.unref()
    return started
  }

  return {
    prove(body, bytes) {
      worker ??= start()
      lastId += 1
      const id = lastId
      // Copies, which the slice() of a Buffer is not: what is handed over is gone here.
      const question = { id, body: new Uint8Array(body), bytes: new Uint8Array(bytes) }
      return new Promise((resolve, reject) => {
        asked.set(id, { resolve, reject })
        worker?.postMessage(question, [question.body.buffer, question.bytes.buffer])
      })
    },
    async close() {
      await worker?.terminate()
    },
  }
}
