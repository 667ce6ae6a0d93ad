// Which Content-Type each door takes: what its clients send, and nothing that a web page could
// send unasked.
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { openServedLog, type ServedLog } from "../served-log.ts"

let served: ServedLog

beforeAll(async () => {
  served = await openServedLog()
})
afterAll(() => served.close())

const spellings = (type: string) => [
  type,
  type.toUpperCase(),
  `${type}; charset=utf-8`,
  `${type};charset=utf8`,
  `${type}; charset="utf-8"`,
  `${type}; charset=UTF-8`,
]
const json = spellings("application/json")
const others = ["", "text/plain", "application/jsonx", "application/json; charset=utf-16"]

const doors: Readonly<
  Record<string, readonly [taken: readonly string[], refused: readonly string[]]>
> = {
  "/v1/entries": [json, others],
  "/v1/entries/batch": [spellings("application/x-ndjson"), ["", "application/json"]],
  "/api/v1/log/entries": [json, others],
  "/api/v1/log/entries/retrieve": [json, others],
  "/api/v2/log/entries": [json, others],
}

async function statusOf(path: string, type: string): Promise<number> {
  // Bytes have no type of their own that fetch would add.
  const headers: Record<string, string> = type === "" ? {} : { "content-type": type }
  const body = new TextEncoder().encode("{}")
  const response = await fetch(`http://127.0.0.1:${served.port}${path}`, {
    ...{ method: "POST", headers, body },
  })
  await response.body?.cancel()
  return response.status
}

describe.each(Object.entries(doors))("POST %s", (path, [taken, refused]) => {
  test.each(taken)("looks at a body of type %j", async (type) => {
    const status = await statusOf(path, type)
    expect(status).not.toBe(415)
    expect(status).not.toBe(404)
  })

  test.each(refused)("refuses one of type %j", async (type) => {
    expect(await statusOf(path, type)).toBe(415)
  })
})
