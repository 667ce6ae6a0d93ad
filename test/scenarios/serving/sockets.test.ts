// Where a server listens besides at a port: Unix sockets, with what lies at their paths and who may connect, and
// sockets that a supervisor has opened for it; and what a supervisor asks it.
import { type ChildProcess, spawn } from "node:child_process"
import { existsSync, lstatSync, mkdirSync, statSync, symlinkSync, writeFileSync } from "node:fs"
import { type AddressInfo, createServer, type Server } from "node:net"
import { join } from "node:path"
import { describe, expect, onTestFinished, test } from "vitest"
import { newFolder } from "../../storage/folder.ts"
import { newLog } from "../log/new-log.ts"
import {
  countersign,
  type Ended,
  PATIENCE,
  programCommand,
  type Running,
  serve,
  start,
} from "../process.ts"
import { askPlain, askSocket } from "./asking.ts"
import { newAuthority } from "./certificates.ts"

interface Started extends Running {
  readonly wrote: () => string
}

/** Starts a log of its own with these words. */
async function startLog(...words: readonly string[]): Promise<Started> {
  const { data, options } = await newLog()
  let seen = ""
  const command = [...programCommand, "serve", "--data", data, ...options.words, ...words]
  const running = start(command, {
    onStderr(text) {
      seen += text
    },
  })
  return { ...running, wrote: () => seen }
}

/** As {@link startLog}, once it serves. */
async function serveAt(...words: readonly string[]): Promise<Started> {
  const started = await startLog(...words)
  await expect.poll(started.wrote, PATIENCE).toContain('"msg":"serving"')
  return started
}

function stop(served: Running): Promise<Ended> {
  served.send("SIGTERM")
  return served.ended
}

const modeOf = (path: string): number => statSync(path).mode % 0o1000

describe("a Unix socket", () => {
  test("is where a log and its metrics are reached, by its group and by its owner, and goes when the log stops", async () => {
    const folder = newFolder()
    const [path, admin] = [join(folder, "log.sock"), join(folder, "admin.sock")]
    const served = await serveAt("--listen", `unix:${path}`, "--admin-listen", `unix:${admin}`)
    expect(served.wrote()).toContain(`"url":"unix:${path}"`)
    expect([modeOf(path), modeOf(admin)]).toEqual([0o660, 0o600])
    expect(await askSocket(path, "/readyz")).toMatchObject({ status: 200 })
    const { body } = await askSocket(admin, "/metrics")
    expect(body).toContain("countersign_tree_size")
    expect(await stop(served)).toMatchObject({ code: 0 })
    expect([path, admin].some(existsSync)).toBe(false)
  })

  test("of a process that was killed is taken over, and one that is in use is not", async () => {
    const path = join(newFolder(), "log.sock")
    const killed = await serveAt("--listen", `unix:${path}`)
    killed.send("SIGKILL")
    await killed.ended
    expect(lstatSync(path).isSocket()).toBe(true)

    const served = await serveAt("--listen", `unix:${path}`)
    const second = await startLog("--listen", `unix:${path}`)
    expect(await second.ended).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("another process listens there"),
    })
    expect(await askSocket(path, "/readyz")).toMatchObject({ status: 200 })
    await stop(served)
  })

  test("that another process has put in its place is left when the log stops", async () => {
    const path = join(newFolder(), "log.sock")
    const served = await serveAt("--listen", `unix:${path}`)
    await start(["rm", path]).ended
    const other = createServer()
    await new Promise<void>((resolve) => other.listen(path, resolve))
    onTestFinished(() => void other.close())
    expect(await stop(served)).toMatchObject({ code: 0 })
    expect(lstatSync(path).isSocket()).toBe(true)
  })

  test.each<[string, (path: string) => string, string]>([
    [
      "a file",
      (path) => {
        writeFileSync(path, "precious")
        return path
      },
      "found another file",
    ],
    [
      "a symbolic link",
      (path) => {
        symlinkSync("/dev/null", path)
        return path
      },
      "found another file",
    ],
    [
      "a folder",
      (path) => {
        mkdirSync(path)
        return path
      },
      "found another file",
    ],
    ["no folder above it", (path) => join(path, "log.sock"), "RuntimeDirectory="],
    ["too long a path", (path) => join(path, "x".repeat(100)), "expected a path of up to"],
  ])("is refused where there is %s, which stays", async (_, lay, message) => {
    const folder = newFolder()
    const path = lay(join(folder, "there"))
    const before = lstatSync(join(folder, "there"), { throwIfNoEntry: false })?.ino
    const started = await startLog("--listen", `unix:${path}`)
    expect(await started.ended).toMatchObject({ code: 1, stderr: expect.stringContaining(message) })
    expect(lstatSync(join(folder, "there"), { throwIfNoEntry: false })?.ino).toBe(before)
  })

  test("has an absolute path", async () => {
    const started = await startLog("--listen", "unix:log.sock")
    expect(await started.ended).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("unix:/ABSOLUTE/PATH"),
    })
  })
})

