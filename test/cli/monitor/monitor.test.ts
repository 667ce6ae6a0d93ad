import { cpSync, existsSync, readFileSync } from "node:fs"
import { pathToFileURL } from "node:url"
import Database from "better-sqlite3"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { signedRequest } from "../../http/served-log.ts"
import { proposalOf } from "../../log/opened-log.ts"
import { run } from "../command/fake-terminal.ts"
import { openWorkspace, type Workspace } from "../workspace.ts"

let workspace: Workspace
let made = 0

beforeAll(async () => {
  workspace = await openWorkspace()
  await submit("one", "two", "three")
})

afterAll(() => workspace.close())

async function submit(...artifacts: readonly string[]): Promise<void> {
  for (const artifact of artifacts) {
    const response = await fetch(`${workspace.url}/v1/entries`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(signedRequest(artifact)),
    })
    expect(response.status).toBe(201)
  }
}

function newData(): string {
  made += 1
  return workspace.path(`monitor-${made}`)
}

function monitor(...words: readonly string[]) {
  return run(["monitor", ...words])
}

async function initialised(...words: readonly string[]): Promise<string> {
  const data = newData()
  const way = words.length === 0 ? ["--expect-empty"] : words
  const { code } = await monitor("init", "--data", data, "--policy", workspace.policy, ...way)
  expect(code).toBe(0)
  return data
}

function once(data: string, ...words: readonly string[]) {
  return monitor("run", "--data", data, "--log", workspace.url, "--once", ...words)
}

describe("countersign monitor init", () => {
  test("makes a monitor, and no other one over it", async () => {
    const data = newData()
    const words = ["init", "--data", data, "--policy", workspace.policy, "--expect-empty"]
    const first = await monitor(...words)
    expect(first).toMatchObject({ code: 0, err: "" })
    expect(first.out).toContain("made a monitor of log.example")
    const second = await monitor(...words)
    expect(second).toMatchObject({ code: 1 })
    expect(second.err).toContain("expected no monitor yet")
  })

  test("is what every command names that finds no monitor", async () => {
    const data = newData()
    for (const words of [["status"], ["evidence"], ["run", "--once"]]) {
      const ran = await monitor(...words, "--data", data)
      expect(ran.code).toBe(4)
      expect(ran.err).toContain(`make it with: countersign monitor init --data ${data}`)
    }
  })

  test("is told how the log is met for the first time", async () => {
    const words = ["init", "--data", newData(), "--policy", workspace.policy]
    expect(await monitor(...words)).toMatchObject({ code: 64 })
    expect(await monitor(...words, "--expect-empty", "--first-use")).toMatchObject({ code: 64 })
  })

  test("says loudly that the first head is trusted", async () => {
    const words = ["--data", newData(), "--policy", workspace.policy, "--first-use"]
    expect((await monitor("init", ...words)).err).toContain("FIRST USE")
  })

  test("uses the key that is there", async () => {
    const key = workspace.path("own.pem")
    await initialised("--expect-empty", "--key", key)
    const before = readFileSync(key, "utf8")
    const data = await initialised("--expect-empty", "--key", key)
    expect(readFileSync(key, "utf8")).toBe(before)
    expect(existsSync(`${data}/keys`)).toBe(false)
    expect(await once(data, "--key", key)).toMatchObject({ code: 0 })
  })

  test("refuses a pinned checkpoint that no log of the policy signed", async () => {
    const note = workspace.write("stranger.txt", "log.example\n0\nx\n\n— log.example AAAAAAAA\n")
    const words = ["init", "--data", newData(), "--policy", workspace.policy, "--at", note]
    expect(await monitor(...words)).toMatchObject({ code: 1 })
  })

  test("takes a checkpoint of the log that later turns out to be of its tree", async () => {
    const checkpoint = await (await fetch(`${workspace.url}/checkpoint`)).text()
    const data = await initialised("--at", workspace.write("seen.txt", checkpoint))
    expect(await once(data)).toMatchObject({ code: 0 })
  })
})

