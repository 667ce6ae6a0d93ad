// Measures a server while it is attacked, in a process of its own: the attack's work is not to count as the server's
// slowness. Asks after its health and as honest clients, and reads its memory.
import { fork } from "node:child_process"
import { fileURLToPath } from "node:url"
import { residentBytes } from "../stand/processes.ts"
import { type Asked, ask, createSubmission, type Question, type Questions } from "./question.ts"

export interface Latencies {
  readonly asked: number
  /** Not answered with 200 to 299. */
  readonly failed: number
  /** Milliseconds. */
  readonly p50: number
  readonly p99: number
  readonly most: number
  /** How often each status was answered; 0 stands for no answer. */
  readonly statuses: Readonly<Record<number, number>>
}

export interface Measured {
  readonly health: Latencies
  readonly honest: Latencies
  /** Of submissions, to a log. */
  readonly writes?: Latencies
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
  const statuses: Record<number, number> = {}
  for (const { status = 0 } of all) statuses[status] = (statuses[status] ?? 0) + 1
  const failed = all.filter(({ status = 0 }) => status < 200 || status >= 300).length
  return { asked: all.length, failed, p50: at(0.5), p99: at(0.99), most: at(1), statuses }
}

/** Is told by the process that it works for, and ends with it. */
function measureHere({ pid, port, questions }: Job): void {
  let isOver = false
  let peak: number | undefined
  const sampling = setInterval(() => {
    const now = residentBytes(pid)
    if (now === undefined || now <= (peak ?? 0)) return
    peak = now
    process.send?.({ peak })
  }, BETWEEN_SAMPLES_MS)

  async function repeat(next: () => Question): Promise<Latencies> {
    const all: Asked[] = []
    while (!isOver) {
      all.push(await ask(port, next()))
      await new Promise((resolve) => setTimeout(resolve, BETWEEN_QUESTIONS_MS))
    }
    return latencies(all)
  }

  let turn = 0
  const probes = questions.health
  const asking = Promise.all([
    repeat(() => probes[turn++ % probes.length] as Question),
    repeat(() => questions.honest),
    questions.isLog ? repeat(createSubmission) : undefined,
  ])
  process.once("message", async () => {
    isOver = true
    const [health, honest, writes] = await asking
    clearInterval(sampling)
    const measured: Measured = { health, honest, ...(writes && { writes }), peak }
    process.send?.({ measured }, () => process.exit(0))
  })
}

interface Measuring {
  /** Ends the measuring. */
  end(): Promise<Measured>
}

/** Begins to measure; `onPeak` is told of each higher count of bytes. */
export function measure(job: Job, onPeak: (bytes: number) => void): Measuring {
  const process = fork(fileURLToPath(import.meta.url), [JSON.stringify(job)])
  const over = new Promise<Measured>((resolve, reject) => {
    process.once("error", reject)
    process.on("message", (told: { readonly peak?: number; readonly measured?: Measured }) => {
      if (told.peak !== undefined) onPeak(told.peak)
      if (told.measured !== undefined) resolve(told.measured)
    })
  })
  return {
    end() {
      process.send("end")
      return over
    },
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  process.once("disconnect", () => process.exit(1))
  measureHere(JSON.parse(process.argv[2] ?? "") as Job)
}
