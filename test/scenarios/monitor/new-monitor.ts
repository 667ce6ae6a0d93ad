// A monitor of its own for a test, as files, as single rounds and as a process that goes on.
import { existsSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { expect } from "vitest"
import type { MonitorStatus } from "../../../src/monitor/status.ts"
import { run } from "../../cli/command/fake-terminal.ts"
import type { Told } from "../../evil-log/watched.ts"
import { newFolder } from "../../storage/folder.ts"
import { countersign, PATIENCE, programCommand, type ServedLog, startServing } from "../process.ts"

export interface NewMonitorOptions {
  readonly policy: string
  /** Where the log is read. */
  readonly url: string
  /** Lines of the sinks file beside the one that the test reads. */
  readonly sinks?: readonly string[]
}

export interface MonitorRound {
  readonly code: number | null
  readonly status: MonitorStatus
}

/** A monitor process that makes rounds until its test is over. */
export interface FollowingMonitor extends Omit<ServedLog, "client"> {
  /** Resolves once its status has all that this has. */
  until(expected: object): Promise<void>
}

export interface NewMonitor {
  readonly data: string
  /** One round of a process of its own. */
  once(...words: readonly string[]): Promise<MonitorRound>
  /** Starts the process that goes on. */
  follow(): Promise<FollowingMonitor>
  /** All alerts so far. */
  told(): readonly Told[]
}

function following(served: Omit<ServedLog, "client">): FollowingMonitor {
  async function status(): Promise<MonitorStatus> {
    return (await (await fetch(`${served.url}/status.json`)).json()) as MonitorStatus
  }

  return {
    ...served,
    until: (expected) => expect.poll(status, PATIENCE).toMatchObject(expected),
  }
}

/** Makes a monitor of a new log. */
export async function newMonitor({
  policy,
  url,
  sinks = [],
}: NewMonitorOptions): Promise<NewMonitor> {
  const folder = newFolder()
  const data = join(folder, "monitor")
  const alerts = join(folder, "alerts.jsonl")
  const sinksFile = join(folder, "all.sinks")
  writeFileSync(sinksFile, [`jsonl ${alerts}`, ...sinks, ""].join("\n"))
  const made = ["monitor", "init", "--data", data, "--policy", policy, "--expect-empty"]
  expect(await run(made)).toMatchObject({ code: 0 })
  const words = ["monitor", "run", "--data", data, "--sinks", sinksFile, "--log", url]

  return {
    data,
    async once(...more) {
      const { code, stdout, stderr } = await countersign(...words, "--once", "--json", ...more)
      if (stdout === "") throw new Error(`the monitor ended with ${code}:\n${stderr}`)
      return { code, status: JSON.parse(stdout) as MonitorStatus }
    },
    async follow() {
      const own = [...words, "--interval", "1", "--listen", "127.0.0.1:0"]
      const served = await startServing([...programCommand, ...own])
      if ("url" in served) return following(served)
      throw new Error(`the monitor ended with ${served.code}:\n${served.stderr}`)
    },
    told() {
      if (!existsSync(alerts)) return []
      const lines = readFileSync(alerts, "utf8").trimEnd().split("\n")
      return lines.map((line) => JSON.parse(line) as Told)
    },
  }
}
