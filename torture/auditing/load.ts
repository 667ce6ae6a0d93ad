// Writers that sign entries and submit them over POST /v1/entries and its batches, as openapi.yaml has it, with
// node:crypto and node:http alone; through refusals and restarts, until they are stopped.
import { setTimeout } from "node:timers/promises"
import { createDice } from "../dice.ts"
import { type Answer, createAsking } from "./asking.ts"
import { createEntries, type SignedEntry } from "./signing.ts"

export interface LoadAnswer {
  /** Of the entry itself, also in a batch; 0 for none: the connection ended, or there was no answer in time. */
  readonly status: number
  /** Parsed JSON: a receipt for 200 and 201, else a problem; undefined without an answer. */
  readonly answer: unknown
  readonly entry: SignedEntry
}

export interface LoadOptions {
  readonly url: string
  readonly writers: number
  onAnswer(answer: LoadAnswer): void
  /** What entries, sizes and duplicates are drawn from. */
  readonly seed?: number
  /** How long a writer rests after a refusal or a broken connection, before it tries the same again. */
  readonly restMs?: number
  /** Words after the path, such as `?witnessed=true`. */
  readonly query?: string
}

export interface Load {
  /** Lets nobody submit until {@link resume}; resolves when all that was under way is answered. */
  pause(): Promise<void>
  resume(): void
  /** Resolves when every writer has ended. */
  stop(): Promise<void>
}

const REST_MS = 200
const KEPT = 512
const LIMIT_MS = 20_000
const LONGEST_BATCH = 12

function linesOf({ status, body }: Answer, count: number): readonly unknown[] {
  if (status !== 200)
    return Array.from({ length: count }, () => ({ status, problem: String(body) }))
  return String(body)
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line))
}

function isKept(status: number): boolean {
  return status === 200 || status === 201
}

export function createLoad(options: LoadOptions): Load {
  const { url, writers, onAnswer, seed = 1, restMs = REST_MS, query = "" } = options
  const asking = createAsking(writers)
  const dice = createDice(seed)
  const entries = createEntries(dice)
  const sent: SignedEntry[] = []
  let isStopped = false
  let gate: Promise<void> | undefined
  let open = (): void => {}
  let underWay = 0
  let onIdle = (): void => {}

  /** Mostly a new entry; now and then one that was sent before. */
  function nextEntry(): SignedEntry {
    const again = sent.length > 0 && dice(24) === 0 ? sent[dice(sent.length)] : undefined
    const entry = again ?? entries.next()
    if (again === undefined) sent[sent.length < KEPT ? sent.length : dice(KEPT)] = entry
    return entry
  }

  async function submitOne(entry: SignedEntry): Promise<number> {
    const { status, body } = await asking.ask(`${url}/v1/entries${query}`, {
      ...{ method: "POST", type: "application/json", body: entry.request, limitMs: LIMIT_MS },
    })
    onAnswer({ status, answer: parsed(body), entry })
    return status
  }

  async function submitBatch(batch: readonly SignedEntry[]): Promise<number> {
    const answer = await asking.ask(`${url}/v1/entries/batch${query}`, {
      ...{ method: "POST", type: "application/x-ndjson", limitMs: LIMIT_MS },
      body: batch.map(({ request }) => `${request}\n`).join(""),
    })
    linesOf(answer, batch.length).forEach((line, i) => {
      const { status } = line as { readonly status: number }
      const entry = batch[i]
      if (entry !== undefined) onAnswer({ status, answer: line, entry })
    })
    return answer.status
  }

  function nextBatch(): readonly SignedEntry[] {
    const isBatch = dice(6) === 0
    return Array.from({ length: isBatch ? 2 + dice(LONGEST_BATCH) : 1 }, nextEntry)
  }

  async function submit(batch: readonly SignedEntry[]): Promise<number> {
    const [first] = batch
    try {
      return batch.length > 1 || first === undefined
        ? await submitBatch(batch)
        : await submitOne(first)
    } catch {
      for (const entry of batch) onAnswer({ status: 0, answer: undefined, entry })
      return 0
    }
  }

  async function write(): Promise<void> {
    let batch = nextBatch()
    while (!isStopped) {
      await gate
      if (isStopped) return
      underWay += 1
      const status = await submit(batch)
      underWay -= 1
      if (underWay === 0) onIdle()
      // What was not answered may have been logged: it is sent again, and must get its first index.
      if (isKept(status)) batch = nextBatch()
      else await setTimeout(restMs)
    }
  }

  const ended = Promise.all(Array.from({ length: writers }, write))
  return {
    async pause() {
      gate ??= new Promise((resolve) => {
        open = resolve
      })
      if (underWay === 0) return
      await new Promise<void>((resolve) => {
        onIdle = resolve
      })
    },
    resume() {
      gate = undefined
      open()
    },
    async stop() {
      isStopped = true
      gate = undefined
      open()
      await ended
      asking.close()
    },
  }
}

function parsed(body: Buffer): unknown {
  try {
    return JSON.parse(String(body))
  } catch {
    return String(body)
  }
}
