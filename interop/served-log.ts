// A fresh development log, served by the built program on a port of its own that it keeps over restarts:
// clients remember a log by its URL.
import { mkdirSync } from "node:fs"
import type { AddressInfo } from "node:net"
import { createServer } from "node:net"
import { join } from "node:path"
import { lastWords, type Running, runCommand, startServer } from "./process.ts"
import { projectPath } from "./project.ts"
import { environment } from "./room.ts"

export interface ServedLog {
  /** With `localhost` for the host, which is the log's origin. */
  readonly url: string
  readonly data: string
  /** Ends the server in an orderly way and starts it again over the same data. */
  restart(): Promise<void>
  stop(): Promise<void>
}

/** The words that run `countersign`. */
export const countersign: readonly string[] = [process.execPath, projectPath("dist/cli/main.js")]

const START_LIMIT_MS = 60_000

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** Waits until `url` answers 200 or the process has ended. */
export async function untilServing(url: string, { ended, written }: Running): Promise<void> {
  let hasEnded = false
  const end = ended.finally(() => {
    hasEnded = true
  })
  end.catch(() => {})
  for (const deadline = Date.now() + START_LIMIT_MS; Date.now() < deadline && !hasEnded; ) {
    const answer = await fetch(url).catch(() => undefined)
    if (answer?.ok === true) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error(`nothing serves ${url}: ${written().slice(-600)}`)
}

/** Makes a log in `folder` and serves it. */
export async function serveLog(folder: string): Promise<ServedLog> {
  const home = join(folder, "log-home")
  const data = join(folder, "log")
  mkdirSync(home)
  const port = await freePort()
  const url = `http://localhost:${port}`
  const words = [...countersign, "serve", "--dev", "--data", data, "--listen", `127.0.0.1:${port}`]
  async function start(): Promise<Running> {
    const running = startServer(words, { cwd: folder, env: environment(home) })
    await untilServing(`http://127.0.0.1:${port}/readyz`, running)
    return running
  }
  let running = await start()
  return {
    url,
    data,
    stop: () => running.stop(),
    async restart() {
      await running.stop()
      running = await start()
    },
  }
}

/** Runs `countersign` with these words and gives what it prints. */
export async function runCountersign(words: readonly string[], cwd: string): Promise<string> {
  const ended = await runCommand([...countersign, ...words], { cwd, env: environment(cwd) })
  if (ended.code === 0) return ended.stdout
  throw new Error(`countersign ${words[0]}: exit ${ended.code}: ${lastWords(ended)}`)
}
