// Measures one log: fills it, serves it, runs the phases, stops it, and looks at what lies on the disk.
import { readdirSync, rmSync, statSync } from "node:fs"
import { join } from "node:path"
import Database from "better-sqlite3"
import { fillLog } from "../served/filling.ts"
import { memoryOf } from "../served/processes.ts"
import { serveLog } from "../served/served-log.ts"
import { type Phase, type PhaseResult, runPhase } from "./phase.ts"

export interface LogRun {
  /** Entries before the first phase. */
  readonly size: number
  /** Entries a second of the filling, in one thread and without verification. */
  readonly fillRate: number
  /** What verified the signatures. */
  readonly engine: string
  /** Milliseconds from the start of the process until it was ready. */
  readonly readyAfter: number
  /** Resident bytes when it was ready, and the most there ever were. */
  readonly residentAtStart: number | undefined
  readonly residentPeak: number | undefined
  /** Bytes on the disk an entry, before the first phase and after the last one. */
  readonly bytesAnEntry: readonly [before: number, after: number]
  readonly phases: readonly (PhaseResult & Batches)[]
}

export interface Batches {
  /** Entries in one commit on average; undefined where nothing was submitted. */
  readonly entriesACommit: number | undefined
}

export interface RunOptions {
  readonly folder: string
  readonly size: number
  readonly seconds: number
  readonly phases: readonly Phase[]
  /** Told what comes next. */
  readonly announce: (what: string) => void
}

/** Bytes that the files of the log's folder take from the disk. */
function bytesOnDisk(folder: string): number {
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" })
  return files.reduce((sum, name) => sum + statSync(join(folder, name)).blocks * 512, 0)
}

/** Once the server has stopped: nobody else may open the database of a running log. */
function countCommits(database: string, phases: readonly PhaseResult[]): readonly Batches[] {
  const connection = new Database(database, { readonly: true })
  const select = connection
    .prepare<[number, number], number>("SELECT count(*) FROM commits WHERE size > ? AND size <= ?")
    .pluck()
  try {
    return phases.map(({ sizes: [before, after] }) => {
      const commits = select.get(before, after) ?? 0
      return { entriesACommit: commits === 0 ? undefined : (after - before) / commits }
    })
  } finally {
    connection.close()
  }
}

export async function runLog(options: RunOptions): Promise<LogRun> {
  const { size, seconds, announce } = options
  const folder = join(options.folder, `log-${size}`)
  announce(`filling a log with ${size} entries`)
  const fillSeconds = await fillLog(folder, size)
  const bytesBefore = bytesOnDisk(folder) / size
  announce("starting the server")
  const log = await serveLog(folder)
  const residentAtStart = memoryOf(log.pid)?.resident
  const results: PhaseResult[] = []
  for (const phase of options.phases) {
    announce(phase.name)
    results.push(await runPhase(phase, log, options.folder, seconds))
  }
  const end = await log.size()
  const residentPeak = memoryOf(log.pid)?.peak
  await log.stop()
  const batches = countCommits(join(folder, "log.db"), results)
  const bytesAfter = bytesOnDisk(folder) / end
  rmSync(folder, { recursive: true })
  return {
    size,
    fillRate: size / fillSeconds,
    engine: log.engine,
    readyAfter: log.readyAfter,
    residentAtStart,
    residentPeak,
    bytesAnEntry: [bytesBefore, bytesAfter],
    phases: results.map((result, i) => ({ ...result, entriesACommit: batches[i]?.entriesACommit })),
  }
}