/** Node has it for whoever knows where to look. */
function descriptorOf(server: Server): number {
  const { _handle } = server as unknown as { readonly _handle: { readonly fd: number } }
  return _handle.fd
}

/** A supervisor that opens sockets and hands them to the process that it starts, as systemd does. */
async function supervise(
  sockets: readonly Server[],
  names: string,
  ...words: readonly string[]
): Promise<{ readonly child: ChildProcess; readonly wrote: () => string }> {
  const { data, options } = await newLog()
  const command = [...programCommand, "serve", "--data", data, ...options.words, ...words]
  // The shell becomes the server, so its own ID is the one that LISTEN_PID has to be.
  const child = spawn("sh", ["-c", 'LISTEN_PID=$$ exec "$@"', "sh", ...command], {
    stdio: ["ignore", "ignore", "pipe", ...sockets.map(descriptorOf)],
    env: { ...process.env, LISTEN_FDS: String(sockets.length), LISTEN_FDNAMES: names },
  })
  onTestFinished(() => void child.kill("SIGKILL"))
  let seen = ""
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    seen += text
  })
  return { child, wrote: () => seen }
}

async function opened(where: { port: number; host: string } | { path: string }): Promise<Server> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(where, resolve))
  onTestFinished(() => void server.close())
  return server
}

describe("sockets of systemd", () => {
  test("are taken by order and by name, and left when the log stops", async () => {
    const path = join(newFolder(), "admin.sock")
    const open = await opened({ host: "127.0.0.1", port: 0 })
    const admin = await opened({ path })
    const words = ["--listen", "systemd", "--admin-listen", "systemd:metrics"]
    const { child, wrote } = await supervise([open, admin], "web:metrics", ...words)
    await expect.poll(wrote, PATIENCE).toContain('"msg":"serving"')
    const { port } = open.address() as AddressInfo
    expect(wrote()).toContain(`"url":"http://127.0.0.1:${port}"`)
    // Nobody but the log takes connections from here on.
    open.close()
    admin.close()
    const ended = new Promise((resolve) => child.once("exit", resolve))
    expect(await askPlain(`http://127.0.0.1:${port}/readyz`)).toMatchObject({ status: 200 })
    child.kill("SIGTERM")
    expect(await ended).toBe(0)
  })

  test("that are not there, or have another name, are a reason not to start", async () => {
    const started = await startLog("--listen", "systemd")
    expect(await started.ended).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("expected a socket from systemd, found none"),
    })
    const open = await opened({ host: "127.0.0.1", port: 0 })
    const { child, wrote } = await supervise([open], "web", "--listen", "systemd:log")
    expect(await new Promise((resolve) => child.once("exit", resolve))).toBe(1)
    await expect
      .poll(wrote, PATIENCE)
      .toContain("expected a socket named log from systemd, found those named web")
  })
})

describe("countersign health", () => {
  test("exits with 0 where a server is ready, at a port, at a socket and over TLS", async () => {
    const folder = newFolder()
    const path = join(folder, "log.sock")
    await serveAt("--listen", `unix:${path}`)
    expect(await countersign("health", "--socket", path)).toMatchObject({ code: 0, stdout: "ok\n" })

    const { data, options } = await newLog()
    const plain = await serve(data, options)
    expect(await countersign("health", "--url", plain.url)).toMatchObject({ code: 0 })

    const { file: ca, issue } = newAuthority()
    const { certificate, key } = issue("server", { names: "DNS:log.example" })
    const other = await newLog()
    const words = [...other.options.words, "--tls-certificate", certificate, "--tls-key", key]
    const { url } = await serve(other.data, { words })
    const asked = ["health", "--url", url, "--ca-file", ca]
    expect(await countersign(...asked, "--server-name", "log.example")).toMatchObject({ code: 0 })
    expect(await countersign(...asked)).toMatchObject({ code: 1 })
    expect(await countersign("health", "--url", url)).toMatchObject({ code: 1 })
  })

  test("exits with 1 where nobody listens, nobody answers, or the server is not ready", async () => {
    const silent = await opened({ host: "127.0.0.1", port: 0 })
    const { port } = silent.address() as AddressInfo
    expect(await countersign("health", "--url", `http://127.0.0.1:${port}`)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("no answer within 2 seconds"),
    })
    const nowhere = join(newFolder(), "none.sock")
    expect(await countersign("health", "--socket", nowhere)).toMatchObject({ code: 1 })

    const { data, options } = await newLog()
    const words = [...options.words, "--min-free-bytes", String(2 ** 52)]
    const full = await serve(data, { words })
    expect(await countersign("health", "--url", full.url)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("found 503"),
    })
  })
})
