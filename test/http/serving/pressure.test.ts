import { afterEach, describe, expect, test } from "vitest"
import { Refusal, Trouble } from "../../../src/core/base/errors.ts"
import { defaultBodyBudgets, type HttpLogger } from "../../../src/http/serving/config.ts"
import type { Log } from "../../../src/log/ports/log.ts"
import { proposalOf } from "../../log/opened-log.ts"
import { ask, submit, submitBatch } from "../client.ts"
import { openServedLog, type ServedLog, signedRequest } from "../served-log.ts"
import { openRaw, rawRequest } from "./raw-connection.ts"

let served: ServedLog | undefined

afterEach(async () => {
  await served?.close()
  served = undefined
})

interface Logged {
  readonly level: "debug" | "error"
  readonly fields: object
}

function recorder(): { readonly lines: Logged[]; readonly logger: HttpLogger } {
  const lines: Logged[] = []
  const logger: HttpLogger = {
    debug: (fields) => lines.push({ level: "debug", fields }),
    error: (fields) => lines.push({ level: "error", fields }),
  }
  return { lines, logger }
}

describe("under pressure", () => {
  test("bodies over the budget are turned away until memory is free again", async () => {
    const bodyBudgets = { ...defaultBodyBudgets, submission: 200_000 }
    // No time passes, so that no body has waited for longer than another.
    served = await openServedLog({ config: { bodyBudgets }, now: () => 0 })
    const { port } = served
    const holder = await openRaw(port)
    const headers = "content-type: application/json\r\ncontent-length: 150001\r\n"
    holder.write(rawRequest("POST", "/v1/entries", headers))
    holder.write(" ".repeat(150_000))
    const body = " ".repeat(100_000)
    await expect.poll(async () => (await submit(port, body)).status).toBe(503)
    const reply = await submit(port, body)
    expect(reply.json()).toMatchObject({ code: "try-later" })
    expect(reply.headers["retry-after"]).toBe("1")
    expect((await submit(port, signedRequest("small"))).status).toBe(201)
    holder.write("x")
    await holder.until("HTTP/1.1 400")
    expect((await submit(port, body)).status).toBe(400)
    holder.socket.destroy()
  })

  test("a full log answers 503 with Retry-After, and takes entries again afterwards", async () => {
    let isFull = true
    served = await openServedLog({
      log: (log) => ({
        ...log,
        async add(proposal) {
          if (isFull) throw new Refusal("try-later", "4096 entries are under way")
          return log.add(proposal)
        },
      }),
    })
    const { port } = served
    const replies = await Promise.all(
      Array.from({ length: 200 }, (_, i) => submit(port, signedRequest(`flood ${i}`))),
    )
    for (const reply of replies) {
      expect(reply.status).toBe(503)
      expect(reply.headers["retry-after"]).toBe("1")
      expect(reply.json()).toMatchObject({ code: "try-later" })
    }
    const line = `${JSON.stringify(signedRequest("line"))}\n`
    expect(JSON.parse((await submitBatch(port, line)).text())).toMatchObject({ status: 503 })
    isFull = false
    expect((await submit(port, signedRequest("flood 0"))).status).toBe(201)
  })

  test("a log that takes no entries is not ready but alive, and can be read", async () => {
    const stopped = (log: Log): Log => ({
      ...log,
      status: () => ({ ...log.status(), accepting: false, reason: "the disk is full" }),
    })
    served = await openServedLog({ log: stopped })
    const ready = await ask(served.port, "/readyz")
    expect(ready.status).toBe(503)
    expect(ready.headers["retry-after"]).toBe("1")
    expect(ready.json()).toMatchObject({ code: "try-later", detail: "the disk is full" })
    expect((await ask(served.port, "/healthz")).json()).toMatchObject({
      status: "NOT_SERVING",
      accepting: false,
      reason: "the disk is full",
    })
    for (const path of ["/livez", "/ping", "/checkpoint", "/v1/tree-head"]) {
      expect((await ask(served.port, path)).status).toBe(200)
    }
  })

  const secret = "/var/lib/secret.db is damaged"
  test.each([
    ["damaged data", new Trouble("damaged", secret), 500, "trouble"],
    ["a full disk", new Trouble("disk", secret), 500, "trouble"],
    ["a busy database", new Trouble("busy", secret), 503, "trouble"],
    ["a bug", new Error(`bug: ${secret}`), 500, "bug"],
    ["something that is no error", secret, 500, "bug"],
  ])("%s is told to the operator and not to the client", async (_, error, status, code) => {
    const { lines, logger } = recorder()
    const fail = (): never => {
      throw error
    }
    const failing = (log: Log): Log => ({
      ...log,
      add: async () => fail(),
      entry: async () => fail(),
      tile: async () => fail(),
      inclusion: async () => fail(),
    })
    served = await openServedLog({ logger, log: failing })
    const { log, port } = served

    await log.add(proposalOf("one"))
    const replies = [
      await submit(port, signedRequest("a")),
      await ask(port, "/v1/entries/0"),
      await ask(port, "/v1/entries/0/proof"),
      await ask(port, "/tile/0/000.p/1"),
    ]
    for (const reply of replies) {
      expect(reply.status).toBe(status)
      expect(reply.text()).toContain(code)
      expect(reply.text()).not.toContain("secret")
      expect(reply.headers["retry-after"]).toBe(status === 503 ? "1" : undefined)
    }
    expect(lines.map(({ level }) => level)).toEqual(["error", "error", "error", "error"])
    expect(lines[0]?.fields).toMatchObject({ operation: "addEntry", status, code, err: error })
  })

  test("refusals are logged for debugging, successes not at all", async () => {
    const { lines, logger } = recorder()
    served = await openServedLog({ logger })
    await submit(served.port, signedRequest("a"))
    await ask(served.port, "/checkpoint")
    await submit(served.port, "{")
    await ask(served.port, "/nothing")
    expect(lines).toMatchObject([
      { level: "debug", fields: { operation: "addEntry", status: 400, code: "malformed" } },
      { level: "debug", fields: { operation: "other", status: 404, code: "not-found" } },
    ])
  })
})
