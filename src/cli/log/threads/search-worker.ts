// The search thread: the search index over its own database, following that of the log. Started by
// search-thread.ts as a worker. It looks every tenth of a second whether the log has grown, and at once for
// a search, so that the writer and the main thread have nothing to do for it.

import { setTimeout as after } from "node:timers/promises"
import { isDeepStrictEqual } from "node:util"
import { parentPort, workerData } from "node:worker_threads"
import { bug } from "../../../core/base/errors.ts"
import type { Indexed, LogSearch } from "../../../log/ports/search.ts"
import { createLogSearch } from "../../../log/search/answering.ts"
import { brokenIndex, type SearchIndex } from "../../../log/search/index.ts"
import { openLogReads, type StoredLog } from "../../../storage/log-engine.ts"
import { openIndex, type SearchFiles, withAdvice } from "../search/files.ts"
import { toPlainError } from "./plain-error.ts"
import type { AskedSearch, FromSearch, ToSearch } from "./search-thread.ts"

const port = parentPort ?? bug("the search thread runs as a worker only")
const files = workerData as SearchFiles

const LOOK_EVERY_MS = 100
const AFTER_TROUBLE_MS = 5_000
/** How long a search waits for the newest head before it answers with what there is. */
const PATIENCE_MS = 5_000
/** Entries after which the main thread is told how far it came. */
const TOLD_EVERY = 8_192

function say(message: FromSearch): void {
  port.postMessage(message)
}

let told: string | undefined
let toldIndexed: Indexed | undefined

function tellIndexed(index: SearchIndex): void {
  const indexed = index.indexed()
  if (isDeepStrictEqual(indexed, toldIndexed)) return
  toldIndexed = indexed
  say({ type: "indexed", indexed })
}

function tellTrouble(reason: unknown): void {
  const error = toPlainError(withAdvice(reason))
  if (error.message === told) return
  told = error.message
  say({ type: "trouble", error })
}

async function answer(search: LogSearch, { id, asked }: AskedSearch): Promise<void> {
  try {
    say({ type: "found", id, result: await search.search(asked) })
  } catch (reason) {
    say({ type: "refused", id, error: toPlainError(withAdvice(reason)) })
  }
}

/** Goes on until it is stopped; gives how long to wait before it looks again. */
async function lookOnce(index: SearchIndex, reads: StoredLog): Promise<number> {
  try {
    const { size } = await reads.head()
    while (index.size() < size) {
      await index.follow(Math.min(size, index.size() + TOLD_EVERY))
      tellIndexed(index)
    }
    await index.learn()
    tellIndexed(index)
    told = undefined
    return LOOK_EVERY_MS
  } catch (reason) {
    tellTrouble(reason)
    return AFTER_TROUBLE_MS
  }
}

async function follow(
  index: SearchIndex,
  reads: StoredLog,
  { signal }: AbortController,
): Promise<void> {
  tellIndexed(index)
  while (!signal.aborted) {
    const wait = await lookOnce(index, reads)
    await after(wait, undefined, { signal }).catch(() => {})
  }
}

async function run(): Promise<void> {
  const reads = openLogReads(files.database)
  const opened = await openIndex(files.search, reads).catch((reason: unknown) => {
    tellTrouble(reason)
    return { index: brokenIndex(reason), close: async () => {} }
  })
  const { index } = opened
  const patience = () => after(PATIENCE_MS, undefined, { ref: false })
  const search = createLogSearch(index, patience, tellTrouble)
  const stop = new AbortController()
  const following = follow(index, reads, stop)
  port.on("message", (message: ToSearch) => {
    if (message.type === "search") void answer(search, message)
    else void close()
  })

  async function close(): Promise<void> {
    stop.abort()
    await index.stop()
    await following
    await opened.close()
    await reads.close()
    port.close()
  }
}

void run()
