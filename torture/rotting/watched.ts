// Asks places in a thread and watches it: a program that never lets its thread go on, or never answers, is ended and
// named. Where the thread's file is not built, places are asked here, unwatched.
import { existsSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { Worker } from "node:worker_threads"
import { type Answers, RAW } from "./answers.ts"
import { doJob, type Job } from "./jobs.ts"
import { loadRotting } from "./program.ts"

/** How long a thread may say nothing: machines may be busy. */
const SILENT_MS = 120_000
/** How long one state of a place may take. */
const ANSWER_MS = 600_000
const LOOK_MS = 1_000

const workerFile = new URL("./worker.js", import.meta.url)

export interface Watched {
  ask(job: Job): Promise<Answers>
  close(): Promise<void>
}

function ended(why: string): Answers {
  return new Map([["start", `${RAW}${why}`]])
}

/** Puts one job to a thread and waits for its answers, or for what becomes of the thread instead. */
function askThread(worker: Worker, job: Job): Promise<{ answers: Answers; isAlive: boolean }> {
  return new Promise((resolve) => {
    const from = performance.now()
    let lastSign = from
    const looking = setInterval(look, LOOK_MS)
    function settle(answers: Answers, isAlive: boolean): void {
      clearInterval(looking)
      worker.off("message", hear).off("error", fail).off("exit", end)
      resolve({ answers, isAlive })
    }
    function look(): void {
      const now = performance.now()
      if (now - lastSign > SILENT_MS) settle(ended("the program hangs"), false)
      else if (now - from > ANSWER_MS) settle(ended("the program never answers"), false)
    }
    function hear(message: "alive" | Answers): void {
      lastSign = performance.now()
      if (message !== "alive") settle(message, true)
    }
    function fail(reason: unknown): void {
      settle(ended(`the program threw ${String(reason)}`), false)
    }
    function end(code: number): void {
      settle(ended(`the program ended with ${code}`), false)
    }
    worker.on("message", hear).on("error", fail).on("exit", end)
    worker.postMessage(job)
  })
}

export async function createWatched(program: string): Promise<Watched> {
  if (!existsSync(fileURLToPath(workerFile))) {
    const loaded = await loadRotting(program)
    return { ask: (job) => doJob(loaded, job), close: async () => {} }
  }
  let worker: Worker | undefined
  async function close(): Promise<void> {
    await worker?.terminate()
    worker = undefined
  }
  return {
    close,
    async ask(job) {
      worker ??= new Worker(workerFile, { workerData: program })
      const { answers, isAlive } = await askThread(worker, job)
      if (!isAlive) await close()
      return answers
    },
  }
}
