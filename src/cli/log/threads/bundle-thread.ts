// Reads long entry bundles in a thread of their own: one of 16 MB takes SQLite ten milliseconds, in which the event loop
// would stand still. One at a time; the thread starts with the first. Leaves out what is in them.
import { Worker } from "node:worker_threads"
import { Trouble } from "../../../core/base/errors.ts"
import type { StoredLog } from "../../../storage/log-engine.ts"
import { fromPlainError, type PlainError } from "./plain-error.ts"

export type FromBundles =
  | { readonly bytes: Uint8Array | undefined }
  | { readonly error: PlainError }

type ReadBundle = StoredLog["bundle"]

/** A worker, or what stands for one. */
interface BundleWorker {
  post(index: number): void
  end(): Promise<unknown>
}

interface WorkerEvents {
  onAnswer(answer: FromBundles): void
  /** It has ended by itself. */
  onEnd(cause?: unknown): void
}

interface BundleThread {
  /** As `StoredLog.bundle`. Bytes that several ask for at once are the same. */
  readonly read: ReadBundle
  close(): Promise<void>
}

/** Bytes from which on a bundle is read there: handing less over costs more than it saves. */
const LONG = 1024 * 1024

const YOUNG_GENERATION_MB = 4

interface Asked {
  readonly index: number
  readonly resolve: (bytes: Uint8Array | undefined) => void
  readonly reject: (reason: unknown) => void
}

function startWorker(database: string, { onAnswer, onEnd }: WorkerEvents): BundleWorker {
  const worker = new Worker(new URL("./bundle-worker.js", import.meta.url), {
    workerData: database,
    resourceLimits: { maxYoungGenerationSizeMb: YOUNG_GENERATION_MB },
  })
  worker.on("message", onAnswer)
  worker.on("error", onEnd)
  worker.on("exit", () => onEnd())
  worker.unref()
  return { post: (index) => worker.postMessage(index), end: () => worker.terminate() }
}

/** `reads` reads what is short, and says what is. A thread that has ended is started again by the next long bundle. */
export function createBundleThread(
  database: string,
  reads: Pick<StoredLog, "bundle" | "bundleLength">,
  start = (events: WorkerEvents) => startWorker(database, events),
): BundleThread {
  const underWay = new Map<number, Promise<Uint8Array | undefined>>()
  const waiting: Asked[] = []
  let current: Asked | undefined
  let worker: BundleWorker | undefined

  function settle(work: (asked: Asked) => void): void {
    const asked = current
    current = undefined
    if (asked !== undefined) {
      underWay.delete(asked.index)
      work(asked)
    }
    next()
  }

  function started(): BundleWorker {
    const own: BundleWorker = start({
      onAnswer: (answer) =>
        settle(({ resolve, reject }) => {
          if ("error" in answer) reject(fromPlainError(answer.error))
          else resolve(answer.bytes)
        }),
      onEnd(cause) {
        // Told twice of a thread that has failed.
        if (worker !== own) return
        worker = undefined
        const reason = new Trouble("busy", "the thread that reads bundles has ended", { cause })
        settle(({ reject }) => reject(reason))
      },
    })
    return own
  }

  function next(): void {
    current = waiting.shift()
    if (current === undefined) return
    worker ??= started()
    worker.post(current.index)
  }

  function readElsewhere(index: number): Promise<Uint8Array | undefined> {
    const known = underWay.get(index)
    if (known !== undefined) return known
    const reading = new Promise<Uint8Array | undefined>((resolve, reject) => {
      waiting.push({ index, resolve, reject })
    })
    underWay.set(index, reading)
    if (current === undefined) next()
    return reading
  }

  return {
    async read(index) {
      const length = await reads.bundleLength(index)
      const isShort = length === undefined || length < LONG
      return await (isShort ? reads.bundle(index) : readElsewhere(index))
    },
    async close() {
      await worker?.end()
    },
  }
}
