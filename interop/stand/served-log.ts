// A fresh development log, served by the built program on a port of its own that it keeps over restarts:
// clients remember a log by its URL.
import { mkdirSync } from "node:fs"
import { join } from "node:path"
import { lastWords, runCommand } from "../running/process.ts"
import { projectPath } from "../running/project.ts"
import { environment } from "../running/room.ts"
import { openService } from "../running/service.ts"

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

/** Makes a log in `folder` and serves it. */
export async function serveLog(folder: string): Promise<ServedLog> {
  const home = join(folder, "log-home")
  const data = join(folder, "log")
  mkdirSync(home)
  const { url, start, stop } = await openService({
    words: (address) => [...countersign, "serve", "--dev", "--data", data, "--listen", address],
    probe: "/readyz",
    cwd: folder,
    env: environment(home),
  })
  await start()
  return {
    url: `http://localhost:${new URL(url).port}`,
    data,
    stop,
    async restart() {
      await stop()
      await start()
    },
  }
}

/** Runs `countersign` with these words and gives what it prints. */
export async function runCountersign(words: readonly string[], cwd: string): Promise<string> {
  const ended = await runCommand([...countersign, ...words], { cwd, env: environment(cwd) })
  if (ended.code === 0) return ended.stdout
  throw new Error(`countersign ${words[0]}: exit ${ended.code}: ${lastWords(ended)}`)
}
