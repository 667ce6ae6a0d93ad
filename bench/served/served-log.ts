// The server under measurement: `countersign serve`, as it is built, in a process of its own.
import type { ChildProcess } from "node:child_process"
import { once } from "node:events"
import { projectPath } from "./built.ts"
import { endProcess, startNode } from "./processes.ts"

export interface ServedLog {
  readonly pid: number
  readonly port: number
  /** What the server says verifies signatures: without the native engine all figures are others. */
  readonly engine: string
  /** Milliseconds from starting the process to the first answer that says it is ready. */
  readonly readyAfter: number
  /** Its verifier keys. */
  vkeys(): Promise<readonly string[]>
  /** The size of the newest signed tree. */
  size(): Promise<number>
  stop(): Promise<void>
}

const START_LIMIT_MS = 60_000

export interface ServingLine {
  readonly msg?: string
  readonly url: string
  readonly verification: string
}

/** The line of the server's log that says it serves, if it is whole. */
function servingLine(text: string): ServingLine | undefined {
  const whole = text.split("\n").slice(0, -1)
  const lines = whole.filter((line) => line.startsWith("{"))
  return lines.map((line) => JSON.parse(line) as ServingLine).find(({ msg }) => msg === "serving")
}

/** Resolves with what a server says when it serves; rejects if it does not come to that. */
export async function untilServing(child: ChildProcess): Promise<ServingLine> {
  let text = ""
  const aborted = AbortSignal.timeout(START_LIMIT_MS)
  const { stderr } = child
  if (stderr === null) throw new Error("expected standard error to be piped, found none")
  const serving = new Promise<ServingLine>((resolve, reject) => {
    stderr.on("data", (chunk: Buffer) => {
      text += chunk.toString()
      const found = servingLine(text)
      if (found !== undefined) resolve(found)
    })
    child.once("exit", () => reject(new Error(`the server ended: ${text}`)))
  })
  const late = once(aborted, "abort").then(() => {
    throw new Error(`the server did not start: ${text}`)
  })
  return await Promise.race([serving, late])
}

export function portOf({ url }: ServingLine): number {
  return Number(new URL(url).port)
}

interface TreeHead {
  readonly size: number
  readonly keys: readonly string[]
}

async function fetchOk(url: string): Promise<Response> {
  const response = await fetch(url)
  if (!response.ok) throw new Error(`${url}: expected 200, found ${response.status}`)
  return response
}

/** Serves the log in `folder` and resolves when it is ready; `words` are further words for `serve`. */
export async function serveLog(folder: string, words: readonly string[] = []): Promise<ServedLog> {
  const start = performance.now()
  const where = ["--data", folder, "--listen", "127.0.0.1:0", "--public-url", "http://localhost"]
  const child = startNode([projectPath("dist/cli/main.js"), "serve", ...where, ...words], false)
  const line = await untilServing(child)
  const { url, verification } = line
  await (await fetchOk(`${url}/readyz`)).text()
  const readyAfter = performance.now() - start
  async function head(): Promise<TreeHead> {
    return (await (await fetchOk(`${url}/v1/tree-head`)).json()) as TreeHead
  }
  return {
    pid: child.pid as number,
    port: portOf(line),
    engine: verification,
    readyAfter,
    vkeys: async () => (await head()).keys,
    size: async () => (await head()).size,
    stop: () => endProcess(child),
  }
}
