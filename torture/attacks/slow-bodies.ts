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
  const head = `POST ${path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: ${type}\r\ncontent-length: ${length}\r\n\r\n`
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

const ANSWERED = [408, 503]

function attack(name: string, row: string, target: Attack["target"], slow: Slow): Attack {
  const run: Attack["run"] = (stand, stop) => hold(stand, stop, slow)
  return { name: `slow-${name}`, row, target, expected: ANSWERED, run }
}

export const attacks: readonly Attack[] = [
  attack("batches-17", "H1", "log", batches),
  attack("submissions-40", "H1", "log", submissions),
  attack("evidence-130", "H2", "witness", evidence),
  attack("heads-40", "H2", "monitor", heads),
]
