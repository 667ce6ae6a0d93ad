import { createHmac } from "node:crypto"
import { createServer, type IncomingHttpHeaders } from "node:http"
import type { AddressInfo } from "node:net"
import { describe, expect, onTestFinished, test } from "vitest"
import {
  parseWebhookSecret,
  webhookSignature,
  webhookSink,
} from "../../../../src/cli/monitor/sinks/webhook.ts"
import { deliverAlerts } from "../../../../src/monitor/alerts/alert.ts"
import { outboxItems } from "../../../../src/monitor/findings/outbox.ts"
import { durableDocuments, findingOf, raise } from "../../../monitor/state/durable-documents.ts"
import { expectRefusal } from "../../../refusals.ts"
import { alertOf } from "./made-alert.ts"

const MINUTE = 60_000
const T = 1_800_000_000_000
const secretText = `whsec_${Buffer.alloc(32, 7).toString("base64")}`
const secret = parseWebhookSecret(`${secretText}\n`)

interface Received {
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

/** A receiver that checks the signature as the specification says, and answers with `status`. */
async function receiver(status: () => number | "hang") {
  const received: Received[] = []
  const server = createServer((request, response) => {
    let body = ""
    request.setEncoding("utf8").on("data", (text: string) => {
      body += text
    })
    request.on("end", () => {
      received.push({ headers: request.headers, body })
      const answer = status()
      if (answer === "hang") return
      response.writeHead(answer, answer === 302 ? { location: "/elsewhere" } : {}).end("thanks")
    })
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  return { received, url: `http://127.0.0.1:${port}/hook?token=x` }
}

function isGenuine({ headers, body }: Received): boolean {
  const signed = `${headers["webhook-id"]}.${headers["webhook-timestamp"]}.${body}`
  const key = Buffer.from(secretText.slice("whsec_".length), "base64")
  const mac = createHmac("sha256", key).update(signed).digest("base64")
  return headers["webhook-signature"] === `v1,${mac}`
}

const options = { name: "webhook", secret, fetch: globalThis.fetch, now: () => T, timeout: 5_000 }

describe("the sink webhook", () => {
  test("signs as the published example of Standard Webhooks does", () => {
    const key = parseWebhookSecret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    const signature = webhookSignature(
      key,
      "msg_p5jXN8AQM9LWM0D4loKWxJek",
      1_614_265_330,
      '{"test": 2432232314}',
    )
    expect(signature).toBe("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=")
  })

  test("posts JSON that the receiver can hold against the secret", async () => {
    const { received, url } = await receiver(() => 204)
    await webhookSink({ ...options, url }).deliver(alertOf())
    expect(received).toHaveLength(1)
    const [first] = received as [Received]
    expect(isGenuine(first)).toBe(true)
    expect(first.headers).toMatchObject({
      "content-type": "application/json",
      "webhook-id": alertOf().id,
      "webhook-timestamp": String(T / 1000),
    })
    expect(JSON.parse(first.body)).toMatchObject({ kind: "fork", grade: "PROVEN", isCanary: false })
  })

  test("fails for every answer but 2xx, follows no redirect and does not wait for ever", async () => {
    let status: number | "hang" = 500
    const { received, url } = await receiver(() => status)
    const sink = webhookSink({ ...options, url, timeout: 300 })
    for (const bad of [500, 404, 302, "hang"] as const) {
      status = bad
      await expect(sink.deliver(alertOf())).rejects.toThrow()
    }
    expect(received).toHaveLength(4)
  })

  test("loses nothing to a receiver that answers 500 for an hour", async () => {
    const disk = durableDocuments()
    let now = T
    const { received, url } = await receiver(() => (now - T < 60 * MINUTE ? 500 : 200))
    const sink = webhookSink({ ...options, url, now: () => now })
    for (let minute = 0; minute < 130; minute++) {
      now = T + minute * MINUTE
      if (minute < 20) {
        const finding = findingOf({ key: `fork ${minute}` })
        await disk.change((documents) => raise(documents, finding, now))
      }
      await deliverAlerts({ change: disk.change, sinks: [sink], now })
    }
    expect(outboxItems(disk.documents)).toEqual([])
    expect(received.every(isGenuine)).toBe(true)
    const keysOf = (all: readonly Received[]) =>
      new Set(all.map(({ body }) => (JSON.parse(body) as { key: string }).key))
    const late = received.filter(
      ({ headers }) => Number(headers["webhook-timestamp"]) >= T / 1000 + 3600,
    )
    expect(keysOf(late).size).toBe(20)
    expect(late).toHaveLength(20)
    // One attempt an alert at a time: a dead receiver is not flooded.
    expect(received.length - late.length).toBeLessThan(160)
  })
})

test("parseWebhookSecret() takes 24 to 64 bytes in base64 and never shows what it refuses", () => {
  const cases = ["", "whsec_", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_c2VjcmV0", "whsec_!!!!"]
  cases.push(`whsec_${Buffer.alloc(65).toString("base64")}`)
  for (const text of cases) {
    const refusal = expectRefusal("malformed", () => parseWebhookSecret(text))
    if (text.length > 6) expect(refusal.message).not.toContain(text.slice(6))
  }
})
