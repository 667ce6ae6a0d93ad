// The server under measurement: `countersign serve`, as it is built, in a process of its own.
import type { ChildProcess } from "node:child_process"
import { once } from "node:events"
import { projectPath } from "./built.ts"
import { endProcess, startNode } from "./processes.ts"

export interface ServedLog {
  readonly pid: number
  readonly port: number
  /** Milliseconds from starting the process to the first answer that says it is ready. */
  readonly readyAfter: number
  /** The size of the newest signed tree. */
  size(): Promise<number>
  stop(): Promise<void>
}

const START_LIMIT_MS = 60_000

/** The URL in the line of the server's log that says it serves. */
async function urlOf(child: ChildProcess): Promise<string> {
  let text = ""
  const aborted = AbortSignal.timeout(START_LIMIT_MS)
  const { stderr } = child
  if (stderr === null) throw new Error("expected standard error to be piped, found none")
  const url = new Promise<string>((resolve, reject) => {
    stderr.on("data", (chunk: Buffer) => {
      text += chunk.toString()
      const found = /"url":"(http:[^"]+)".*"msg":"serving"/.exec(text)?.[1]
      if (found !== undefined) resolve(found)
    })
    child.once("exit", () => reject(new Error(`the server ended: ${text}`)))
  })
  const late = once(aborted, "abort").then(() => {
    throw new Error(`the server did not start: ${text}`)
  })
  return await Promise.race([url, late])
}

async function fetchOk(url: string): Promise<Response> {
  const response = await fetch(url)
  if (!response.ok) throw new Error(`${url}: expected 200, found ${response.status}`)
  return response
}

/** Serves the log in `folder` and resolves when it is ready. */
export async function serveLog(folder: string): Promise<ServedLog> {
  const start = performance.now()
  const program = projectPath("dist/cli/main.js")
  const child = startNode(
    [
      program,
      "serve",
      "--data",
      folder,
      "--listen",
      "127.0.0.1:0",
      "--public-url",
      "http://localhost",
    ],
    false,
  )
  const url = await urlOf(child)
  await (await fetchOk(`${url}/readyz`)).text()
  const readyAfter = performance.now() - start
  return {
    pid: child.pid as number,
    port: Number(new URL(url).port),
    readyAfter,
    async size() {
      const head = (await (await fetchOk(`${url}/v1/tree-head`)).json()) as {
        readonly size: number
      }
      return head.size
    },
    stop: () => endProcess(child),
  }
}
