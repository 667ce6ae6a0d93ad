import { createHash, generateKeyPairSync, sign } from "node:crypto"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { grow } from "../log/load.ts"
import { type NewLog, newLog } from "../log/new-log.ts"
import { countersign, PATIENCE, programCommand, serve, start } from "../process.ts"

function policyOf(log: NewLog, url: string): string {
  const { trust } = log
  const vkey = "vkeys" in trust ? trust.vkeys[1] : undefined
  const path = join(log.folder, "log.policy")
  writeFileSync(path, `log ${vkey} ${url}\nquorum none\n`)
  return path
}

async function newMonitor(log: NewLog, url: string): Promise<string> {
  const data = join(log.folder, "monitor")
  const policy = policyOf(log, url)
  const made = await countersign(
    "monitor",
    "init",
    "--data",
    data,
    "--policy",
    policy,
    "--expect-empty",
  )
  expect(made).toMatchObject({ code: 0 })
  return data
}

test("a monitor of a served log says 0, follows it as a process, and ends its round on SIGTERM", async () => {
  const log = await newLog()
  const served = await serve(log.data, log.options)
  await grow(served.client, 300)
  const data = await newMonitor(log, served.url)
  const first = await countersign("monitor", "run", "--data", data, "--once", "--json")
  expect(first.code).toBe(0)
  expect(JSON.parse(first.stdout)).toMatchObject({ worst: 0, logs: [{ size: 300, backlog: 0 }] })

  await grow(served.client, 20)
  let seen = ""
  const follows = new Promise<string>((resolve) => {
    const words = ["monitor", "run", "--data", data, "--interval", "1", "--listen", "127.0.0.1:0"]
    const running = start([...programCommand, ...words], {
      onStderr(text) {
        seen += text
        if (seen.includes('"size":320')) resolve(/"url":"(http:[^"]+)"/.exec(seen)?.[1] ?? "")
      },
    })
    running.ended.then(({ stderr }) => resolve(stderr), resolve)
    stop = () => {
      running.send("SIGTERM")
      return running.ended
    }
  })
  const url = await follows
  expect((await fetch(`${url}/readyz`)).status).toBe(200)
  const other = await countersign("monitor", "run", "--data", data, "--once")
  expect(other.code).toBe(1)
  expect(other.stderr).toContain("in use by another process")
  const status = await countersign("monitor", "status", "--data", data, "--json")
  expect(JSON.parse(status.stdout)).toMatchObject({ logs: [{ size: 320 }] })
  const ended = await stop()
  expect(ended.code).toBe(0)
  expect(ended.stderr).toContain('"msg":"stopped"')
}, 60_000)

let stop: () => Promise<{ readonly code: number | null; readonly stderr: string }>

test("a monitor that is killed in its first round goes on from its last commit", async () => {
  const log = await newLog()
  const served = await serve(log.data, log.options)
  await grow(served.client, 1_000)
  const data = await newMonitor(log, served.url)
  const running = start([...programCommand, "monitor", "run", "--data", data], {
    onStderr(text) {
      if (text.includes('"msg":"serving"')) running.send("SIGKILL")
    },
  })
  expect(await running.ended).toMatchObject({ signal: "SIGKILL" })
  const { code, stdout } = await countersign("monitor", "run", "--data", data, "--once", "--json")
  expect(code).toBe(0)
  expect(JSON.parse(stdout)).toMatchObject({ logs: [{ size: 1_000, backlog: 0 }] })
}, 60_000)

test("a monitor that runs takes a changed watch file and messages without a restart", async () => {
  const log = await newLog()
  const served = await serve(log.data, log.options)
  const key = generateKeyPairSync("ec", { namedCurve: "P-256" })
  const digest = createHash("sha256").update("app").digest("hex")
  const subject = [{ name: "x", digest: { sha256: digest } }]
  const statement = JSON.stringify({
    _type: "https://in-toto.io/Statement/v1",
    subject,
    predicateType: "p",
  })
  const type = "application/vnd.in-toto+json"
  const message = Buffer.from(`DSSEv1 ${type.length} ${type} ${statement.length} ${statement}`)
  const { index } = await served.client.submit({
    kind: "hashedrekord",
    digest: `sha256:${createHash("sha256").update(message).digest("hex")}`,
    signature: sign("sha256", message, key.privateKey).toString("base64"),
    publicKey: key.publicKey.export({ type: "spki", format: "der" }).toString("base64"),
  })
  const data = await newMonitor(log, served.url)
  const watch = join(log.folder, "own.watch")
  writeFileSync(watch, "countersign-watch/v1\n")
  let seen = ""
  const words = ["monitor", "run", "--data", data, "--watch", watch, "--listen", "127.0.0.1:0"]
  const running = start([...programCommand, ...words], {
    onStderr(text) {
      seen += text
    },
  })
  const url = await expect
    .poll(() => /"url":"(http:[^"]+)"/.exec(seen)?.[1], PATIENCE)
    .toBeDefined()
    .then(() => /"url":"(http:[^"]+)"/.exec(seen)?.[1] ?? "")
  const status = async () =>
    (await (await fetch(`${url}/status.json`)).json()) as {
      readonly logs: readonly { readonly size: number }[]
    }
  await expect.poll(status, PATIENCE).toMatchObject({
    worst: 0,
    logs: [{ size: 1, entries: { opaque: { strangers: 1 } } }],
  })

  const post = (body: Buffer, at = index) =>
    fetch(`${url}/messages?index=${at}`, {
      method: "POST",
      headers: { "content-type": "application/octet-stream" },
      body: new Uint8Array(body),
    })
  expect((await post(Buffer.from("something else"))).status).toBe(422)
  expect((await post(message, 17)).status).toBe(404)
  expect((await fetch(`${url}/messages`, { method: "POST", body: "x" })).status).toBeGreaterThan(
    399,
  )
  const taken = await post(message)
  expect([taken.status, await taken.json()]).toMatchObject([202, { index }])

  writeFileSync(
    watch,
    `countersign-watch/v1\nsubject app\n  digest sha256:${digest}\n  signer key sha256:${"0".repeat(64)}\n`,
  )
  running.send("SIGHUP")
  await expect.poll(status, PATIENCE).toMatchObject({
    worst: 2,
    messages: { count: 1 },
    findings: [{ kind: "unknown-signer", index, grade: "PROVEN" }],
  })

  writeFileSync(watch, "countersign-watch/v1\nsubject\n")
  running.send("SIGHUP")
  await expect.poll(status, PATIENCE).toMatchObject({
    findings: [{ kind: "unknown-signer" }, { kind: "watch-refused" }],
  })
  running.send("SIGTERM")
  expect(await running.ended).toMatchObject({ code: 0 })

  const refused = await countersign("monitor", "run", "--data", data, "--watch", watch, "--once")
  expect(refused.code).toBe(1)
  expect(refused.stderr).toContain("line 2")
  writeFileSync(watch, "countersign-watch/v1\n")
  expect(await countersign("monitor", "rescan", "--data", data, "--from", "0")).toMatchObject({
    code: 0,
  })
  const last = await countersign(
    "monitor",
    "run",
    "--data",
    data,
    "--watch",
    watch,
    "--once",
    "--json",
  )
  expect(JSON.parse(last.stdout)).toMatchObject({
    findings: [],
    logs: [{ rescan: { judged: 1, of: 1 } }],
  })
  expect(last.code).toBe(0)
}, 60_000)
