// The thread that reads large requests, from the outside: submissions, retrievals and kept envelopes of megabytes, for
// which the event loop would stand still. It starts when there is something to read, again when it has ended, and
// ends when it has been idle; who takes absurdly long is refused, and the thread with it. Senders take turns, and what
// waits is bounded in bytes.
import { Worker } from "node:worker_threads"
import { bug, Refusal } from "../../../core/base/errors.ts"
import { createLane } from "../../../crypto/engines/fair-queue.ts"
import type { HeldProposal, LargeRequests } from "../../../http/door/large.ts"
import type { LargeReaderOptions } from "../../../http/log/large-reader.ts"
import {
  type FromReader,
  fromPlainReadingError,
  type PlainProposal,
  type ReadingAnswer,
  type ReadingAnswers,
  type ReadingTask,
  type ToReader,
} from "./reading-message.ts"

/** A worker, or what stands for one. */
export interface ReadingWorker {
  post(asked: ToReader, transfer: readonly ArrayBuffer[]): void
  /** Nothing is told any more. */
  end(): void
}

interface WorkerEvents {
  onAnswer(answer: FromReader): void
  /** It has ended by itself. */
  onEnd(cause?: unknown): void
}

export interface ReadingThreadOptions {
  /** Bytes from which on a request is read here; what is smaller takes some milliseconds where it is. */
  readonly from: number
  /** Bytes of all that waits or is under way, and of the part of one sender. */
  readonly mostBytes: number
  readonly mostBytesOfOne: number
  /** Requests that are under way at once; proposals are, until their signatures are verified. */
  readonly atOnce: number
  /** Milliseconds for one question; a good one takes some hundred. */
  readonly patience: number
  /** Milliseconds without a question after which the thread ends. */
  readonly idle: number
  readonly start: (events: WorkerEvents) => ReadingWorker
}

const MEBIBYTE = 1024 * 1024
/** A heap in which the oddest submission of the default length fits several times. */
const HEAP_MB = 512
const YOUNG_GENERATION_MB = 32

function startWorker(options: LargeReaderOptions, { onAnswer, onEnd }: WorkerEvents) {
  const worker = new Worker(new URL("./reading-worker.js", import.meta.url), {
    workerData: options,
    resourceLimits: {
      maxOldGenerationSizeMb: HEAP_MB,
      maxYoungGenerationSizeMb: YOUNG_GENERATION_MB,
    },
  })
  worker.on("message", onAnswer)
  worker.on("error", onEnd)
  worker.on("exit", () => onEnd())
  worker.unref()
  return {
    post: (asked: ToReader, transfer: readonly ArrayBuffer[]) =>
      worker.postMessage(asked, [...transfer]),
    end: () => void worker.terminate(),
  }
}

/** What a server has. */
export function readingThreadOptions(reader: LargeReaderOptions): ReadingThreadOptions {
  return {
    from: 32_768,
    mostBytes: 64 * MEBIBYTE,
    mostBytesOfOne: 32 * MEBIBYTE,
    atOnce: 3,
    patience: 20_000,
    idle: 60_000,
    start: (events) => startWorker(reader, events),
  }
}

interface Asked {
  readonly resolve: (answer: ReadingAnswer) => void
  readonly reject: (reason: unknown) => void
}

type Ask = <Type extends ReadingTask["type"]>(
  task: Extract<ReadingTask, { readonly type: Type }>,
  transfer?: readonly ArrayBuffer[],
) => Promise<ReadingAnswers[Type]>

/** One life of the thread. */
interface Life {
  readonly ask: Ask
  drop(of: number): void
  lastId(): number
  end(reason: Refusal): void
}

function endedRefusal(cause?: unknown): Refusal {
  const what = "the thread that reads large requests has ended; try again in a second"
  return new Refusal("try-later", what, { cause })
}

