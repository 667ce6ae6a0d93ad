// The processes that are attacked, and the folder of a run: none of it outlives the run. Memory and CPU time are read
// from Linux; elsewhere they are left out.
import { type ChildProcess, spawn } from "node:child_process"
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs"
import { join } from "node:path"
import type { Turns, WatchAsked } from "../measuring/watch.ts"
import { workFolder } from "./program.ts"

const START_LIMIT_MS = 60_000
const END_LIMIT_MS = 10_000
const WATCH_LIMIT_MS = 30_000

const running = new Set<ChildProcess>()
const folders = new Set<string>()
const lastActs = new Set<() => void>()

/** Lets a process not outlive the run. */
export function keepTrack(child: ChildProcess): void {
  running.add(child)
  child.once("exit", () => running.delete(child))
}

/** Does this, too, when the run ends in any way, once its processes are gone; gives what forgets it. */
export function atTheEnd(act: () => void): () => void {
  lastActs.add(act)
  return () => lastActs.delete(act)
}

export interface Served {
  readonly child: ChildProcess
  readonly pid: number
  readonly url: string
  readonly port: number
}

/** Resolves with the URL in the line that a server writes when it listens. */
function untilServing(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = ""
    const late = setTimeout(() => reject(new Error(`no server: ${text}`)), START_LIMIT_MS)
    child.stderr?.on("data", (chunk: Buffer) => {
      if (text.length > 1024 * 1024) return
      text += chunk.toString()
      const [, url] = /"url":"(http:[^"]+)".*"msg":"serving"/.exec(text) ?? []
      if (url === undefined) return
      clearTimeout(late)
      resolve(url)
    })
    child.once("exit", () => {
      clearTimeout(late)
      reject(new Error(`the server ended: ${text}`))
    })
  })
}

const watching = new URL("../measuring/watch.js", import.meta.url)

/**
 * Starts `countersign` with these words, in a process that can be asked about its event loop where the torture is
 * built; resolves when it serves.
 */
export async function serve(dist: string, words: readonly string[]): Promise<Served> {
  const watched = existsSync(watching) ? ["--import", watching.href] : []
  const child = spawn(process.execPath, [...watched, join(dist, "cli/main.js"), ...words], {
    stdio: ["ignore", "ignore", "pipe", "ipc"],
  })
  keepTrack(child)
  const url = await untilServing(child)
  const port = Number(new URL(url).port)
  // It listens on every address of the machine.
  return { child, pid: child.pid as number, url: `http://127.0.0.1:${port}`, port }
}

/** Begins to watch the event loop of a server; gives what ends that. A profile goes to the file that is named. */
export function watchTurns({ child }: Served, profile?: string): () => Promise<Turns | undefined> {
  const ask = (asked: WatchAsked) => void (child.connected && child.send(asked))
  ask({ watch: "begin", profile })
  return () =>
    new Promise((resolve) => {
      const late = setTimeout(() => resolve(undefined), WATCH_LIMIT_MS)
      child.once("message", ({ turns }: { readonly turns: Turns }) => {
        clearTimeout(late)
        resolve(turns)
      })
      ask({ watch: "end" })
    })
}

/** Runs `countersign` with these words to its end; rejects unless it ends well. */
export async function runProgram(dist: string, words: readonly string[]): Promise<void> {
  const child = spawn(process.execPath, [join(dist, "cli/main.js"), ...words], {
    stdio: ["ignore", "ignore", "inherit"],
  })
  running.add(child)
  const code = await new Promise((resolve) => child.once("exit", resolve))
  running.delete(child)
  if (code !== 0) throw new Error(`countersign ${words.join(" ")} ended with ${code}`)
}

/** Asks a process to end and waits until it has; after ten seconds it is killed. */
export async function endProcess({ child }: Pick<Served, "child">): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()))
  child.kill("SIGTERM")
  const impatience = setTimeout(() => child.kill("SIGKILL"), END_LIMIT_MS)
  await ended
  clearTimeout(impatience)
}

export function makeFolder(): string {
  mkdirSync(workFolder, { recursive: true })
  const folder = mkdtempSync(join(workFolder, "run-"))
  folders.add(folder)
  return folder
}

/** From now on every end of this process, also by a signal, takes its processes and folders along. */
export function cleanUpAtExit(): void {
  process.once("exit", () => {
    for (const child of running) child.kill("SIGKILL")
    for (const act of lastActs) act()
    for (const folder of folders) rmSync(folder, { recursive: true, force: true })
  })
  process.once("SIGINT", () => process.exit(130))
  process.once("SIGTERM", () => process.exit(143))
}

const TICK_SECONDS = 0.01

/** CPU time of a process so far, user and system, in seconds; undefined where it is not told. */
export function cpuSeconds(pid: number): number | undefined {
  const stat = readProcFile(`${pid}/stat`)
  // The name of the program stands in parentheses and may hold anything; state follows it.
  const fields = stat?.slice(stat.lastIndexOf(")") + 2).split(" ")
  return fields && (Number(fields[11]) + Number(fields[12])) * TICK_SECONDS
}

/** Resident bytes now; undefined where they are not told. */
export function residentBytes(pid: number): number | undefined {
  const found = /^VmRSS:\s+([0-9]+) kB$/m.exec(readProcFile(`${pid}/status`) ?? "")
  return found === null ? undefined : Number(found[1]) * 1024
}

function readProcFile(name: string): string | undefined {
  try {
    return readFileSync(`/proc/${name}`, "utf8")
  } catch {
    return undefined
  }
}
