// The load generator, a process of its own: a closed loop over a number of connections. It gets one job
// from its parent, answers with what it counted, and ends.
import { createHistogram } from "node:perf_hooks"
import { startLoop } from "./connection.ts"
import type { LoadJob, LoadResult } from "./load.ts"
import { readRequests } from "./request-file.ts"

const US = 1_000

function run(job: LoadJob, finish: (result: LoadResult) => void): void {
  const shared = job.oneFileEach === true ? undefined : readRequests(job.requests, job.again)
  const latencies = createHistogram({ figures: 3 })
  const refused = new Map<number, number>()
  const start = performance.now()
  const timedFrom = start + job.warmUp * 1_000
  let timedTo = timedFrom + job.seconds * 1_000
  let accepted = 0
  let open = job.connections
  let usedUp = false

  function next(read: () => Buffer | undefined): Buffer | undefined {
    if (performance.now() >= timedTo || refused.size > 0) return undefined
    const request = read()
    if (request === undefined && !usedUp) {
      usedUp = true
      timedTo = performance.now()
    }
    return request
  }

  function replied(status: number, sent: number): void {
    if (status < 200 || status > 299) {
      refused.set(status, (refused.get(status) ?? 0) + 1)
      return
    }
    accepted += 1
    const now = performance.now()
    if (now < timedFrom || now > timedTo) return
    latencies.record(Math.max(1, Math.round((now - sent) * US)))
  }

  function ended(): void {
    open -= 1
    if (open > 0) return
    const { user, system } = process.cpuUsage()
    finish({
      accepted,
      refused: [...refused],
      timed: latencies.count,
      seconds: (timedTo - timedFrom) / 1_000,
      usedUp,
      p50: latencies.percentile(50) / US,
      p99: latencies.percentile(99) / US,
      cpu: user + system,
    })
  }

  const failed = (reason: Error): void => {
    process.stderr.write(`${reason.message}\n`)
    process.exit(1)
  }
  for (let i = 0; i < job.connections; i++) {
    const read = shared ?? readRequests(job.requests.slice(i, i + 1), job.again)
    startLoop({ ...job, next: () => next(read), replied, ended, failed })
  }
}

// Also the way to end when the parent is gone.
process.once("disconnect", () => process.exit(0))
process.once("message", (job: LoadJob) => {
  run(job, (result) => {
    process.send?.(result, () => process.disconnect())
  })
})
