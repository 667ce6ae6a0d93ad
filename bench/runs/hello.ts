// The least that node:http can do: answers every request with five bytes. What the log's own rates are
// compared with.
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"

const server = createServer((_request, response) => {
  response.writeHead(200, { "content-type": "text/plain", "content-length": 5 })
  response.end("hello")
})
server.listen(0, "127.0.0.1", () => {
  process.send?.((server.address() as AddressInfo).port)
})
process.once("disconnect", () => process.exit(0))
