// Runs the load generator for one phase and waits for its figures.
import { fileURLToPath } from "node:url"
import { pin, type Split, startNode } from "../served/processes.ts"

export interface LoadJob {
  readonly port: number
  readonly connections: number
  /** Files of requests, sent in order. */
  readonly requests: readonly string[]
  /** Each connection has a file of its own, and only its requests wait for each other. */
  readonly oneFileEach?: boolean
  /** Begins anew after the last request; else the phase ends there. */
  readonly again: boolean
  /** Seconds before anything is timed. */
  readonly warmUp: number
  readonly seconds: number
}

export interface LoadResult {
  /** Requests answered with 2xx, timed or not. */
  readonly accepted: number
  /** All other answers by status. */
  readonly refused: readonly (readonly [status: number, count: number])[]
  /** Requests answered within the timed seconds. */
  readonly timed: number
  readonly seconds: number
  /** The requests ran out before the time did. */
  readonly usedUp: boolean
  /** Milliseconds. */
  readonly p50: number
  readonly p99: number
  /** CPU time of the generator in microseconds. */
  readonly cpu: number
}

/** What a generator may take beyond its timed seconds: starting, and the slowest replies. */
const GRACE_SECONDS = 20

/** Rejects if a request was answered with anything but 2xx or a connection broke. */
export async function runLoad(job: LoadJob, split: Split): Promise<LoadResult> {
  const child = startNode([fileURLToPath(new URL("./generator.js", import.meta.url))], true)
  if (child.pid !== undefined) pin(child.pid, "generator", split)
  let complaint = ""
  child.stderr?.on("data", (chunk: Buffer) => {
    complaint += chunk.toString()
  })
  const limit = setTimeout(
    () => child.kill("SIGKILL"),
    (job.warmUp + job.seconds + GRACE_SECONDS) * 1_000,
  )
  try {
    const result = await new Promise<LoadResult>((resolve, reject) => {
      child.once("message", (message) => resolve(message as LoadResult))
      child.once("error", reject)
      child.once("exit", () => reject(new Error(`the load generator ended: ${complaint}`)))
      child.send(job)
    })
    assertAccepted(result)
    return result
  } finally {
    clearTimeout(limit)
  }
}

function assertAccepted({ refused, timed, usedUp }: LoadResult): void {
  if (refused.length > 0) {
    const found = refused.map(([status, count]) => `${count} times ${status}`).join(", ")
    throw new Error(`expected answers of 2xx only, found ${found}`)
  }
  if (timed === 0) {
    throw new Error(usedUp ? "the requests ran out before the timed phase" : "nothing was answered")
  }
}
