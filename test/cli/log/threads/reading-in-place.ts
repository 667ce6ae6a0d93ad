// The thread that reads large requests, without a thread: what goes to it and comes back is copied as between threads.

import { createReadingDesk } from "../../../../src/cli/log/threads/reading-desk.ts"
import type { FromReader, ToReader } from "../../../../src/cli/log/threads/reading-message.ts"
import {
  createReadingThread,
  type ReadingThread,
  type ReadingThreadOptions,
} from "../../../../src/cli/log/threads/reading-thread.ts"
import { createLargeReader, type LargeReader } from "../../../../src/http/log/large-reader.ts"

export interface ReadingInPlace extends ReadingThread {
  /** The types of what it was asked. */
  readonly asked: readonly ToReader["type"][]
  /** How often it has started. */
  readonly lives: () => number
}

interface InPlaceOptions extends Partial<ReadingThreadOptions> {
  /** Answers in place of the desk; nothing for no answer ever. */
  readonly answer?: (asked: ToReader, end: (cause?: unknown) => void) => FromReader | undefined
}

/** Loading the contract takes longest. */
let shared: LargeReader | undefined

const MEBIBYTE = 1024 * 1024

export function readInPlace(options: InPlaceOptions = {}): ReadingInPlace {
  const { answer, ...others } = options
  const asked: ToReader["type"][] = []
  let lives = 0
  const thread = createReadingThread({
    ...{ from: 1_000, mostBytes: 64 * MEBIBYTE, mostBytesOfOne: 32 * MEBIBYTE, atOnce: 3 },
    ...{ patience: 20_000, idle: 60_000 },
    start({ onAnswer, onEnd }) {
      lives += 1
      let isOver = false
      shared ??= createLargeReader({ requestLimit: 4 * MEBIBYTE })
      const desk = createReadingDesk(shared)
      return {
        post(message, transfer) {
          const copied = structuredClone(message, { transfer: [...transfer] })
          asked.push(copied.type)
          setImmediate(() => {
            const found = answer === undefined ? desk(copied) : answer(copied, onEnd)
            if (found !== undefined && !isOver) onAnswer(structuredClone(found))
          })
        },
        end() {
          isOver = true
        },
      }
    },
    ...others,
  })
  return { ...thread, asked, lives: () => lives }
}
