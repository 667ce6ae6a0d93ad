// Starts the search thread and speaks to it: searches go there and may overtake each other, what they found comes
// back, and in between how far the index has come.
import { Worker } from "node:worker_threads"
import { Trouble } from "../../../core/base/errors.ts"
import type { Indexed, LogSearch, SearchAsked, SearchFound } from "../../../log/ports/search.ts"
import type { SearchFiles } from "../search/files.ts"
import { fromPlainError, type PlainError } from "./plain-error.ts"

export interface AskedSearch {
  readonly type: "search"
  /** Comes back with the answer: searches overtake each other. */
  readonly id: number
  readonly asked: SearchAsked
}

export type ToSearch = AskedSearch | { readonly type: "close" }

export type FromSearch =
  | { readonly type: "found"; readonly id: number; readonly result: SearchFound }
  | { readonly type: "refused"; readonly id: number; readonly error: PlainError }
  | { readonly type: "indexed"; readonly indexed: Indexed }
  /** The index cannot go on; told once for each reason. */
  | { readonly type: "trouble"; readonly error: PlainError }
  | { readonly type: "closed" }

interface SearchThread extends LogSearch {
  /** Resolves when the index is closed; searches that are under way are refused. */
  close(): Promise<void>
}

interface Asked {
  readonly resolve: (result: SearchFound) => void
  readonly reject: (reason: unknown) => void
}

/** Room for a few steps; by default a thread would take more than it uses. */
const YOUNG_GENERATION_MB = 24

/** Starts at once; the index is opened while others go on. `onTrouble` is told why it cannot go on. */
export function startSearch(
  { database, search }: SearchFiles,
  onTrouble: (reason: unknown) => void,
): SearchThread {
  const worker = new Worker(new URL("./search-worker.js", import.meta.url), {
    workerData: { database, search },
    resourceLimits: { maxYoungGenerationSizeMb: YOUNG_GENERATION_MB },
  })
  const asked = new Map<number, Asked>()
  let lastId = 0
  let indexed: Indexed = { size: 0, opaque: 0, attachedUpTo: 0 }
  let ended: Error | undefined
  const exited = new Promise<void>((resolve) => worker.once("exit", () => resolve()))

  function end(reason: Error): void {
    ended ??= reason
    for (const { reject } of asked.values()) reject(ended)
    asked.clear()
  }

  function settle(id: number, work: (waiting: Asked) => void): void {
    const waiting = asked.get(id)
    asked.delete(id)
    if (waiting !== undefined) work(waiting)
  }

  worker.on("message", (message: FromSearch) => {
    if (message.type === "indexed") indexed = message.indexed
    else if (message.type === "trouble") onTrouble(fromPlainError(message.error))
    else if (message.type === "found") settle(message.id, (it) => it.resolve(message.result))
    else if (message.type === "refused") {
      settle(message.id, (it) => it.reject(fromPlainError(message.error)))
    }
  })
  worker.on("error", (cause) => {
    // The log itself goes on: the index is not what it lives by.
    onTrouble(cause)
    end(new Trouble("busy", "the search thread has ended; start the log again", { cause }))
  })
  worker.on("exit", () => end(new Trouble("busy", "the search thread has ended")))

  const say = (message: ToSearch): void => worker.postMessage(message)

  return {
    indexed: () => indexed,
    search({ query, ...others }) {
      if (ended !== undefined) return Promise.reject(ended)
      lastId += 1
      const id = lastId
      // Views of a larger buffer would take all of it along.
      const copied = query.map((group) => group.map((hash) => hash.slice()))
      return new Promise((resolve, reject) => {
        asked.set(id, { resolve, reject })
        say({ type: "search", id, asked: { ...others, query: copied } })
      })
    },
    async close() {
      if (ended === undefined) say({ type: "close" })
      await exited
    },
  }
}
