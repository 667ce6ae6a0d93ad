// Real processes of the built program: commands that run to their end, and servers that are stopped,
// killed and started again. Every process is gone when its test is over, whatever became of it.
import { type ChildProcess, spawn, spawnSync } from "node:child_process"
import { existsSync, readdirSync, statSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import Database from "better-sqlite3"
import { onTestFinished } from "vitest"
import { createLogClient, type LogClient } from "../../src/client/log-client.ts"

export const checkout = fileURLToPath(new URL("../..", import.meta.url))
const program = join(checkout, "dist/cli/main.js")

/** The words that run `countersign`. */
export const programCommand: readonly string[] = [process.execPath, program]

/** For `expect.poll` where processes have to come to something on a machine that has much else to do. */
export const PATIENCE = { timeout: 30_000, interval: 100 }

/** How a process ended, and all that it wrote. */
export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

export interface Running {
  readonly ended: Promise<Ended>
  /** Sends a signal to the process and to all that it started. */
  send(signal: NodeJS.Signals): void
}

export interface StartOptions {
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
  /** Told each piece of text on standard error. */
  readonly onStderr?: (text: string) => void
}

export interface ServedLog extends Running {
  readonly url: string
  readonly client: LogClient
  /** What it wrote on standard error until it served. */
  readonly said: string
  /** SIGTERM, and how it ended. */
  stop(): Promise<Ended>
  /** SIGKILL, and once it is gone. */
  kill(): Promise<Ended>
}

export interface ServeOptions {
  /** Further words for `countersign serve`. */
  readonly words?: readonly string[]
  /** A program and its words that starts the server and watches it. */
  readonly under?: readonly string[]
}

function isOutdated(): boolean {
  if (!existsSync(program)) return true
  const { mtimeMs } = statSync(program)
  const sources = readdirSync(join(checkout, "src"), { recursive: true, encoding: "utf8" })
  return sources.some((name) => statSync(join(checkout, "src", name)).mtimeMs > mtimeMs)
}

/** Builds the program if a source is newer; test files run side by side, and only one may do it. */
function build(): void {
  const lock = new Database(join(checkout, "node_modules/.build-lock.db"), { timeout: 120_000 })
  try {
    lock.exec("BEGIN EXCLUSIVE")
    if (!isOutdated()) return
    const tsc = join(checkout, "node_modules/.bin/tsc")
    const { stdout } = spawnSync(tsc, ["-p", "tsconfig.build.json"], { cwd: checkout })
    if (isOutdated()) throw new Error(`the program cannot be built:\n${stdout}`)
  } finally {
    lock.close()
  }
}

build()

function endOf(child: ChildProcess, onStderr: (text: string) => void): Promise<Ended> {
  const output = { stdout: "", stderr: "" }
  child.stdout?.setEncoding("utf8").on("data", (text: string) => {
    output.stdout += text
  })
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    output.stderr += text
    onStderr(text)
  })
  return new Promise((resolve, reject) => {
    child.on("error", reject)
    child.on("close", (code, signal) => resolve({ code, signal, ...output }))
  })
}

/** Starts any program in a process group of its own. */
export function start(
  [file = "", ...words]: readonly string[],
  { cwd = tmpdir(), env, onStderr = () => {} }: StartOptions = {},
): Running {
  const child = spawn(file, words, {
    cwd,
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, ...env },
  })
  function send(signal: NodeJS.Signals): void {
    const { pid, exitCode, signalCode } = child
    if (pid !== undefined && exitCode === null && signalCode === null) process.kill(-pid, signal)
  }
  const ended = endOf(child, onStderr)
  onTestFinished(async () => {
    send("SIGKILL")
    await ended
  })
  return { ended, send }
}

/** Runs `countersign` with these words to its end. */
export function countersign(...words: readonly string[]): Promise<Ended> {
  return start([...programCommand, ...words]).ended
}

/** The line that a server writes when it listens, with its URL. */
const SERVING = /"url":"(https?:[^"]+)".*"msg":"serving"/

/** Starts a program that serves a log; resolves when it listens, or with its end if it does not. */
export function startServing(
  command: readonly string[],
  options: StartOptions = {},
): Promise<ServedLog | Ended> {
  return new Promise((resolve, reject) => {
    let seen = ""
    const onStderr = (text: string): void => {
      seen += text
      options.onStderr?.(text)
      const [, url] = SERVING.exec(seen) ?? []
      if (url !== undefined) resolve(servedLog(running, url, seen))
    }
    const running = start(command, { ...options, onStderr })
    running.ended.then(resolve, reject)
  })
}

function servedLog(running: Running, url: string, said: string): ServedLog {
  const sent = (signal: NodeJS.Signals) => () => {
    running.send(signal)
    return running.ended
  }
  const client = createLogClient({ url })
  return { ...running, url, client, said, stop: sent("SIGTERM"), kill: sent("SIGKILL") }
}

/** The command that serves the log in `data` on a free port. */
export function serveCommand(
  data: string,
  { words = [], under = [] }: ServeOptions = {},
): readonly string[] {
  return [...under, ...programCommand, "serve", "--data", data, "--listen", "127.0.0.1:0", ...words]
}

/** Serves the log in `data` on a free port. Rejects with all it wrote if it does not come to that. */
export async function serve(data: string, options: ServeOptions = {}): Promise<ServedLog> {
  const served = await startServing(serveCommand(data, options))
  if ("client" in served) return served
  throw new Error(`the server ended with ${served.code ?? served.signal}:\n${served.stderr}`)
}

/** How a server ended that must not come to listen. */
export async function serveInVain(data: string, options: ServeOptions = {}): Promise<Ended> {
  const served = await startServing(serveCommand(data, options))
  if (!("client" in served)) return served
  throw new Error("the server listens, which it should have refused")
}
