// A write fails, and what a server says of it cannot be written either: it is gone all the same, so that a supervisor
// starts it again. strace lets syncs and writes fail.
import { spawnSync } from "node:child_process"
import { once } from "node:events"
import { connect } from "node:net"
import { join } from "node:path"
import { expect, onTestFinished, test } from "vitest"
import { createLogClient } from "../../../src/client/log-client.ts"
import { newRequest } from "../log/load.ts"
import { newLog } from "../log/new-log.ts"
import { PATIENCE } from "../process.ts"
import { fileForErrors, fullPipe, type StandardError } from "./full-pipe.ts"
import { serveSilently } from "./server.ts"

const hasStrace = spawnSync("strace", ["-f", "-o", "/dev/null", "true"]).status === 0
if (!hasStrace) console.warn("SKIPPED: strace does not run here, so no failed write was tried")

/** strace's words that let every sync of these files fail, and every write to standard error if `mute`. */
function failing(files: readonly string[], mute: string | undefined): readonly string[] {
  const calls = mute === undefined ? "fsync,fdatasync" : "fsync,fdatasync,write,writev"
  const paths = [...files, ...(mute === undefined ? [] : [mute])].flatMap((path) => ["-P", path])
  return [
    ...["strace", "-f", "-qq", "-o", "/dev/null", ...paths, "-e", `trace=${calls}`],
    ...["-e", `inject=${calls}:error=EIO`],
  ]
}

interface Case {
  readonly name: string
  readonly standardError: () => StandardError
  readonly isMute: boolean
}

const cases: readonly Case[] = [
  { name: "a file whose disk fails as well", standardError: fileForErrors, isMute: false },
  { name: "a file that takes no line", standardError: fileForErrors, isMute: true },
  { name: "a full pipe that nobody reads", standardError: fullPipe, isMute: false },
]

for (const { name, standardError, isMute } of cases) {
  test.runIf(hasStrace)(
    `a log whose guard fails is gone, with standard error ${name}`,
    async () => {
      const { data, guard } = await newLog()
      const { path, descriptor } = standardError()
      const under = failing(isMute ? [guard] : [guard, path], isMute ? path : undefined)
      const words = ["serve", "--data", data, "--guard", guard]
      const served = await serveSilently(words, descriptor, under)
      const client = createLogClient({ url: served.url })
      await expect(client.submit(newRequest())).rejects.toThrow()
      expect(await served.ended).toEqual({ code: null, signal: "SIGKILL" })
    },
  )
}

test("a log whose standard error nobody reads is served, stopped, and gone", async () => {
  const { data, guard } = await newLog()
  const { descriptor } = fullPipe()
  const served = await serveSilently(["serve", "--data", data, "--guard", guard], descriptor)
  await createLogClient({ url: served.url }).submit(newRequest())
  served.send("SIGTERM")
  expect(await served.ended).toEqual({ code: 0, signal: null })
})

/** A request whose body never comes to its end. */
async function openRequest(url: string): Promise<void> {
  const socket = connect(Number(new URL(url).port), "127.0.0.1")
  onTestFinished(() => void socket.destroy())
  socket.on("error", () => {})
  await once(socket, "connect")
  const headers = ["host: localhost", "content-type: application/json", "content-length: 1000"]
  socket.write(["POST /v1/entries HTTP/1.1", ...headers, "", "{"].join("\r\n"))
}

async function isRefusing(url: string): Promise<boolean> {
  try {
    await fetch(`${url}/healthz`)
    return false
  } catch {
    return true
  }
}

test("a stop that waits for a request is ended by the second signal", async () => {
  const { data, guard } = await newLog()
  const { descriptor } = fullPipe()
  const served = await serveSilently(["serve", "--data", data, "--guard", guard], descriptor)
  await openRequest(served.url)
  served.send("SIGTERM")
  await expect.poll(() => isRefusing(served.url), PATIENCE).toBe(true)
  served.send("SIGTERM")
  expect(await served.ended).toEqual({ code: null, signal: "SIGKILL" })
})

test.runIf(hasStrace)(
  "a command that is over ends, though its standard error cannot be flushed",
  async () => {
    const { data } = await newLog()
    const { path, descriptor } = fileForErrors()
    const program = join(import.meta.dirname, "../../../dist/cli/main.js")
    const command = [
      process.execPath,
      program,
      "token",
      "create",
      "--data",
      data,
      "--scope",
      "submit",
    ]
    const [file = "", ...words] = [...failing([], undefined), "-P", path, ...command]
    const { status, signal } = spawnSync(file, words, {
      stdio: ["ignore", "ignore", descriptor],
      timeout: 20_000,
      killSignal: "SIGKILL",
    })
    expect({ status: status === null, signal }).toEqual({ status: false, signal: null })
  },
)
