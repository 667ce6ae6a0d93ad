// Servers of a run: they keep their URL, say why they cannot start, and never outlive their check.
import { expect, onTestFinished, test } from "vitest"
import { createRunner } from "../../../interop/running/check.ts"
import { openRoom, type Room } from "../../../interop/running/room.ts"
import type { Service } from "../../../interop/running/service.ts"
import { rawKey } from "../../../interop/witnesses/own-witness.ts"
import { makeTemporaryFolder } from "../folder.ts"

const SCRIPT = `
const [host, port] = process.argv[1].split(":")
require("node:http").createServer((request, response) => {
  response.writeHead(request.url === "/ready" ? 200 : 404).end()
}).listen(port, host)
console.log("here")
`
const words = (address: string) => [process.execPath, "-e", SCRIPT, address]

function newRoom(): Room {
  const room = openRoom(makeTemporaryFolder())
  onTestFinished(() => room.leave())
  return room
}

const statusOf = async ({ url }: Service, path: string) => (await fetch(url + path)).status

test("a server keeps its URL when it is stopped and started", async () => {
  const room = newRoom()
  const service = await room.serve({ words, probe: "/ready" })
  expect(await statusOf(service, "/ready")).toBe(200)
  expect(service.written()).toBe("here\n")
  await service.stop()
  await expect(fetch(service.url)).rejects.toThrow()
  await service.start()
  expect(await statusOf(service, "/ready")).toBe(200)
})

test("a server without a probe is there once it gives any answer", async () => {
  expect(await statusOf(await newRoom().serve({ words }), "/")).toBe(404)
})

test("a server that ends before it serves is an error with what it wrote", async () => {
  const ending = () => ["sh", "-c", 'echo "no $REASON"; exit 3']
  const served = newRoom().serve({ words: ending, env: { REASON: "database" } })
  await expect(served).rejects.toThrow(/nothing serves .*: no database/)
})

test("a program that cannot be started is an error and leaves nothing to wait for", async () => {
  const room = newRoom()
  const served = room.serve({ words: () => ["/nowhere/program"] })
  await expect(served).rejects.toMatchObject({
    cause: expect.objectContaining({ code: "ENOENT" }),
  })
  await room.leave()
})

test("what runs in a room ends with its check, also if the check fails", async () => {
  const urls: string[] = []
  async function run(room: Room): Promise<void> {
    urls.push((await room.serve({ words })).url)
    urls.push((await room.serve({ words })).url)
    throw new Error("no")
  }
  const runner = createRunner(makeTemporaryFolder(), () => {})
  await runner.run({ name: "a", checks: [{ operation: "one", run }] })
  expect(runner.report().results).toMatchObject([{ outcome: "FAIL", reason: "no" }])
  expect(urls).toHaveLength(2)
  for (const url of urls) await expect(fetch(url)).rejects.toThrow()
})

test("rawKey() gives the key of a verifier key without its type, in hexadecimal", () => {
  const vkey = "w.example/w+fbc5df2a+BDiK94wbTL0BHy+EX3cABCr7iaQx19hkyMjcEaNh2h66"
  expect(rawKey(vkey)).toBe("388af78c1b4cbd011f2f845f7700042afb89a431d7d864c8c8dc11a361da1eba")
})
