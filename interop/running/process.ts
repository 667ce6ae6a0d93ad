// The programs that a run starts: commands that run to their end and servers that stay. Each has a process
// group of its own, so that none of it outlives the run, and an environment that is made for it.
import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"

/** How a command ended, and all that it wrote. */
export interface Ended {
  /** Undefined if a signal ended it. */
  readonly code: number | undefined
  readonly stdout: string
  readonly stderr: string
}

export interface Surrounding {
  readonly cwd: string
  /** The whole environment: nothing is inherited. */
  readonly env: Readonly<Record<string, string>>
}

/** A server: what it has written so far, and ending it. */
export interface Running {
  readonly written: () => string
  /** Resolves when the process has ended, whoever ended it. */
  readonly ended: Promise<Ended>
  /** SIGTERM, and SIGKILL after ten seconds. */
  stop(): Promise<void>
}

const COMMAND_LIMIT_MS = 120_000
const PATIENCE_MS = 10_000

const running = new Set<ChildProcess>()

function signalGroup({ pid, exitCode, signalCode }: ChildProcess, signal: NodeJS.Signals): void {
  if (pid === undefined || exitCode !== null || signalCode !== null) return
  try {
    process.kill(-pid, signal)
  } catch {
    // It ended in between.
  }
}

/** Kills whatever still runs; for the end of the run itself. */
export function killRunning(): void {
  for (const child of running) signalGroup(child, "SIGKILL")
}

interface Started extends Running {
  readonly child: ChildProcess
}

function start([file = "", ...words]: readonly string[], { cwd, env }: Surrounding): Started {
  const child = spawn(file, words, { cwd, env, detached: true, stdio: ["ignore", "pipe", "pipe"] })
  running.add(child)
  let stdout = ""
  let stderr = ""
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text
  })
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text
  })
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once("error", reject)
    child.once("close", (code) => {
      running.delete(child)
      resolve({ code: code ?? undefined, stdout, stderr })
    })
  })
  // A server that cannot be started is noticed by who waits for it to serve.
  ended.catch(() => running.delete(child))
  async function stop(): Promise<void> {
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
    const gone = once(child, "exit")
    signalGroup(child, "SIGTERM")
    const impatience = setTimeout(() => signalGroup(child, "SIGKILL"), PATIENCE_MS)
    await gone
    clearTimeout(impatience)
  }
  return { child, ended, stop, written: () => stdout + stderr }
}

/** Starts a program that is to stay. */
export function startServer(words: readonly string[], surrounding: Surrounding): Running {
  return start(words, surrounding)
}

/** Runs a program to its end, whatever that is; it is killed after two minutes. */
export async function runCommand(
  words: readonly string[],
  surrounding: Surrounding,
): Promise<Ended> {
  const { child, ended } = start(words, surrounding)
  const impatience = setTimeout(() => signalGroup(child, "SIGKILL"), COMMAND_LIMIT_MS)
  try {
    return await ended
  } finally {
    clearTimeout(impatience)
  }
}

/** The end of what a command wrote, for people who look for the reason. */
export function lastWords({ stdout, stderr }: Ended): string {
  const lines = `${stdout}\n${stderr}`.split("\n").map((line) => line.trim())
  return lines
    .filter((line) => line !== "")
    .slice(-4)
    .join(" | ")
    .slice(-600)
}
