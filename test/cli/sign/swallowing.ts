// A proxy in front of a real log that takes requests, lets the log work, and then loses the answer.
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"

export interface SwallowingProxy {
  readonly url: string
  /** `METHOD PATH` of every request. */
  readonly asked: string[]
  /** What is lost of the request that comes for the `count`th time: its answer, or all of it before the log sees it. */
  isLost: (request: string, count: number) => "answer" | "request" | undefined
  close(): Promise<void>
}

export async function openSwallowingProxy(log: string): Promise<SwallowingProxy> {
  const asked: string[] = []
  const server = createServer(async (request, response) => {
    const line = `${request.method} ${request.url}`
    asked.push(line)
    const lost = proxy.isLost(line, asked.filter((each) => each === line).length)
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    if (lost === "request") return request.socket.destroy()
    const answer = await fetch(log + request.url, {
      method: request.method ?? "GET",
      headers: { "content-type": request.headers["content-type"] ?? "application/json" },
      ...(request.method === "POST" && { body: Buffer.concat(chunks) }),
    })
    const body = Buffer.from(await answer.arrayBuffer())
    if (lost === "answer") return request.socket.destroy()
    response.writeHead(answer.status, { "content-type": answer.headers.get("content-type") ?? "" })
    return response.end(body)
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const proxy: SwallowingProxy = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    isLost: () => undefined,
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
  return proxy
}
