// The sink `exec`: runs the operator's own program for each alert, without a shell. The program gets the
// alert as environment variables and as JSON on its standard input, and says by its exit code whether it
// has it. One that does not end in time is killed with all that it started.
import { type ChildProcess, spawn } from "node:child_process"
import { Trouble } from "../../../core/base/errors.ts"
import type { Alert, AlertSink } from "../../../monitor/alerts/alert.ts"
import { alertJson, onOneLine, timeOf } from "./alert-message.ts"

interface ExecOptions {
  readonly name: string
  readonly command: string
  readonly words: readonly string[]
  /** Milliseconds. */
  readonly timeout: number
}

/** What a program needs of this process's environment; secrets may be among the rest. */
const inherited = ["PATH", "HOME", "USER", "LANG", "LC_ALL", "TZ", "TMPDIR"]

function environmentOf(alert: Alert): NodeJS.ProcessEnv {
  const { id, event, key, kind, grade, origin, index, summary, evidence, isCanary } = alert
  const own = inherited.map((name) => [name, process.env[name]] as const)
  const told = Object.entries({
    ALERT: id,
    EVENT: event,
    KEY: key,
    KIND: kind,
    GRADE: grade,
    ORIGIN: origin,
    INDEX: index === undefined ? "" : String(index),
    SUMMARY: summary,
    EVIDENCE: evidence?.id ?? "",
    EFFECT: evidence?.effect ?? "",
    TIME: timeOf(alert),
    TEST: isCanary ? "1" : "0",
  }).map(([name, value]) => [`COUNTERSIGN_${name}`, onOneLine(value)] as const)
  return Object.fromEntries([...own, ...told])
}

function killGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, "SIGKILL")
  } catch {
    // It is gone already.
  }
}

function endOf(child: ChildProcess, timeout: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => {
      killGroup(child)
      resolve(`did not end within ${timeout} ms`)
    }, timeout)
    const end = (reason: string | undefined) => {
      clearTimeout(timer)
      resolve(reason)
    }
    child.on("error", (error) => end(error.message))
    child.on("exit", (code, signal) => {
      end(code === 0 ? undefined : `ended with ${code === null ? signal : `exit code ${code}`}`)
    })
  })
}

export function execSink({ name, command, words, timeout }: ExecOptions): AlertSink {
  return {
    name,
    async deliver(alert) {
      const child = spawn(command, words, {
        env: environmentOf(alert),
        // A process group of its own, so that all of it can be killed.
        detached: true,
        stdio: ["pipe", "ignore", "inherit"],
      })
      // A program that does not read its input is none the worse for it.
      child.stdin.on("error", () => {})
      child.stdin.end(`${alertJson(alert)}\n`)
      const failure = await endOf(child, timeout)
      child.stdin.destroy()
      if (failure !== undefined) throw new Trouble("network", `${command} ${failure}`)
    },
  }
}
