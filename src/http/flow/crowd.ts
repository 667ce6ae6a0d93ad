// How many connections one client may have at a time, counted before any byte of them is read. Those of this machine
// and of trusted proxies, who speak for many, are not counted so; the server's own limit holds for them, too.
import type { Server } from "node:http"
import type { Socket } from "node:net"

/** The client of a connection as it is counted; undefined if it is not. */
export type CountedClient = (socket: Socket) => string | undefined

/** Ends each connection of a client that has `most` already. Costs a look-up a connection. */
export function limitConnections(server: Server, most: number, clientOf: CountedClient): void {
  const counts = new Map<string, number>()

  function leave(client: string): void {
    const left = (counts.get(client) ?? 1) - 1
    if (left === 0) counts.delete(client)
    else counts.set(client, left)
  }

  server.on("connection", (socket: Socket) => {
    const client = clientOf(socket)
    if (client === undefined) return
    const count = (counts.get(client) ?? 0) + 1
    counts.set(client, count)
    socket.once("close", () => leave(client))
    if (count > most) socket.destroy()
  })
}
