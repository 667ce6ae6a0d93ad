// A log whose answers get lost on the way: what was logged is found, nothing is logged twice, and nothing is claimed
// that the log has not proven.
import { existsSync, rmSync } from "node:fs"
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest"
import { type Ran, run } from "../command/fake-terminal.ts"
import { type KeyFiles, openWorkspace, type Workspace, writeKeys } from "../workspace.ts"
import { openSwallowingProxy, type SwallowingProxy } from "./swallowing.ts"

let workspace: Workspace
let keys: KeyFiles
let proxy: SwallowingProxy

beforeAll(async () => {
  workspace = await openWorkspace()
  keys = writeKeys(workspace, "signer")
})
afterAll(() => workspace.close())

beforeEach(async () => {
  proxy = await openSwallowingProxy(workspace.url)
})
afterEach(() => proxy.close())

const size = () => workspace.served.log.head().size

function sign(artifacts: readonly string[], ...words: readonly string[]): Promise<Ran> {
  const common = ["sign", "--log", proxy.url, "--key", keys.secret]
  const trust = ["--trusted-root", workspace.trustedRoot]
  return run([...common, ...trust, ...words, "--artifact", ...artifacts])
}

async function expectVerified(artifact: string): Promise<void> {
  const trust = ["--trusted-root", workspace.trustedRoot]
  const bundle = ["--bundle", `${artifact}.sigstore.json`, "--artifact", artifact]
  const ran = await run(["verify", ...bundle, "--key", keys.public, ...trust])
  expect(ran).toMatchObject({ code: 0, err: "" })
}

const POST = "POST /v1/entries"
const BATCH = "POST /v1/entries/batch"

describe("an answer that is lost", () => {
  test("once is asked for again, and the entry is there once", async () => {
    const artifact = workspace.write("lost-once.bin", "lost once")
    const before = size()
    proxy.isLost = (line, count) => (line === POST && count === 1 ? "answer" : undefined)
    const ran = await sign([artifact])
    expect(ran.code).toBe(0)
    expect(ran.err).toContain("asking again in")
    expect(ran.out).toContain("(logged before)")
    expect(size()).toBe(before + 1)
    expect(proxy.asked.filter((line) => line === POST)).toHaveLength(2)
    await expectVerified(artifact)
  })

  test("every time is replaced by looking the entry up by its leaf hash", async () => {
    const artifact = workspace.write("lost-always.bin", "lost always")
    const before = size()
    proxy.isLost = (line) => (line === POST ? "answer" : undefined)
    expect(await sign([artifact])).toMatchObject({ code: 0 })
    expect(size()).toBe(before + 1)
    expect(proxy.asked.at(-1)).toMatch(/^GET \/v1\/proofs\/inclusion\?leafHash=[0-9a-f]{64}$/)
    await expectVerified(artifact)
  })

  test("with all others is no reason to claim anything", async () => {
    const artifact = workspace.write("lost-all.bin", "lost all")
    proxy.isLost = () => "answer"
    const ran = await sign([artifact])
    expect(ran).toMatchObject({ code: 1, out: "" })
    expect(ran.err).toContain("whether it was logged is not known; run the same command again")
    expect(existsSync(`${artifact}.sigstore.json`)).toBe(false)
  })

  test("of a request that never arrived is no entry, and the entry comes with the next try", async () => {
    const artifact = workspace.write("lost-request.bin", "lost request")
    const before = size()
    proxy.isLost = (line) => (line === POST ? "request" : undefined)
    const ran = await sign([artifact])
    expect(ran).toMatchObject({ code: 1, out: "" })
    expect(size()).toBe(before)
    proxy.isLost = () => undefined
    expect(await sign([artifact])).toMatchObject({ code: 0, err: "" })
    expect(size()).toBe(before + 1)
  })

  test("of a batch is asked for again, and every artifact has its own entry", async () => {
    const artifacts = [1, 2, 3].map((i) => workspace.write(`batch-${i}.bin`, `batch ${i}`))
    const before = size()
    proxy.isLost = (line, count) => (line === BATCH && count < 3 ? "answer" : undefined)
    expect(await sign(artifacts)).toMatchObject({ code: 0 })
    expect(size()).toBe(before + 3)
    for (const artifact of artifacts) await expectVerified(artifact)
  })

  test("of a batch is found entry by entry where the log answers nothing else", async () => {
    const artifacts = [1, 2, 3].map((i) => workspace.write(`found-${i}.bin`, `found ${i}`))
    proxy.isLost = (line) => (line === BATCH ? "answer" : undefined)
    expect(await sign(artifacts)).toMatchObject({ code: 0 })
    for (const artifact of artifacts) await expectVerified(artifact)
  })

  test("that something in between wrote anew is one, whatever it wrote", async () => {
    const artifact = workspace.write("rewritten.bin", "rewritten")
    const before = size()
    const ran = await run(
      [
        ...["sign", "--log", workspace.url, "--key", keys.secret, "--retries", "0"],
        ...["--trusted-root", workspace.trustedRoot, "--artifact", artifact],
      ],
      {
        async fetch(url, init) {
          const response = await globalThis.fetch(url, init)
          if (init?.method !== "POST") return response
          const headers = { "content-type": "application/json" }
          return new Response("<html>bad gateway", { status: 502, headers })
        },
      },
    )
    expect(ran).toMatchObject({ code: 0, err: "" })
    expect(size()).toBe(before + 1)
    await expectVerified(artifact)
  })
})

