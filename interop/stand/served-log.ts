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
  /** What its present process has written. */
  readonly written: () => string
  /** Ends the server in an orderly way and starts it again over the same data. */
  restart(): Promise<void>
  stop(): Promise<void>
}

/** The words that run `countersign`. */
export const countersign: readonly string[] = [process.execPath, projectPath("dist/cli/main.js")]

/** Makes a log in the folder `name` of `folder` and serves it; `more` are words of `serve`. */
export async function serveLog(
  folder: string,
  name = "log",
  more: readonly string[] = [],
): Promise<ServedLog> {
  const home = join(folder, `${name}-home`)
  const data = join(folder, name)
  mkdirSync(home)
  const serve = [...countersign, "serve", "--dev", "--data", data, ...more]
  const { url, start, stop, written } = await openService({
    words: (address) => [...serve, "--listen", address],
    probe: "/readyz",
    cwd: folder,
    env: environment(home),
  })
  await start()
  return {
    url: `http://localhost:${new URL(url).port}`,
    data,
    written,
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
