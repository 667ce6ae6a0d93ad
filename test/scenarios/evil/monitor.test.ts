// Row 32 of the taxonomy of misbehaviour, a monitor that cannot see or is dead, and how alerts leave it by other
// sinks than the file that the other scenarios read.
import { createHmac, randomBytes } from "node:crypto"
import { chmodSync, readFileSync, writeFileSync } from "node:fs"
import { createServer, type IncomingMessage } from "node:http"
import type { AddressInfo } from "node:net"
import { join } from "node:path"
import { describe, expect, onTestFinished, test } from "vitest"
import { grow, grownLog } from "../../evil-log/grown-log.ts"
import { inRounds, MINUTE } from "../../evil-log/rounds.ts"
import { type Told, verifyApart, watchLog } from "../../evil-log/watched.ts"
import { countersign, programCommand, startServing } from "../process.ts"

/** A server that counts what it is asked for, and keeps the bodies. */
async function openReceiver() {
  const got: {
    readonly url: string
    readonly headers: IncomingMessage["headers"]
    body: string
  }[] = []
  const server = createServer((request, response) => {
    const taken = { url: request.url ?? "", headers: request.headers, body: "" }
    request.setEncoding("utf8").on("data", (text: string) => {
      taken.body += text
    })
    request.on("end", () => {
      got.push(taken)
      response.end()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, got }
}

describe("row 32: a monitor that cannot see", () => {
  const busy = { status: 429, headers: { "retry-after": "3600" }, body: Buffer.from("") }

  test("fails its run, sends no dead-man ping, and tells of it once it lasts", async () => {
    const evil = await grownLog(3)
    const front = await evil.front("log")
    const ping = await openReceiver()
    const watched = await watchLog(evil, { front, sinks: [`ping ${ping.url}/alive`] })
    expect(await watched.once()).toMatchObject({ code: 0 })
    expect(ping.got).toHaveLength(1)
    front.lies.reply = () => busy
    const blind = await watched.once()
    expect(blind.code).toBe(1)
    expect(blind.status.findings).toMatchObject([{ kind: "unreachable", grade: "SUSPECTED" }])
    expect(ping.got).toHaveLength(1)
    const status = await countersign("monitor", "status", "--data", watched.data, "--interval", "1")
    expect(status.stdout).toContain("SUSPECTED unreachable")
    await inRounds(watched, ({ round }) => round(Date.now() + 2 * MINUTE))
    await watched.expectTold({ kind: "unreachable", grade: "ATTESTED" })
  })

  test("is not ready any more, and neither is missed when it is killed", async () => {
    const evil = await grownLog(3)
    const front = await evil.front("log")
    const ping = await openReceiver()
    const watched = await watchLog(evil, { front, sinks: [`ping ${ping.url}/alive`] })
    const words = [...watched.runWords, "--interval", "1", "--listen", "127.0.0.1:0"]
    const served = await startServing([...programCommand, "monitor", "run", ...words])
    if (!("url" in served)) throw new Error(served.stderr)
    const ready = async (): Promise<number> => (await fetch(`${served.url}/readyz`)).status
    await expect.poll(ready, { timeout: 20_000, interval: 50 }).toBe(200)
    front.lies.reply = () => busy
    await expect.poll(ready, { timeout: 20_000, interval: 100 }).toBe(503)
    const status = (await (await fetch(`${served.url}/status.json`)).json()) as { isBlind: boolean }
    expect(status.isBlind).toBe(true)
    const pings = ping.got.length
    await served.kill()
    const said = await countersign("monitor", "status", "--data", watched.data, "--interval", "1")
    expect(said.stdout).toContain("too long ago")
    expect(ping.got.length).toBe(pings)
  })
})

test("row 2: the alert and its evidence go to a program and to a webhook as well", async () => {
  const evil = await grownLog(3)
  const [front, mirror] = [await evil.front("log"), await evil.front("other")]
  const other = await evil.fork(evil.honest, 2, "other")
  await grow(other, "forged")
  mirror.lies.world = other
  const hook = await openReceiver()
  const secret = randomBytes(24)
  const watched = await watchLog(evil, { front, mirrors: [mirror] })
  const write = (name: string, text: string, mode = 0o600): string => {
    const file = join(watched.folder, name)
    writeFileSync(file, text)
    chmodSync(file, mode)
    return file
  }
  const script = write("hook.sh", `#!/bin/sh\ncat > "$1"\n`, 0o700)
  const told = join(watched.folder, "told.json")
  const key = write("webhook.secret", `whsec_${secret.toString("base64")}\n`)
  const lines = [`exec ${script} ${told}`, `webhook ${hook.url}/alerts ${key}`, ""]
  const words = [
    "monitor",
    "run",
    ...watched.runWords,
    "--sinks",
    write("more.sinks", lines.join("\n")),
  ]
  expect(await countersign(...words, "--once")).toMatchObject({ code: 3 })

  const [got] = hook.got
  const {
    "webhook-id": id,
    "webhook-timestamp": time,
    "webhook-signature": signature,
  } = got?.headers ?? {}
  const mac = createHmac("sha256", secret).update(`${id}.${time}.${got?.body}`).digest("base64")
  expect(signature).toBe(`v1,${mac}`)
  for (const text of [readFileSync(told, "utf8"), got?.body ?? ""]) {
    const alert = JSON.parse(text) as Told
    expect(alert).toMatchObject({ kind: "fork", grade: "PROVEN", event: "opened" })
    const verified = await verifyApart(alert.evidence?.text ?? "", evil.vkeys[0] ?? "")
    expect(verified).toMatchObject({ code: 0 })
  }
})
