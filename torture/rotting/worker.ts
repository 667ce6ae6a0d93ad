// A thread in which places are asked; it says that it lives for as long as the program in it lets it.
import { parentPort, workerData } from "node:worker_threads"
import { failure } from "./answers.ts"
import { doJob, type Job } from "./jobs.ts"
import { loadRotting } from "./program.ts"

const BEAT_MS = 500

const program = loadRotting(workerData as string)
setInterval(() => parentPort?.postMessage("alive"), BEAT_MS).unref()
parentPort?.on("message", (job: Job) => {
  void program
    .then((loaded) => doJob(loaded, job))
    .catch((reason: unknown) => new Map([["start", failure(reason)]]))
    .then((answers) => parentPort?.postMessage(answers))
})
