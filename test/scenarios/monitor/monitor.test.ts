import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { grow } from "../log/load.ts"
import { type NewLog, newLog } from "../log/new-log.ts"
import { countersign, programCommand, serve, start } from "../process.ts"

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
