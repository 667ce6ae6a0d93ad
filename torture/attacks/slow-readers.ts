// Row T1: clients that read so little at a time that each keeps what the server has for it, for as long as it likes.
import { connect, type Socket } from "node:net"
import { type Attack, getRequest, type Stand } from "../attack.ts"
import { tellStatuses } from "../stand/wires.ts"

const READERS = 200
const READ_BYTES = 256
const BETWEEN_READS_MS = 250

function reader({ host, port }: Stand, request: string): Socket {
  const socket = connect({ host, port })
  socket.on("error", () => {})
  // Nothing flows: what comes is taken a little at a time.
  socket.on("readable", () => {})
  socket.write(request)
  return socket
}

export const attacks: readonly Attack[] = [
  {
    name: "slow-readers",
    row: "T1",
    target: "log",
    expected: [200],
    async run(stand, stop) {
      const request = getRequest("/tile/entries/000").repeat(20)
      stand.begin()
      const sockets = Array.from({ length: READERS }, () => reader(stand, request))
      while (!stop.aborted) {
        await stand.pause(BETWEEN_READS_MS)
        for (const socket of sockets) {
          tellStatuses(socket.read(READ_BYTES) ?? Buffer.alloc(0), stand.answered)
        }
      }
      for (const socket of sockets) socket.destroy()
    },
  },
]
