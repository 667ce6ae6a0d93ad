// Programs started as an operator would, each to serve or to end, with all that they said. Every wait has an end: what
// neither serves nor ends in time is killed and said to hang.
import { type ChildProcess, spawn } from "node:child_process"
import { join } from "node:path"
import { keepTrack } from "./processes.ts"

const LIMIT_MS = 60_000
const MOST_SAID = 256 * 1024
const SERVING = /"url":"(https?:[^"]+)".*"msg":"serving"/

/** How a program ended. */
export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  /** Standard error and output, their ends where they were long. */
  readonly said: string
  /** It was killed since it did not end in time. */
  readonly hung: boolean
}

export interface Started {
  readonly child: ChildProcess
  readonly ended: Promise<Ended>
  /** The URL once it serves; undefined where it ends before. */
  readonly serving: Promise<string | undefined>
  said(): string
  /** Kills it at once and waits until it is gone. */
  kill(): Promise<Ended>
  /** Asks it to end; what has not ended within the limit is killed, and its end says so. */
  end(limitMs?: number): Promise<Ended>
}

export interface StartAs {
  /** Words that stand before the program: what starts and watches it. */
  readonly under?: readonly string[]
  readonly uid?: number
  readonly gid?: number
  readonly env?: Readonly<Record<string, string>>
  /** How long it may take to serve or to end. */
  readonly limitMs?: number
}

const gone = (child: ChildProcess): boolean => child.exitCode !== null || child.signalCode !== null

/** Starts `countersign` of a project with these words. */
export function startProgram(
  program: string,
  words: readonly string[],
  { under = [], env, limitMs = LIMIT_MS, ...as }: StartAs = {},
): Started {
  const main = join(program, "dist/cli/main.js")
  const [file = process.execPath, ...rest] = [...under, process.execPath, main, ...words]
  // A group of its own: what stands before it must not outlive it.
  const child = spawn(file, rest, {
    ...{ stdio: ["ignore", "pipe", "pipe"], detached: under.length > 0, ...as },
    env: { ...process.env, ...env },
  })
  keepTrack(child)
  let said = ""
  let hung = false
  let onUrl = (_url: string | undefined): void => {}
  const serving = new Promise<string | undefined>((resolve) => {
    onUrl = resolve
  })
  const hear = (chunk: Buffer): void => {
    said = (said + chunk.toString()).slice(-MOST_SAID)
    const [, url] = SERVING.exec(said) ?? []
    if (url !== undefined) settle(url)
  }
  child.stderr?.on("data", hear)
  child.stdout?.on("data", hear)
  const late = setTimeout(() => {
    hung = true
    destroy()
  }, limitMs)
  const ended = new Promise<Ended>((resolve) => {
    const tell = (): void => {
      settle(undefined)
      resolve({ code: child.exitCode, signal: child.signalCode, said, hung })
    }
    child.once("error", (reason) => {
      said += String(reason)
      tell()
    })
    child.once("close", tell)
  })

  function settle(url: string | undefined): void {
    clearTimeout(late)
    onUrl(url)
  }

  function destroy(): void {
    if (gone(child)) return
    if (under.length > 0 && child.pid !== undefined) process.kill(-child.pid, "SIGKILL")
    else child.kill("SIGKILL")
  }

  return {
    ...{ child, ended, serving, said: () => said },
    async kill() {
      destroy()
      return await ended
    },
    async end(endLimitMs = LIMIT_MS) {
      const impatience = setTimeout(() => {
        hung = true
        destroy()
      }, endLimitMs)
      if (!gone(child)) child.kill("SIGTERM")
      const end = await ended
      clearTimeout(impatience)
      return end
    },
  }
}

/** Runs `countersign` with these words to its end. */
export async function runToEnd(
  program: string,
  words: readonly string[],
  as: StartAs = {},
): Promise<Ended> {
  return await startProgram(program, words, as).ended
}

/** The same; rejects unless it ends with 0. */
export async function runWell(program: string, words: readonly string[]): Promise<string> {
  const { code, said, hung } = await runToEnd(program, words)
  if (code === 0) return said
  throw new Error(`countersign ${words.join(" ")} ended with ${hung ? "a hang" : code}: ${said}`)
}
