// Measures a server while it is attacked, on a thread of its own: the attack's work is not to count as the server's
// slowness. Asks after its health and as an honest client, and reads its memory.
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads"
import { residentBytes } from "../stand/processes.ts"
import { type Asked, ask, type Question, type Questions } from "./question.ts"

export interface Latencies {
  readonly asked: number
  /** Without an answer, or answered with 429, 500 or more. */
  readonly failed: number
  /** Milliseconds. */
  readonly p50: number
  readonly p99: number
  readonly most: number
}

export interface Measured {
  readonly health: Latencies
  readonly honest: Latencies
  readonly peak: number | undefined
}

interface Job {
  readonly pid: number
  readonly port: number
  readonly questions: Questions
}

const BETWEEN_QUESTIONS_MS = 50
const BETWEEN_SAMPLES_MS = 20

function latencies(all: readonly Asked[]): Latencies {
  const sorted = all.map(({ milliseconds }) => milliseconds).sort((a, b) => a - b)
  const at = (share: number) => sorted[Math.floor(share * (sorted.length - 1))] ?? 0
  const failed = all.filter(({ status = 500 }) => status === 429 || status >= 500).length
  return { asked: all.length, failed, p50: at(0.5), p99: at(0.99), most: at(1) }
}

function measureHere({ pid, port, questions }: Job): void {
  let isOver = false
  let peak: number | undefined
  const sampling = setInterval(() => {
    const now = residentBytes(pid)
    if (now === undefined || now <= (peak ?? 0)) return
    peak = now
    parentPort?.postMessage({ peak })
  }, BETWEEN_SAMPLES_MS)

  async function repeat(question: Question): Promise<Latencies> {
    const all: Asked[] = []
    while (!isOver) {
      all.push(await ask(port, question))
      await new Promise((resolve) => setTimeout(resolve, BETWEEN_QUESTIONS_MS))
    }
    return latencies(all)
  }

  const asking = Promise.all([repeat(questions.health), repeat(questions.honest)])
  parentPort?.once("message", async () => {
    isOver = true
    const [health, honest] = await asking
    clearInterval(sampling)
    parentPort?.postMessage({ measured: { health, honest, peak } satisfies Measured })
  })
}

interface Measuring {
  /** Ends the measuring. */
  end(): Promise<Measured>
}

/** Begins to measure; `onPeak` is told of each higher count of bytes. */
export function measure(job: Job, onPeak: (bytes: number) => void): Measuring {
  const worker = new Worker(new URL(import.meta.url), { workerData: job })
  const over = new Promise<Measured>((resolve, reject) => {
    worker.once("error", reject)
    worker.on("message", (told: { readonly peak?: number; readonly measured?: Measured }) => {
      if (told.peak !== undefined) onPeak(told.peak)
      if (told.measured !== undefined) resolve(told.measured)
    })
  })
  return {
    async end() {
      worker.postMessage("end")
      const measured = await over
      await worker.terminate()
      return measured
    },
  }
}

if (!isMainThread) measureHere(workerData as Job)
