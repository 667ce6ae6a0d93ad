// Damaged inputs for every parser of what strangers send or files hold, guided by what code they reach: each gives a value
// or a refusal, and comes back.
import { Worker } from "node:worker_threads"
import type { FaultResult, FaultRun, Harness } from "../fault.ts"
import { HEADER, type Parsed, type ParsingWork } from "../parsing/parse.ts"

const SHARED_BYTES = 65_536
const HANG_MS = 10_000

interface Said {
  readonly at?: string
  readonly parsed?: Parsed
}

function resultOf({ name, times, values, refusals, kept, blocks, broken }: Parsed): FaultResult {
  const figures = { values, refusals, kept, blocks }
  return { fault: name, times, checked: "a value or a refusal", broken, figures }
}

/** Runs all parsers in one thread; one that does not come back ends it. */
function runWorker(run: FaultRun): Promise<readonly FaultResult[]> {
  const shared = new SharedArrayBuffer(SHARED_BYTES)
  const { program, seed, times, only } = run
  const workerData: ParsingWork = { program, seed, times, only, shared }
  const worker = new Worker(new URL("../parsing/worker.js", import.meta.url), { workerData })
  const results: FaultResult[] = []
  const counters = new Int32Array(shared, 0, 2)
  let at = ""
  let last = -1
  return new Promise((resolve, reject) => {
    const watch = setInterval(() => {
      const count = Atomics.load(counters, 0)
      if (count !== last || at === "") {
        last = count
        return
      }
      const input = Buffer.from(
        shared.slice(HEADER, HEADER + Math.min(counters[1] as number, 4_000)),
      )
      const broken = [`${at} does not come back for base64 ${input.toString("base64")}`]
      results.push({ fault: at, times: count, checked: "it comes back", broken })
      void worker.terminate()
    }, HANG_MS)
    worker.on("message", ({ at: name, parsed }: Said) => {
      if (name !== undefined) at = name
      if (parsed === undefined) return
      results.push(resultOf(parsed))
      run.progress(`${parsed.name}: ${parsed.kept} inputs kept`)
    })
    worker.once("error", reject)
    worker.once("exit", () => {
      clearInterval(watch)
      resolve(results)
    })
  })
}

export const harness: Harness = {
  name: "parsers",
  counts: "inputs for each parser",
  times: 100_000,
  run: runWorker,
}
