// A server whose standard error the test chooses, found by its port.
import { spawn } from "node:child_process"
import { once } from "node:events"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { expect, onTestFinished } from "vitest"
import { PATIENCE, programCommand } from "../process.ts"

export interface Ending {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

interface Server {
  readonly url: string
  readonly ended: Promise<Ending>
  send(signal: NodeJS.Signals): void
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1")
  await once(server, "listening")
  const address = server.address()
  server.close()
  if (address === null || typeof address === "string") throw new Error("expected a port")
  return address.port
}

async function isServing(url: string): Promise<boolean> {
  try {
    return (await fetch(`${url}/healthz`)).status > 0
  } catch {
    return false
  }
}

/** Serves with these words after `countersign`; resolves once it answers. */
export async function serveSilently(
  words: readonly string[],
  descriptor: number,
  under: readonly string[] = [],
): Promise<Server> {
  const url = `http://127.0.0.1:${await freePort()}`
  const listening = ["--listen", url.slice("http://".length)]
  const [file = "", ...args] = [...under, ...programCommand, ...words, ...listening]
  const child = spawn(file, args, {
    cwd: tmpdir(),
    detached: true,
    stdio: ["ignore", "ignore", descriptor],
  })
  const ended = once(child, "exit").then(([code, signal]) => ({ code, signal }) as Ending)
  function send(signal: NodeJS.Signals): void {
    const { pid, exitCode, signalCode } = child
    if (pid !== undefined && exitCode === null && signalCode === null) process.kill(-pid, signal)
  }
  onTestFinished(async () => {
    send("SIGKILL")
    await ended
  })
  await expect.poll(() => isServing(url), PATIENCE).toBe(true)
  return { url, ended, send }
}
