// Hands checks over ready-made digests to threads of their own. What arrives in one turn of the event
// loop goes over in few messages: waking a thread costs more than handing over a check.
import { availableParallelism } from "node:os"
import { Worker } from "node:worker_threads"
import { Trouble } from "../../core/base/errors.ts"
import {
  canPack,
  type DigestCheck,
  type DigestThreadData,
  type FromDigestThread,
  packChecks,
} from "./digest-message.ts"
import { workerFile } from "./worker-file.ts"

export type DigestThreads = Awaited<ReturnType<typeof startDigestThreads>>

interface Asked {
  readonly check: DigestCheck
  readonly resolve: (holds: boolean) => void
  readonly reject: (reason: unknown) => void
}

/** Checks in one message: enough to forget what it costs, few enough for a thread to begin early. */
const MOST_IN_MESSAGE = 64

/** A thread only makes short-lived views; by default it would take three times as much. */
const YOUNG_GENERATION_MB = 16

async function startThread(data: DigestThreadData, onBroken: (reason: Trouble) => void) {
  const worker = new Worker(workerFile("engines/digest-worker"), {
    workerData: data,
    resourceLimits: { maxYoungGenerationSizeMb: YOUNG_GENERATION_MB },
  })
  const posted: (readonly Asked[])[] = []
  let load = 0
  let broken: Trouble | undefined
  let isServing = false

  const ready = new Promise<void>((resolve, reject) => {
    const fail = (reason: string, cause?: unknown): void => {
      broken = new Trouble("busy", `signature verification: ${reason}`, { cause })
      reject(broken)
      if (isServing) onBroken(broken)
      isServing = false
      for (const { reject: rejectCheck } of posted.splice(0).flat()) rejectCheck(broken)
    }
    worker.on("message", (message: FromDigestThread) => {
      if (message.type === "ready") resolve()
      else if (message.type === "unusable") fail(message.reason)
      else settle(message.holds)
    })
    worker.on("error", (error) => fail("a thread failed", error))
    worker.on("exit", () => fail("a thread has ended"))
  })

  function settle(holds: Uint8Array): void {
    const batch = posted.shift() ?? []
    load -= batch.length
    batch.forEach(({ resolve }, i) => {
      resolve(holds[i] === 1)
    })
  }

  try {
    await ready
  } catch (reason) {
    await worker.terminate()
    throw reason
  }
  isServing = true
  return {
    /** Checks that were posted and not answered. */
    load: () => load,
    post(batch: readonly Asked[]): void {
      if (broken !== undefined) {
        for (const { reject } of batch) reject(broken)
        return
      }
      posted.push(batch)
      load += batch.length
      const packed = packChecks(batch.map(({ check }) => check))
      worker.postMessage(packed, [packed.buffer])
    },
    async end(): Promise<void> {
      isServing = false
      await worker.terminate()
    },
  }
}

/** How many there are: one core is left to the event loop. */
export function digestThreads(): number {
  return Math.max(1, availableParallelism() - 1)
}

/**
 * Starts the threads. Throws trouble where the OpenSSL of the process cannot be called. `onBroken` is told
 * when a thread ends by itself later: from then on its checks are rejected.
 */
export async function startDigestThreads(
  data: DigestThreadData,
  onBroken: (reason: Trouble) => void,
) {
  const starting = Array.from({ length: digestThreads() }, () => startThread(data, onBroken))
  const started = await Promise.allSettled(starting)
  const threads = started.flatMap((each) => (each.status === "fulfilled" ? [each.value] : []))
  const failed = started.find((each) => each.status === "rejected")
  if (failed !== undefined) {
    await Promise.all(threads.map((thread) => thread.end()))
    throw failed.reason
  }
  let gathered: Asked[] = []

  function hand(): void {
    if (gathered.length === 0) return
    const leastLoaded = threads.reduce((least, each) => (each.load() < least.load() ? each : least))
    leastLoaded.post(gathered)
    gathered = []
  }

  return {
    verify(check: DigestCheck): Promise<boolean> {
      if (!canPack(check)) return Promise.resolve(false)
      return new Promise((resolve, reject) => {
        if (gathered.length === 0) setImmediate(hand)
        gathered.push({ check, resolve, reject })
        if (gathered.length === MOST_IN_MESSAGE) hand()
      })
    },
    /** Ends the threads; what they were asked must be answered. */
    async close(): Promise<void> {
      await Promise.all(threads.map((thread) => thread.end()))
    },
  }
}
