// The simulator: the program's sequencer, pool, log, publisher and the judgement of its witnesses live through whole
// histories of faults, each drawn from one seed, over a disk, a guard, keys, clocks and witnesses that are made up. A
// seed that breaks something breaks it again: `simulator --seed N --times 1`.
import { existsSync } from "node:fs"
import { availableParallelism } from "node:os"
import { fileURLToPath } from "node:url"
import { Worker } from "node:worker_threads"
import type { FaultRun, Harness } from "../fault.ts"
import { added, liveMany, nothing, type Range, type Tally } from "../simulating/many.ts"

/** As many lives as a thread is given at once. */
const AT_ONCE = 500
const workerFile = new URL("../simulating/worker.js", import.meta.url)

function liveInThread(range: Range): Promise<Tally> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(workerFile, { workerData: range })
    worker.once("message", (tally: Tally) => {
      resolve(tally)
      void worker.terminate()
    })
    worker.once("error", reject)
    worker.once("exit", (code) => reject(new Error(`a thread ended with ${code}`)))
  })
}

async function liveInThreads({ program, seed, times, progress }: FaultRun): Promise<Tally> {
  let next = seed
  let tally = nothing
  const end = seed + times
  async function work(): Promise<void> {
    while (next < end && tally.found.length === 0) {
      const first = next
      next = Math.min(end, next + AT_ONCE * 4)
      tally = added(tally, await liveInThread({ program, first, end: next }))
      if (Math.floor(tally.lives / 20_000) > Math.floor((tally.lives - AT_ONCE * 4) / 20_000)) {
        progress(`${tally.lives} lives, ${tally.acknowledged} entries acknowledged`)
      }
    }
  }
  await Promise.all(Array.from({ length: Math.min(2, availableParallelism()) }, work))
  return tally
}

async function run(given: FaultRun) {
  const { program, seed, times } = given
  const isThreaded = times > AT_ONCE && existsSync(fileURLToPath(workerFile))
  const tally = isThreaded
    ? await liveInThreads(given)
    : await liveMany({ program, first: seed, end: seed + times })
  const { found, lives, ...figures } = tally
  const broken = found.map(
    ({ seed: own, what }) => `${what} (simulator --seed ${own} --times 1; life ${own - seed + 1})`,
  )
  const checked =
    "no two trees signed, acknowledged entries and messages kept, nothing signed in doubt, recovered by itself"
  return [{ fault: "lives", times: lives, checked, broken, figures }]
}

export const harness: Harness = { name: "simulator", counts: "lives", times: 100_000, run }