describe("a log that answers nothing more", () => {
  test("is asked for one entry of a batch, and not for each", async () => {
    const artifacts = [1, 2, 3].map((i) => workspace.write(`storm-${i}.bin`, `storm ${i}`))
    const asked: string[] = []
    const words = ["--trusted-root", workspace.trustedRoot, "--artifact", ...artifacts]
    const ran = await run(
      ["sign", "--log", workspace.url, "--key", keys.secret, "--retries", "0", ...words],
      {
        async fetch(_url, init) {
          asked.push(init?.method ?? "GET")
          if (init?.method === "POST") throw new TypeError("fetch failed")
          const headers = { "content-type": "application/problem+json" }
          const problem = JSON.stringify({ code: "try-later", detail: "a storm" })
          return new Response(problem, { status: 429, headers })
        },
      },
    )
    expect(ran).toMatchObject({ code: 1, out: "" })
    expect(asked).toEqual(["POST", "GET"])
    expect(ran.err.match(/whether it was logged is not known/g)).toHaveLength(3)
  })

  test("is sent no further batch, and every artifact that has no entry is named", async () => {
    const artifacts = Array.from({ length: 1_002 }, (_, i) => workspace.write(`many-${i}`, `${i}`))
    proxy.isLost = () => "request"
    const ran = await sign(artifacts, "--retries", "0")
    expect(ran).toMatchObject({ code: 1, out: "" })
    expect(proxy.asked.filter((line) => line === BATCH)).toHaveLength(1)
    expect(ran.err.match(/whether it was logged is not known/g)).toHaveLength(1_000)
    expect(ran.err).toMatch(/many-1000: not sent, since the log did not answer/)
    expect(ran.err).toMatch(/many-1001: not sent, since the log did not answer/)
  })
})

describe("a pipeline that is retried", () => {
  test("three times makes one entry and leaves the first bundle as it is", async () => {
    const artifact = workspace.write("retried.bin", "retried")
    const before = size()
    const bundles: string[] = []
    for (const lost of ["answer", undefined, undefined] as const) {
      proxy.isLost = (line, count) => (line === POST && count === 1 ? lost : undefined)
      expect((await sign([artifact])).code).toBe(0)
      bundles.push(workspace.read("retried.bin.sigstore.json"))
    }
    expect(size()).toBe(before + 1)
    expect(new Set(bundles).size).toBe(1)
  })

  test("in a fresh folder each time makes one entry and the same index", async () => {
    const artifact = workspace.write("fresh.bin", "fresh")
    const before = size()
    const indexes: unknown[] = []
    for (let round = 0; round < 3; round++) {
      rmSync(`${artifact}.sigstore.json`, { force: true })
      const ran = await sign([artifact], "--json")
      indexes.push(JSON.parse(ran.out).index)
    }
    expect(indexes).toEqual([before, before, before])
    expect(size()).toBe(before + 1)
  })

  test("after a part of it failed completes the rest, and says what it kept", async () => {
    const artifacts = [1, 2, 3].map((i) => workspace.write(`part-${i}.bin`, `part ${i}`))
    const missing = artifacts[1] ?? ""
    rmSync(missing)
    const before = size()
    const first = await sign(artifacts)
    expect(first.code).toBe(1)
    expect(first.out).toContain("part-1.bin: entry")
    expect(first.out).toContain("part-3.bin: entry")
    expect(first.err).toContain("part-2.bin: artifact")
    expect(first.err).toContain("2 of 3 have their bundles")
    expect(size()).toBe(before + 2)
    workspace.write("part-2.bin", "part 2")
    const second = await sign(artifacts)
    expect(second).toMatchObject({ code: 0, err: "" })
    expect(second.out.match(/its bundle is there and is kept/g)).toHaveLength(2)
    expect(size()).toBe(before + 3)
    for (const artifact of artifacts) await expectVerified(artifact)
  })
})
