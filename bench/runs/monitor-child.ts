// A monitor that follows a log from static files once, from nothing to its head, on the core that it was
// started on: the follower, the tree, the rules, the signatures and the durable state are those of `countersign
// monitor`. Tells the bench what it took.
import { createHash } from "node:crypto"
import { readFile } from "node:fs/promises"
import { join } from "node:path"
import type { LogSource } from "../../src/monitor/follow/source.ts"
import { loadMonitor } from "../served/built.ts"
import { MONITORED_ORIGIN } from "./monitor-log.ts"

export interface MonitorTask {
  readonly folder: string
  readonly vkey: string
  readonly size: number
  /** Where the state goes. */
  readonly database: string
}

export interface MonitorFigures {
  readonly seconds: number
  /** Judging all entries once more, by another watch file. */
  readonly again: number
  readonly verified: number
  readonly engine: string
}

type Program = Awaited<ReturnType<typeof loadMonitor>>

function folderSource(program: Program, folder: string): LogSource {
  const read = async (resource: Parameters<Program["formatTilePath"]>[0]) => {
    const bytes = await readFile(join(folder, program.formatTilePath(resource)))
    return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length)
  }
  return {
    checkpoint: () => readFile(join(folder, "checkpoint"), "utf8"),
    bundle: (index, width) => read({ kind: "entries", index, width }),
    tile: (level, index, width) => read({ kind: "tile", level, index, width }),
  }
}

const WATCH = `countersign-watch/v1
subject app
  name pkg:oci/app@*
  digest sha256:${"00".repeat(32)}
  signer key sha256:${"00".repeat(32)}
signer ci
  key sha256:${"00".repeat(32)}
  mine ledger
duplicates violation
`

async function follow({ folder, vkey, size, database }: MonitorTask): Promise<MonitorFigures> {
  const program = await loadMonitor()
  program.createMonitorDatabase(database)
  const hasher = program.nativeHasher
  const signer = program.createStateSigner(program.newStateKey())
  const store = program.openMonitorStore(database)
  const state = await program.createState({ store, signer, hasher }, () => {})
  const check = program.createEntryCheck({ engine: "native" })
  const origin = program.parseOrigin(MONITORED_ORIGIN)
  const source = folderSource(program, folder)
  const vkeys = [program.parseVkey(vkey)]
  const log = { origin, vkeys, witnesses: [], threshold: 0, source, mirrors: [], witnessHeads: [] }
  const watch = await program.parseWatch(WATCH, () => Promise.resolve(""))
  let changes = 0
  const monitor = program.createMonitor({
    state,
    logs: [log],
    watch: () => Promise.resolve({ watch, digest: `${WATCH}${changes}` }),
    messages: program.openMessageFolder(`${database}.messages`),
    verify: check.verify,
    sinks: [],
    mailbox: program.createMailbox(),
    hasher,
    sha256: (bytes) => createHash("sha256").update(bytes).digest(),
    pause: () => new Promise((resolve) => setImmediate(resolve)),
  })
  const start = performance.now()
  const report = await monitor.round(Date.now())
  const seconds = (performance.now() - start) / 1_000
  const { verified = 0 } = monitor.counters().get(origin) ?? {}
  const reached = report.logs[0]?.size
  changes += 1
  const startAgain = performance.now()
  const judged = (await monitor.round(Date.now())).logs[0]?.judged
  const again = (performance.now() - startAgain) / 1_000
  if (judged !== size) throw new Error(`monitor: expected ${size} judged again, found ${judged}`)
  await state.close()
  if (reached !== size || verified !== size) {
    throw new Error(`monitor: expected ${size} entries, reached ${reached}, verified ${verified}`)
  }
  return { seconds, again, verified, engine: check.engine }
}

async function run(task: MonitorTask): Promise<void> {
  process.send?.(await follow(task))
  process.disconnect()
}

process.once("message", (task: MonitorTask) => {
  run(task).catch((reason) => {
    process.stderr.write(`${reason instanceof Error ? reason.stack : String(reason)}\n`)
    process.exit(1)
  })
})
