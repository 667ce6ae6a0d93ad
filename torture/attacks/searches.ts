// Row T1: a packet of searches. Each is small to send and costs the server milliseconds.
import { type Attack, getRequest, type Stand } from "../attack.ts"
import { CUT_OFF } from "../stand/wires.ts"

const IN_A_PACKET = 445
/** As many as a connection may have waiting. */
const IN_BOUNDS = 60

function searchRequests({ filled }: Stand): string {
  return getRequest(`/v1/entries?key=${filled.key}&limit=100`)
}

async function search(
  stand: Stand,
  stop: AbortSignal,
  sockets: number,
  count: number,
): Promise<void> {
  const packet = searchRequests(stand).repeat(count)
  const open = async () => {
    const wire = await stand.open({ reads: true }).catch(() => undefined)
    wire?.write(packet)
    return wire
  }
  let wires = await Promise.all(Array.from({ length: sockets }, open))
  while (!stop.aborted) {
    await stand.pause(500)
    if (!stop.aborted) wires = await Promise.all(wires.map((it) => (it?.isOpen() ? it : open())))
  }
}

function attack(name: string, sockets: number, count: number): Attack {
  return {
    ...{ name: `searches-${name}`, row: "T1", target: "log", expected: [CUT_OFF, 200, 429, 503] },
    run: (stand, stop) => search(stand, stop, sockets, count),
  }
}

export const attacks: readonly Attack[] = [
  attack("1", 1, IN_A_PACKET),
  attack("50", 50, IN_A_PACKET),
  attack("in-bounds-50", 50, IN_BOUNDS),
]
