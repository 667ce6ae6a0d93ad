// Commands that ask again: what they say of it, what the options allow, and that the same entry comes of it.
import { generateKeyPairSync } from "node:crypto"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import type { Fetch } from "../../../src/client/exchange.ts"
import { run } from "../command/fake-terminal.ts"
import { openWorkspace, type Workspace, writeKeys } from "../workspace.ts"

let workspace: Workspace

beforeAll(async () => {
  workspace = await openWorkspace()
})

afterAll(() => workspace.close())

/** The platform's fetch after so many failures; `lost` loses the answer and not the question. */
function failing(times: number, lost = false): { readonly fetch: Fetch; readonly asked: string[] } {
  const asked: string[] = []
  const fetch: Fetch = async (url, init) => {
    asked.push(String(url))
    if (asked.length > times) return await globalThis.fetch(url, init)
    if (lost) await globalThis.fetch(url, init)
    throw new TypeError("fetch failed", { cause: new Error("read ECONNRESET") })
  }
  return { fetch, asked }
}

function standing(): () => number {
  return () => 0
}

describe("a command whose log fails twice", () => {
  test("asks again and says so once, on standard error", async () => {
    const { fetch, asked } = failing(2)
    const words = ["checkpoint", "--log", workspace.url, "--json"]
    const waits: number[] = []
    const sleep = async (wait: number) => void waits.push(wait)
    const ran = await run(words, { fetch, sleep, now: standing() })
    expect(ran.code).toBe(0)
    expect(asked).toHaveLength(3)
    expect(waits).toEqual([250, 500])
    expect(ran.err.match(/asking again/g)).toHaveLength(1)
    expect(ran.err).toContain("read ECONNRESET; asking again in 0.3 seconds")
    expect(Object.keys(JSON.parse(ran.out))).toContain("size")
  })

  test("asks as often as --retries says", async () => {
    for (const [retries, times] of [
      ["0", 1],
      ["1", 2],
    ] as const) {
      const { fetch, asked } = failing(9)
      const words = ["checkpoint", "--log", workspace.url, "--retries", retries]
      expect(await run(words, { fetch, now: standing() })).toMatchObject({ code: 1, out: "" })
      expect(asked).toHaveLength(times)
    }
  })

  test("submits what it has submitted already, and the entry stays the one", async () => {
    const keys = writeKeys(workspace, "retried", generateKeyPairSync("ed25519"))
    const artifact = workspace.write("retried", "retried")
    const before = workspace.served.log.head().size
    const { fetch, asked } = failing(1, true)
    const words = ["submit", "--log", workspace.url, "--artifact", artifact, "--key", keys.secret]
    const ran = await run(words, { fetch, now: standing() })
    expect(ran).toMatchObject({ code: 0 })
    expect(asked.filter((url) => url.includes("/v1/entries")).length).toBeGreaterThan(1)
    expect(workspace.served.log.head().size).toBe(before + 1)
  })
})

test.each([
  ["--retries", "11", "expected 0 to 10 retries"],
  ["--retries", "-1", "retries"],
  ["--timeout", "0", "expected 1 to 300 seconds"],
  ["--timeout", "301", "expected 1 to 300 seconds"],
  ["--timeout", "x", "seconds"],
])("%s %s is a wrong command line", async (flag, value, words) => {
  const ran = await run(["checkpoint", "--log", workspace.url, flag, value])
  expect(ran.code).toBe(2)
  expect(ran.err).toContain(words)
})

test("--timeout is how long one request may take", async () => {
  const hanging: Fetch = (_url, init) =>
    new Promise((_resolve, reject) => {
      init?.signal?.addEventListener("abort", () => reject(init.signal?.reason))
    })
  const words = ["checkpoint", "--log", workspace.url, "--timeout", "1", "--retries", "1"]
  const ran = await run(words, { fetch: hanging, now: standing() })
  expect(ran).toMatchObject({ code: 1 })
  expect(ran.err).toMatch(/timeout/)
})
