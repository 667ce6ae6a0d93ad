// Below the least free space nothing is accepted, and everything can still be read.
import { expect, test } from "vitest"
import { serve } from "../process.ts"
import { newRequest } from "./load.ts"
import { stoppedLog } from "./new-log.ts"

test("a disk that is too full stops intake with 503 and a reason, and reads go on", async () => {
  const { data, options } = await stoppedLog(3)
  const words = [...options.words, "--min-free-bytes", String(Number.MAX_SAFE_INTEGER)]
  const { url, client } = await serve(data, { words })

  const ready = await fetch(`${url}/readyz`)
  expect(ready.status).toBe(503)
  expect(await ready.text()).toMatch(/the disk has \d+ bytes left/)
  expect(await (await fetch(`${url}/healthz`)).json()).toMatchObject({ status: "NOT_SERVING" })

  const answer = await fetch(`${url}/v1/entries`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(newRequest()),
  })
  expect(answer.status).toBe(503)
  expect(answer.headers.get("retry-after")).toMatch(/^[1-9][0-9]*$/)
  expect(await answer.json()).toMatchObject({ code: "try-later" })

  expect(await client.treeHead()).toMatchObject({ size: 3 })
  expect(await client.entry(2)).toMatchObject({ index: 2 })
  expect((await client.inclusion(2)).proof).toMatchObject({ index: 2, size: 3 })
})
