// Rows H1 and H2: bodies that are begun and not ended. They cost little to send, and hold what others need.
import type { Attack, Stand, Wire } from "../attack.ts"

const MIB = 1024 * 1024
const HALF_SECOND = 500
/** Bodies that are begun again in each half second, or the attacker itself would have most to do. */
const MOST_BEGUN = 8

interface Slow {
  readonly path: string
  readonly type: string
  readonly length: number
  readonly count: number
}

/** Keeps so many bodies that lack their last byte; begins others for those that are refused or cut off. */
async function hold(stand: Stand, stop: AbortSignal, slow: Slow): Promise<void> {
  const { path, type, length, count } = slow
  const head = `POST ${path} HTTP/1.1\r\nhost: torture.example\r\ncontent-type: ${type}\r\ncontent-length: ${length}\r\n\r\n`
  const most = Buffer.alloc(length - 1, " ")
  const open = async (): Promise<Wire | undefined> => {
    const wire = await stand.open({ reads: true }).catch(() => undefined)
    wire?.write(head)
    wire?.write(most)
    return wire
  }
  let wires = await Promise.all(Array.from({ length: count }, open))
  while (!stop.aborted) {
    await stand.pause(HALF_SECOND)
    if (stop.aborted) return
    let begun = 0
    wires = await Promise.all(
      wires.map((wire) => {
        const isHeld = wire?.isOpen() === true && wire.received() === 0
        if (isHeld || begun === MOST_BEGUN) return wire
        begun += 1
        wire?.close()
        return open()
      }),
    )
  }
}

/** What honest clients of a log are told who submit meanwhile, on standard error. */
async function submitMeanwhile({ url, pause }: Stand, stop: AbortSignal): Promise<void> {
  const statuses = new Map<number, number>()
  let longest = 0
  await pause(2 * HALF_SECOND)
  while (!stop.aborted) {
    const start = performance.now()
    // It is refused for what it says, with 400, once there is room for it.
    const { status } = await fetch(`${url}/v1/entries`, {
      ...{ method: "POST", headers: { "content-type": "application/json" } },
      body: JSON.stringify({ padding: "x".repeat(500) }),
    })
    longest = Math.max(longest, performance.now() - start)
    statuses.set(status, (statuses.get(status) ?? 0) + 1)
    await pause(20)
  }
  const counts = [...statuses].map(([status, count]) => `${status} ${count} times`).join(", ")
  process.stderr.write(`  submissions were answered ${counts}; slowest ${Math.round(longest)} ms\n`)
}

const batches: Slow = {
  ...{ path: "/v1/entries/batch", type: "application/x-ndjson" },
  ...{ length: 8 * MIB, count: 17 },
}
const submissions: Slow = {
  ...{ path: "/v1/entries", type: "application/json" },
  ...{ length: 4 * MIB, count: 40 },
}
const evidence: Slow = { path: "/evidence", type: "text/plain", length: MIB, count: 130 }
const heads: Slow = { path: "/heads", type: "text/plain", length: MIB, count: 40 }

function ofLog(slow: Slow): Attack["run"] {
  return async (stand, stop) => {
    await Promise.all([hold(stand, stop, slow), submitMeanwhile(stand, stop)])
  }
}

export const attacks: readonly Attack[] = [
  { name: "slow-batches-17", row: "H1", target: "log", run: ofLog(batches) },
  { name: "slow-submissions-40", row: "H1", target: "log", run: ofLog(submissions) },
  {
    ...{ name: "slow-evidence-130", row: "H2", target: "witness" },
    run: (stand, stop) => hold(stand, stop, evidence),
  },
  {
    ...{ name: "slow-heads-40", row: "H2", target: "monitor" },
    run: (stand, stop) => hold(stand, stop, heads),
  },
]
