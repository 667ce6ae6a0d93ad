import { createServer, type RequestListener } from "node:http"
import type { AddressInfo } from "node:net"
import { describe, expect, onTestFinished, test } from "vitest"
import { createTileSource } from "../../src/client/tile-source.ts"
import { openServedLog, signedRequest } from "../http/served-log.ts"

function openSource(url: string) {
  return createTileSource({
    url,
    fetch: globalThis.fetch,
    sleep: () => Promise.resolve(),
    unique: () => "1",
  })
}

async function serve(listener: RequestListener) {
  const server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  onTestFinished(() => void server.close())
  return openSource(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
}

const answering = (status: number, body: string) =>
  serve((_, response) => response.writeHead(status).end(body))

describe("a source of a log's own API", () => {
  test("searches by digest, newest first, and says from where and up to where it is complete", async () => {
    const served = await openServedLog()
    onTestFinished(() => served.close())
    const url = `http://127.0.0.1:${served.port}`
    const { digest } = signedRequest("one")
    for (const artifact of ["one", "two"]) {
      const body = JSON.stringify(signedRequest(artifact))
      const headers = { "content-type": "application/json" }
      await fetch(`${url}/v1/entries`, { method: "POST", headers, body })
    }
    const { native } = openSource(url)
    const found = await native?.search({ by: "digest", value: digest })
    expect(found).toEqual({ indexes: [0], from: 0, completeUpTo: 2 })
    expect(await native?.saysKept(0, digest)).toBe(false)
  })

  test("tells what was taken away from what was never there", async () => {
    await expect((await answering(410, "")).envelope?.(0)).rejects.toMatchObject({
      code: "not-found",
    })
    expect(await (await answering(404, "")).envelope?.(0)).toBeUndefined()
    await expect((await answering(503, "")).envelope?.(0)).rejects.toMatchObject({
      code: "network",
    })
  })

  test("lists messages, and has none where the log has no list", async () => {
    const listed = { messages: [{ sequence: 7, index: 3, digest: "sha256:00", size: 1 }] }
    const source = await answering(200, JSON.stringify(listed))
    expect(await source.native?.messages(0)).toEqual([{ sequence: 7, index: 3 }])
    expect(await (await answering(404, "")).native?.messages(0)).toBeUndefined()
    expect(await (await answering(410, "")).native?.message(3)).toBeUndefined()
  })

  test("refuses answers of another form", async () => {
    const source = await answering(200, '{"messages":[{"sequence":-1}],"entries":5}')
    await expect(source.native?.messages(0)).rejects.toMatchObject({ code: "malformed" })
    const search = source.native?.search({ by: "key", value: "x" })
    await expect(search).rejects.toMatchObject({ code: "malformed" })
  })
})