function startLife({ start, patience }: ReadingThreadOptions, onEnd: () => void): Life {
  const asked = new Map<number, Asked>()
  let lastId = 0
  let ended: Refusal | undefined

  function end(reason: Refusal): void {
    if (ended !== undefined) return
    ended = reason
    onEnd()
    for (const { reject } of asked.values()) reject(reason)
    asked.clear()
    worker.end()
  }

  const worker = start({
    onAnswer(answer) {
      const waiting = asked.get(answer.id)
      asked.delete(answer.id)
      if ("error" in answer) waiting?.reject(fromPlainReadingError(answer.error))
      else waiting?.resolve(answer.answer)
    },
    onEnd: (cause) => end(endedRefusal(cause)),
  })

  /** Nobody gets to ask the same again and again. */
  function giveUp(id: number): void {
    const waiting = asked.get(id)
    if (waiting === undefined) return
    asked.delete(id)
    const seconds = patience / 1000
    waiting.reject(
      new Refusal("too-large", `body: expected one that is read in ${seconds} s, found another`),
    )
    end(endedRefusal())
  }

  const ask: Ask = (task, transfer = []) => {
    if (ended !== undefined) return Promise.reject(ended)
    lastId += 1
    const id = lastId
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => giveUp(id), patience)
      timer.unref()
      const settle = <T>(use: (value: T) => void) => {
        return (value: T): void => {
          clearTimeout(timer)
          use(value)
        }
      }
      asked.set(id, { resolve: settle(resolve as Asked["resolve"]), reject: settle(reject) })
      worker.post({ ...task, id }, transfer)
    })
  }

  return {
    ask,
    drop(of) {
      if (ended !== undefined) return
      lastId += 1
      worker.post({ type: "drop", of, id: lastId }, [])
    },
    lastId: () => lastId,
    end,
  }
}

/** Bytes that can be handed over: their own buffer, or a copy of a part of a larger one. */
function handedOver(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const { buffer, byteLength } = bytes
  const isWhole = buffer instanceof ArrayBuffer && buffer.byteLength === byteLength
  return isWhole ? new Uint8Array(buffer) : new Uint8Array(bytes)
}

export interface ReadingThread extends LargeRequests {
  close(): void
}

export function createReadingThread(options: ReadingThreadOptions): ReadingThread {
  const { mostBytes: most, mostBytesOfOne: mostOfOne, atOnce } = options
  const lane = createLane({ most, mostOfOne, atOnce, what: "large requests" })
  let life: Life | undefined
  let idling: NodeJS.Timeout | undefined
  let underWay = 0

  function living(): Life {
    life ??= startLife(options, () => {
      life = undefined
    })
    return life
  }

  function leave(): void {
    underWay -= 1
    if (underWay > 0) return
    clearTimeout(idling)
    idling = setTimeout(() => life?.end(endedRefusal()), options.idle)
    idling.unref()
  }

  /** In its turn. */
  function inLane<T>(bytes: number, by: string, task: () => Promise<T>): Promise<T> {
    return lane(bytes, by, async () => {
      underWay += 1
      clearTimeout(idling)
      try {
        return await task()
      } finally {
        leave()
      }
    })
  }

  /** A proposal has its place until it is released. */
  function heldProposal(
    { hasEnvelope, ...plain }: PlainProposal,
    own: Life,
    of: number,
    leavePlace: () => void,
  ): HeldProposal {
    let isGone = false
    const proposal = {
      ...plain,
      body: () => bug("a proposal that is held elsewhere is settled there"),
      ...(hasEnvelope && { envelope: () => bug("the envelope is made where the body is") }),
      settle(held: readonly number[]) {
        isGone = true
        return own.ask({ type: "settle", of, held })
      },
      release() {
        if (!isGone) own.drop(of)
        isGone = true
        leavePlace()
      },
    }
    return proposal
  }

  async function proposeInTurn(
    task: Extract<ReadingTask, { readonly type: "propose" }>,
    transfer: readonly ArrayBuffer[],
    take: (proposal: HeldProposal) => void,
  ): Promise<void> {
    const own = living()
    const asking = own.ask(task, transfer)
    const of = own.lastId()
    const plain = await asking
    await new Promise<void>((leavePlace) => take(heldProposal(plain, own, of, leavePlace)))
  }

  return {
    from: options.from,
    propose(door, bytes, by) {
      return new Promise((resolve, reject) => {
        inLane(bytes.length, by, () => {
          const own = handedOver(bytes)
          return proposeInTurn({ type: "propose", door, bytes: own }, [own.buffer], resolve)
        }).catch(reject)
      })
    },
    planRetrieval: (bytes, by) =>
      inLane(bytes.length, by, () => {
        const own = handedOver(bytes)
        return living().ask({ type: "retrieve", bytes: own }, [own.buffer])
      }),
    openAttestation: (envelope, withGlance, by) =>
      inLane(envelope.length, by, () => living().ask({ type: "open", envelope, withGlance })),
    bundle: (logged, key, envelope, by) =>
      inLane(envelope.length, by, () => living().ask({ type: "bundle", logged, key, envelope })),
    close() {
      clearTimeout(idling)
      life?.end(endedRefusal())
    },
  }
}
