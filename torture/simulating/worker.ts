// A thread that lives through a range of seeds.
import { parentPort, workerData } from "node:worker_threads"
import { liveMany, type Range } from "./many.ts"

// Most errors here are refusals that nobody reads.
Error.stackTraceLimit = 0
parentPort?.postMessage(await liveMany(workerData as Range))