describe("countersign monitor run --once", () => {
  test("gives 0 for an honest log, again and again, and says how far it is", async () => {
    const data = await initialised()
    const first = await once(data, "--json")
    expect(first).toMatchObject({ code: 0, err: "" })
    const { size } = workspace.served.log.head()
    expect(JSON.parse(first.out)).toMatchObject({
      worst: 0,
      isBlind: false,
      logs: [{ origin: "log.example", size, backlog: 0 }],
    })
    await submit("four")
    expect(await once(data)).toMatchObject({ code: 0 })
    const status = await monitor("status", "--data", data, "--json")
    expect(JSON.parse(status.out)).toMatchObject({ worst: 0, logs: [{ size: size + 1 }] })
    expect((await monitor("status", "--data", data)).out).toContain("log.example")
  })

  test("reads a Rekor v2 log, a mirror, and a folder of static files", async () => {
    const out = workspace.path("tiles")
    const words = ["--log", workspace.url, "--policy", workspace.policy, "--out", out]
    expect(await run(["export-tiles", ...words])).toMatchObject({ code: 0 })
    const rekor = `rekor-v2+${workspace.url}`
    for (const log of [pathToFileURL(out).href, rekor, `log.example ${workspace.url}`]) {
      const data = await initialised()
      const ran = await monitor("run", "--data", data, "--log", log, "--once")
      expect(ran).toMatchObject({ code: 0 })
    }
    const data = await initialised()
    expect(await once(data, "--mirror", `rekor=${rekor}`)).toMatchObject({ code: 0 })
    const gone = await once(data, "--mirror", "gone=file:///nowhere/at/all")
    expect(gone).toMatchObject({ code: 1 })
    expect(gone.out).toContain("unreachable")
  })

  test("gives 1 for a log that does not answer", async () => {
    const data = await initialised()
    const words = ["run", "--data", data, "--log", "file:///nowhere/at/all", "--once"]
    expect(await monitor(...words)).toMatchObject({ code: 1 })
    expect(await once(data)).toMatchObject({ code: 0 })
  })

  test("gives 2 for an entry that its subject's owner did not expect, until it is acknowledged", async () => {
    const data = await initialised()
    const request = signedRequest("one")
    const watch = workspace.write(
      "acme.watch",
      `countersign-watch/v1\nsubject acme\n  digest ${request.digest}\n  signer key sha256:${"0".repeat(64)}\n`,
    )
    const ran = await once(data, "--watch", watch)
    expect(ran).toMatchObject({ code: 2 })
    const [id = ""] = /[0-9a-f]{16}(?= PROVEN unknown-signer)/.exec(ran.out) ?? []
    expect(await monitor("ack", "none", "--data", data)).toMatchObject({ code: 1 })
    expect(await monitor("ack", id, "--data", data)).toMatchObject({ code: 0 })
    expect(await once(data, "--watch", watch)).toMatchObject({ code: 0 })
  })

  test("keeps the evidence of what it found, and gives it out as a file that convicts", async () => {
    const data = await initialised()
    const request = signedRequest("two")
    const watch = workspace.write(
      "two.watch",
      `countersign-watch/v1\nsubject two\n  digest ${request.digest}\n  signer key sha256:${"0".repeat(64)}\n`,
    )
    expect(await once(data, "--watch", watch)).toMatchObject({ code: 2 })
    const listed = await monitor("evidence", "--data", data)
    const [, id = ""] = /^([0-9a-f]{64}) unexpected-entry \d+ bytes\n$/.exec(listed.out) ?? []
    const { out } = await monitor("evidence", id.slice(0, 8), "--data", data)
    const file = workspace.write("two.evidence", out)
    expect((await run(["evidence", "verify", file])).out).toContain(id)
    expect(await monitor("evidence", "ffffffff", "--data", data)).toMatchObject({ code: 1 })
  })

  test("gives 4 without a state and for one that it has not signed, and changes nothing", async () => {
    expect(await once(newData())).toMatchObject({ code: 4 })
    const [data, other] = [await initialised(), await initialised()]
    expect(await once(data)).toMatchObject({ code: 0 })
    cpSync(`${data}/monitor.db`, `${other}/monitor.db`)
    const before = readFileSync(`${other}/monitor.db`)
    const swapped = await once(other)
    expect(swapped).toMatchObject({ code: 4 })
    expect(swapped.err).toContain("nothing was changed")
    expect(readFileSync(`${other}/monitor.db`).equals(before)).toBe(true)
    const database = new Database(`${data}/monitor.db`)
    database.exec("UPDATE documents SET value = value || ' '")
    database.close()
    expect(await once(data)).toMatchObject({ code: 4 })
    expect(await monitor("status", "--data", data)).toMatchObject({ code: 4 })
  })

  test("gives 4 if everyone who answers shows less than the state has", async () => {
    const data = await initialised()
    expect(await once(data)).toMatchObject({ code: 0 })
    const { log } = workspace.served
    const folder = workspace.path("older")
    const words = ["--log", workspace.url, "--policy", workspace.policy, "--out", folder]
    expect(await run(["export-tiles", ...words])).toMatchObject({ code: 0 })
    await submit("newer")
    expect(log.head().size).toBeGreaterThan(4)
    expect(await once(data)).toMatchObject({ code: 0 })
    const older = await monitor(
      "run",
      "--data",
      data,
      "--log",
      pathToFileURL(folder).href,
      "--once",
    )
    expect(older).toMatchObject({ code: 4 })
    expect(older.err).toContain("rolled back")
  })

  test("keeps to the pinned policy until another one is accepted", async () => {
    const data = await initialised()
    const changed = workspace.write(
      "changed.policy",
      `# new\n${readFileSync(workspace.policy, "utf8")}`,
    )
    const ran = await once(data, "--policy", changed)
    expect(ran).toMatchObject({ code: 1 })
    expect(ran.err).toContain("--accept-policy")
    const words = ["init", "--data", data, "--policy", changed, "--accept-policy"]
    expect(await monitor(...words)).toMatchObject({ code: 0 })
    expect(await once(data, "--policy", changed)).toMatchObject({ code: 0 })
  })

  test("accepts no policy without a log", async () => {
    const data = await initialised()
    const policy = workspace.write("empty.policy", "quorum none\n")
    const words = ["init", "--data", data, "--policy", policy, "--accept-policy"]
    expect(await monitor(...words)).toMatchObject({ code: 1 })
    expect(await once(data)).toMatchObject({ code: 0 })
  })

  test("gives 64 for a wrong command line", async () => {
    const data = await initialised()
    expect(await once(data, "--interval", "0")).toMatchObject({ code: 64 })
    expect(await once(data, "--mirror", "x")).toMatchObject({ code: 64 })
    expect(await monitor("run")).toMatchObject({ code: 64 })
    expect(await monitor("run", "--help")).toMatchObject({ code: 0 })
  })

  test("submits test entries, whose alert is marked and counts for no exit code", async () => {
    const data = await initialised()
    const alerts = workspace.path("canary.jsonl")
    const sinks = workspace.write("canary.sinks", `jsonl ${alerts}\n`)
    expect(await once(data, "--canary", "--sinks", sinks)).toMatchObject({ code: 0 })
    const lines = readFileSync(alerts, "utf8").trimEnd().split("\n")
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
      expect.objectContaining({ kind: "unknown-signer", isCanary: true }),
    ])
    const twice = await once(data, "--log", "file:///nowhere")
    expect(twice).toMatchObject({ code: 1 })
    expect(twice.err).toContain("expected one for log.example")
    const mirrors = ["--mirror", "a=file:///nowhere", "--mirror", "a=file:///elsewhere"]
    expect((await once(data, ...mirrors)).err).toContain("expected every name once")
    const words = ["run", "--data", data, "--canary", "--log", "file:///nowhere", "--once"]
    expect((await monitor(...words)).err).toContain("expected a log with an http(s) URL")
    const deaf = workspace.write("deaf.sinks", "witness http://127.0.0.1:9\nping http://[::1]:9\n")
    for (const none of [[], ["--sinks", deaf]]) {
      const refused = await once(data, "--canary", ...none)
      expect(refused).toMatchObject({ code: 1 })
      expect(refused.err).toContain("expected a sink that can be told")
    }
  })

  test("does not stop at an entry that cannot be parsed", async () => {
    const data = await initialised()
    await workspace.served.log.add(proposalOf("\u0000 no entry"))
    const sinks = workspace.path("alerts.jsonl")
    const ran = await once(data, "--sinks", workspace.write("alerts.sinks", `jsonl ${sinks}\n`))
    expect(ran).toMatchObject({ code: 2 })
    expect(ran.out).toContain("unclassifiable")
    const alerts = readFileSync(sinks, "utf8").trimEnd().split("\n")
    expect(alerts.map((line) => JSON.parse(line) as unknown)).toEqual([
      expect.objectContaining({ kind: "unclassifiable", grade: "PROVEN" }),
    ])
  })

  test("gives 1 if all is acknowledged and a sink has not taken what it is to be told", async () => {
    const data = await initialised()
    await workspace.served.log.add(proposalOf("\u0000 not one either"))
    const failing = ["--sinks", workspace.write("failing.sinks", "exec /bin/false\n")]
    const ran = await once(data, ...failing)
    expect(ran).toMatchObject({ code: 2 })
    const ids = ran.out.match(/[0-9a-f]{16}(?= PROVEN unclassifiable)/g) ?? []
    expect(await monitor("ack", ...ids, "--data", data)).toMatchObject({ code: 0 })
    const untold = await once(data, ...failing)
    expect(untold).toMatchObject({ code: 1 })
    expect(untold.err).toContain("not every sink has taken its alerts")
    expect(await once(data)).toMatchObject({ code: 0 })
    expect(await once(data, ...failing)).toMatchObject({ code: 1 })
  })
})
