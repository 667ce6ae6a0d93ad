// Measures the monitor: one process on one core that follows a log of static files from nothing to its head.
import { once } from "node:events"
import { rmSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { memoryOf, pin, type Split, startNode } from "../served/processes.ts"
import type { MonitorFigures, MonitorTask } from "./monitor-child.ts"
import { writeLogFiles } from "./monitor-log.ts"
import { type Figures, watchCost } from "./phase.ts"

/** The figures of one log that was followed. */
export interface MonitorResult extends Pick<Figures, "others"> {
  readonly name: string
  readonly size: number
  /** Entries a second, from nothing to the head, with every commit durable. */
  readonly rate: number
  /** The same when all of it is judged again, because the watch file has changed. */
  readonly again: number
  /** CPU time in microseconds an entry. */
  readonly cpu: number | undefined
  /** The most resident bytes there ever were. */
  readonly resident: number | undefined
  readonly engine: string
}

export interface MonitorPhase {
  readonly name: string
  readonly size: number
  /** Only measured with `--full`. */
  readonly isLarge: boolean
}

export const monitorPhases: readonly MonitorPhase[] = [
  { name: "monitor-131072", size: 131_072, isLarge: false },
  { name: "monitor-1000000", size: 1_000_000, isLarge: true },
]

const SPLIT: Split = "one core each"
const MEMORY_LOOK_MS = 100

export async function runMonitorPhase(
  { name, size }: MonitorPhase,
  parent: string,
): Promise<MonitorResult> {
  const files = await writeLogFiles(join(parent, `${name}-log`), size)
  const database = join(parent, `${name}.db`)
  const child = startNode([fileURLToPath(new URL("./monitor-child.js", import.meta.url))], true)
  const pid = child.pid as number
  pin(pid, "server", SPLIT)
  let peak = 0
  const look = setInterval(() => {
    peak = Math.max(peak, memoryOf(pid)?.peak ?? 0)
  }, MEMORY_LOOK_MS)
  const cost = watchCost(pid)
  let said = ""
  child.stderr?.on("data", (text: Buffer) => {
    said += text.toString()
  })
  child.send({ ...files, size, database } satisfies MonitorTask)
  const failed = once(child, "exit").then(([code]) => {
    throw new Error(`monitor: ended with ${code}: ${said}`)
  })
  const [message] = await Promise.race([once(child, "message"), failed])
  const { seconds, again, engine } = message as MonitorFigures
  const { server, others } = cost(0)
  clearInterval(look)
  failed.catch(() => {})
  rmSync(files.folder, { recursive: true })
  return {
    name,
    size,
    rate: size / seconds,
    again: size / again,
    // All of it was judged twice.
    cpu: server === undefined ? undefined : server / size / 2,
    resident: peak === 0 ? undefined : peak,
    engine,
    others,
  }
}
