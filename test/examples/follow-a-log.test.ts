// Runs examples/follow-a-log as a process of its own: against a real log that grows, and against logs that lie.
import { spawn } from "node:child_process"
import { writeFileSync } from "node:fs"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { join } from "node:path"
import { expect, onTestFinished, test } from "vitest"
import { formatTrustedRoot } from "../../src/sigstore/trusted-root.ts"
import { type MadeLog, makeLog } from "../client/made-log.ts"
import { signedRequest } from "../http/served-log.ts"
import { newLog } from "../scenarios/log/new-log.ts"
import { checkout, countersign, PATIENCE, serve } from "../scenarios/process.ts"
import { newFolder } from "../storage/folder.ts"

/** The example at work, and what it has written so far. */
function follow(url: string, trustedRoot: string) {
  const file = join(newFolder(), "trusted_root.json")
  writeFileSync(file, trustedRoot)
  const words = ["examples/follow-a-log/follow.js", url, file]
  const child = spawn(process.execPath, words, { cwd: checkout })
  onTestFinished(() => void child.kill("SIGKILL"))
  const written = { stdout: "", stderr: "" }
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    written.stdout += text
  })
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    written.stderr += text
  })
  return { written, code: () => child.exitCode }
}

test("prints the entries of a log, and those that come later", async () => {
  const log = await newLog()
  const { url, client } = await serve(log.data, log.options)
  await client.submit(signedRequest("one"))
  const words = ["--data", log.data, "--format", "trusted-root", "--url", "http://log.example"]
  const { written } = follow(url, (await countersign("keys", ...words)).stdout)
  await expect.poll(() => written.stdout, PATIENCE).toMatch(/^log\.example 0 \{"apiVersion".*\n$/)
  for (const artifact of ["two", "three", "four", "five", "six"]) {
    await client.submit(signedRequest(artifact))
  }
  await expect.poll(() => written.stdout, PATIENCE).toMatch(/^log\.example 5 /m)
  expect(written.stdout.match(/^log\.example \d /gm)).toHaveLength(6)
  expect(written.stderr).toBe("")
})

/** A log as it is shown to the example. */
interface Shown {
  readonly url: string
  readonly bodies: Uint8Array[]
  checkpoint: string
}

async function show(): Promise<Shown> {
  const server = createServer(({ url = "" }, response) => {
    if (url === "/checkpoint") return response.end(shown.checkpoint)
    const index = Number(/^\/v1\/entries\/(\d+)$/.exec(url)?.[1])
    const body = Buffer.from(shown.bodies[index] ?? []).toString("base64")
    const entry = { index, leafHash: "00".repeat(32), body, time: "2026-01-01T00:00:00Z" }
    return response.setHeader("content-type", "application/json").end(JSON.stringify(entry))
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
  })
  const { port } = server.address() as AddressInfo
  const shown: Shown = { url: `http://127.0.0.1:${port}`, bodies: [], checkpoint: "" }
  return shown
}

async function grow(log: MadeLog, shown: Shown, texts: readonly string[]): Promise<void> {
  for (const text of texts) {
    const { body, checkpoint } = await log.addBody(new TextEncoder().encode(text))
    shown.bodies.push(body)
    shown.checkpoint = checkpoint
  }
}

function rootOf({ origin, ecdsaSpki }: MadeLog): string {
  const pinned = { baseUrl: `https://${origin}`, spki: ecdsaSpki, validFrom: new Date(0) }
  return formatTrustedRoot([pinned])
}

const NOT_THE_TREE = /signed a tree of \d+ that is not the tree of its entries/

test.each([
  {
    lie: "serves another entry than the one it signed",
    tell: async (log: MadeLog, shown: Shown) => {
      await grow(log, shown, ["c"])
      shown.bodies[2] = new TextEncoder().encode("another")
    },
    reason: NOT_THE_TREE,
  },
  {
    lie: "takes an entry back",
    tell: async (log: MadeLog, shown: Shown, older: string) => {
      await grow(log, shown, ["c"])
      shown.checkpoint = older
    },
    reason: NOT_THE_TREE,
  },
  {
    lie: "shows a head that another key signed",
    tell: async (_: MadeLog, shown: Shown) => {
      await grow(makeLog(), shown, ["a", "b", "c"])
    },
    reason: /untrusted|bad-signature|no signature/,
  },
])("ends as soon as a log $lie", async ({ tell, reason }) => {
  const log = makeLog()
  const shown = await show()
  await grow(log, shown, ["a"])
  const older = shown.checkpoint
  await grow(log, shown, ["b"])
  const { written, code } = follow(shown.url, rootOf(log))
  await expect.poll(() => written.stdout, PATIENCE).toMatch(/^log\.example 1 b$/m)
  expect(code()).toBe(null)
  await tell(log, shown, older)
  await expect.poll(code, PATIENCE).toBe(1)
  expect(written.stderr).toMatch(reason)
})
