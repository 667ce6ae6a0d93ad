// A thread that lives through a range of seeds.
import { parentPort, workerData } from "node:worker_threads"
import { liveMany, type Range } from "./many.ts"

parentPort?.postMessage(await liveMany(workerData as Range))
