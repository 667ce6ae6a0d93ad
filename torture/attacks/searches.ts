// Row T1: a packet of searches. Each is small to send and costs the server milliseconds.
import { type Attack, getRequest, type Stand } from "../attack.ts"

const IN_A_PACKET = 445

function searchRequests({ filled }: Stand): string {
  return getRequest(`/v1/entries?key=${filled.key}&limit=100`).repeat(IN_A_PACKET)
}

async function search(stand: Stand, stop: AbortSignal, sockets: number): Promise<void> {
  const packet = searchRequests(stand)
  const open = async () => {
    const wire = await stand.open({ reads: true }).catch(() => undefined)
    wire?.write(packet)
    return wire
  }
  await Promise.all(Array.from({ length: sockets }, open))
  while (!stop.aborted) await stand.pause(500)
}

export const attacks: readonly Attack[] = [
  { name: "searches-1", row: "T1", target: "log", run: (stand, stop) => search(stand, stop, 1) },
  { name: "searches-50", row: "T1", target: "log", run: (stand, stop) => search(stand, stop, 50) },
]
