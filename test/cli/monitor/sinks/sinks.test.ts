import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, test } from "vitest"
import { openSinks, readSinks } from "../../../../src/cli/monitor/sinks/sinks.ts"
import { parseSinks } from "../../../../src/cli/monitor/sinks/sinks-file.ts"
import type { Fetch } from "../../../../src/client/exchange.ts"
import { formatCheckpoint } from "../../../../src/core/note/checkpoint.ts"
import { formatNote } from "../../../../src/core/note/note.ts"
import { portableHasher } from "../../../../src/core/tree/hash.ts"
import { makeFork } from "../../../../src/evidence/head-evidence.ts"
import { expectRefusal } from "../../../refusals.ts"
import { testSigner } from "../../../signers.ts"
import { alertOf, newFolder } from "./made-alert.ts"

const now = () => 0

describe("parseSinks()", () => {
  test("reads every kind of line", () => {
    const text = `# who is told
exec /usr/local/bin/hook  one\ttwo

webhook https://hooks.example/x?t=1 /etc/secret
jsonl alerts.jsonl
smtp smtps://mail.example:465 a@example.com b@example.com /etc/user
smtp smtp://mail.example:25 a@example.com b@example.com
witness https://witness.example/
ping https://ping.example/abc`
    expect(parseSinks(text).map(({ line }) => line)).toEqual([
      { kind: "exec", command: "/usr/local/bin/hook", words: ["one", "two"] },
      { kind: "webhook", url: "https://hooks.example/x?t=1", secretFile: "/etc/secret" },
      { kind: "jsonl", path: "alerts.jsonl" },
      {
        kind: "smtp",
        server: { host: "mail.example", port: 465, isSecure: true },
        from: "a@example.com",
        to: "b@example.com",
        userFile: "/etc/user",
      },
      {
        kind: "smtp",
        server: { host: "mail.example", port: 25, isSecure: false },
        from: "a@example.com",
        to: "b@example.com",
      },
      { kind: "witness", url: "https://witness.example" },
      { kind: "ping", url: "https://ping.example/abc" },
    ])
    expect(parseSinks("")).toEqual([])
  })

  test.each([
    "exec hook",
    "exec",
    "webhook https://a.example",
    "webhook ftp://a.example /f",
    "webhook https://u:p@a.example /f",
    "jsonl a b",
    "smtp smtp://a a@b c@d",
    "smtp smtp://a:1 a@b",
    "smtp smtp://a:1 a@b c@d e f",
    "witness",
    "witness a b",
    "ping nowhere",
    "slack https://a.example",
    "jsonl a\r",
    "jsonl \u0001",
  ])("refuses %j with the number of its line", (line) => {
    const refusal = expectRefusal("malformed", () => parseSinks(`# one\n\n${line}\n`))
    expect(refusal.message).toMatch(/^sinks file, line 3: /)
  })

  test("refuses the same sink twice, and does not show what may be secret", () => {
    expectRefusal("malformed", () => parseSinks("jsonl a\njsonl  a\n"))
    const refusal = expectRefusal("malformed", () => parseSinks("webhook https://a/TOKEN\n"))
    expect(refusal.message).not.toContain("TOKEN")
    expectRefusal("too-large", () => parseSinks(`jsonl ${"a".repeat(5000)}`))
  })
})

describe("openSinks()", () => {
  const answering = (status: number, asked: string[]): Fetch => {
    return async (url, init) => {
      asked.push(`${init?.method ?? "GET"} ${url} ${init?.body ?? ""}`)
      return new Response(null, { status })
    }
  }

  test("names each sink by its line, whatever the order, without giving it away", async () => {
    const folder = newFolder()
    const secret = join(folder, "secret")
    writeFileSync(secret, `whsec_${Buffer.alloc(32).toString("base64")}\n`)
    const lines = ["jsonl a", `webhook https://hooks.example/TOKEN ${secret}`, "jsonl b"]
    const path = join(folder, "sinks")
    const namesOf = async (text: string) => {
      writeFileSync(path, text)
      const { sinks } = await readSinks(path, { fetch: globalThis.fetch, now })
      return sinks.map(({ name }) => name)
    }
    const names = await namesOf(lines.join("\n"))
    expect(names.map((name) => name.replace(/-[0-9a-f]{8}$/, ""))).toEqual([
      "jsonl",
      "webhook",
      "jsonl",
    ])
    expect(new Set(names).size).toBe(3)
    expect((await namesOf(lines.toReversed().join("\n"))).toReversed()).toEqual(names)
    expect(names.join()).not.toContain("TOKEN")
  })

  test("gives up on a sink that never settles", async () => {
    const fetch: Fetch = () => new Promise(() => {})
    const folder = newFolder()
    const secret = join(folder, "secret")
    writeFileSync(secret, `whsec_${Buffer.alloc(32).toString("base64")}`)
    const configured = parseSinks(`webhook https://a.example ${secret}`)
    const { sinks } = await openSinks(configured, { fetch, now, timeout: 40, grace: 10 })
    await expect(sinks[0]?.deliver(alertOf())).rejects.toThrow("no answer within 50 ms")
  })

  test("opens files for sinks that work", async () => {
    const path = join(newFolder(), "alerts")
    const { sinks } = await openSinks(parseSinks(`jsonl ${path}`), { fetch: globalThis.fetch, now })
    await sinks[0]?.deliver(alertOf())
    expect(readFileSync(path, "utf8")).toContain('"kind":"fork"')
  })

  test("pings with GET, and fails for every answer but 2xx", async () => {
    const asked: string[] = []
    const configured = parseSinks("ping https://ping.example/abc")
    const good = await openSinks(configured, { fetch: answering(200, asked), now })
    expect(good.sinks).toEqual([])
    await good.pings[0]?.ping()
    expect(asked).toEqual(["GET https://ping.example/abc "])
    const bad = await openSinks(configured, { fetch: answering(404, asked), now })
    await expect(bad.pings[0]?.ping()).rejects.toThrow("404")
  })

  test("gives a witness the evidence that freezes a log, and nothing else", async () => {
    const asked: string[] = []
    const configured = parseSinks("witness https://witness.example/")
    const signer = testSigner("log.example", 1, 1)
    const notes = [1, 2].map((seed) => {
      const head = {
        origin: "log.example",
        size: 5,
        root: portableHasher.leaf(Uint8Array.of(seed)),
      }
      const text = formatCheckpoint("log.example", head)
      return formatNote(text, [signer.sign(text, head, 0)])
    }) as [string, string]
    const { id, text } = makeFork(signer.vkey, ...notes)
    const fork = alertOf({ evidence: { id, isKept: true, text } })
    const { sinks } = await openSinks(configured, { fetch: answering(201, asked), now })
    const { evidence: _, ...without } = alertOf()
    await sinks[0]?.deliver(without)
    await sinks[0]?.deliver({ ...fork, isCanary: true })
    expect(asked).toEqual([])
    await sinks[0]?.deliver(fork)
    expect(asked).toEqual([`POST https://witness.example/evidence ${text}`])
    for (const [status, isTaken] of [
      [403, true],
      [422, true],
      [404, false],
      [503, false],
    ] as const) {
      const { sinks } = await openSinks(configured, { fetch: answering(status, asked), now })
      const delivery = sinks[0]?.deliver(fork)
      if (isTaken) await delivery
      else await expect(delivery).rejects.toThrow(String(status))
    }
  })
})
