// Runs the built program under strace: for a trace of all that it does to the disk, or with faults put into it.
import { type ChildProcess, spawn, spawnSync } from "node:child_process"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { TRACED } from "./operations.ts"

const START_LIMIT_MS = 40_000
/** Longer than any write of a run. */
const LONGEST_STRING = 64 * 1024 * 1024

/** Why strace cannot be used on this machine; undefined if it can. */
export function straceTrouble(): string | undefined {
  const { status, error, stderr } = spawnSync("strace", ["-f", "-o", "/dev/null", "true"])
  if (error !== undefined) return "strace is not installed (Debian: apt install strace)"
  if (status === 0) return undefined
  return `strace may not follow processes here, as in a container without ptrace: ${stderr}`
}

/** The words that write a trace which `readOperations` reads. */
export function tracing(file: string): readonly string[] {
  const detail = ["-y", "-xx", "-s", String(LONGEST_STRING)]
  const traced = ["-e", `trace=${TRACED.join(",")}`, "-e", "signal=none"]
  return ["strace", "-f", "--seccomp-bpf", "-qq", ...detail, "-o", file, ...traced]
}

export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stderr: string
  readonly stdout: string
  /** Whether it had to be killed because it did not end. */
  readonly hung: boolean
}

export interface Running {
  readonly child: ChildProcess
  readonly ended: Promise<Ended>
  /** Sends a signal to the program and to what traces it. */
  send(signal: NodeJS.Signals): void
  /** Kills the program alone: what traces it then writes its trace to the end. */
  kill(): void
  /** Ends what hangs. */
  abandon(): void
  /** Its end, which is forced after so long. */
  within(milliseconds: number): Promise<Ended>
}

const running = new Set<Running>()
process.once("exit", () => {
  for (const { send } of running) send("SIGKILL")
})

function endOf(child: ChildProcess, hung: () => boolean): Promise<Ended> {
  const said = { stdout: "", stderr: "" }
  for (const stream of ["stdout", "stderr"] as const) {
    child[stream]?.setEncoding("utf8").on("data", (text: string) => {
      if (said[stream].length < 1024 * 1024) said[stream] += text
    })
  }
  return new Promise((resolve, reject) => {
    child.once("error", reject)
    child.once("close", (code, signal) => resolve({ code, signal, ...said, hung: hung() }))
  })
}

function childrenOf(pid: number | undefined): number[] {
  try {
    const text = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8")
    return text.split(" ").filter(Boolean).map(Number)
  } catch {
    return []
  }
}

/** Starts `countersign` with these words, under a program if one is named, in a process group of its own. */
export function startProgram(
  program: string,
  words: readonly string[],
  under: readonly string[] = [],
): Running {
  const main = [process.execPath, join(program, "dist/cli/main.js"), ...words]
  const [file = "", ...rest] = [...under, ...main]
  const child = spawn(file, rest, {
    ...{ detached: true, stdio: ["ignore", "pipe", "pipe"] },
    // Rings of the kernel are seen by no trace.
    env: { ...process.env, UV_USE_IO_URING: "0" },
  })
  let isHung = false
  function send(signal: NodeJS.Signals): void {
    const { pid, exitCode, signalCode } = child
    if (pid === undefined || exitCode !== null || signalCode !== null) return
    try {
      process.kill(-pid, signal)
    } catch {
      // It has ended meanwhile.
    }
  }
  const started: Running = {
    child,
    send,
    kill() {
      const pids = childrenOf(child.pid)
      if (under.length === 0 || pids.length === 0) send("SIGKILL")
      for (const pid of pids) process.kill(pid, "SIGKILL")
    },
    ended: endOf(child, () => isHung).finally(() => running.delete(started)),
    abandon() {
      isHung = true
      send("SIGKILL")
    },
    async within(milliseconds) {
      const impatience = setTimeout(started.abandon, milliseconds)
      const end = await started.ended
      clearTimeout(impatience)
      return end
    },
  }
  running.add(started)
  return started
}

/** Runs a command to its end, which must be a good one. */
export async function runToEnd(
  program: string,
  words: readonly string[],
  under: readonly string[] = [],
): Promise<Ended> {
  const end = await startProgram(program, words, under).within(START_LIMIT_MS)
  if (end.code === 0) return end
  throw new Error(`countersign ${words.join(" ")} ended with ${end.code}: ${end.stderr}`)
}

const SERVING = /"url":"(http:[^"]+)".*"msg":"serving"/

/** The URL under which a started program serves, or how it ended without coming to that. */
export function untilServing(started: Running): Promise<string | Ended> {
  return new Promise((resolve, reject) => {
    let text = ""
    const late = setTimeout(started.abandon, START_LIMIT_MS)
    started.child.stderr?.on("data", (chunk: string) => {
      text += chunk
      const [, url] = SERVING.exec(text) ?? []
      if (url === undefined) return
      clearTimeout(late)
      resolve(url)
    })
    started.ended.then((end) => {
      clearTimeout(late)
      resolve(end)
    }, reject)
  })
}
