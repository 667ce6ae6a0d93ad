// Measures publishing: a log, and the same log with three witnesses on this machine that all must cosign. What
// they cost is the time that a submission waits for a witnessed checkpoint, and the throughput that is left.
import { rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { fillLog } from "../served/filling.ts"
import { endProcess, pin } from "../served/processes.ts"
import { type ServedLog, serveLog } from "../served/served-log.ts"
import { type ServedWitness, serveWitness } from "../served/served-witness.ts"
import { type Phase, type PhaseResult, runPhase } from "./phase.ts"

export interface PublishPhase extends Phase {
  readonly hasWitnesses: boolean
}

/** What the witnesses cost; undefined where one of the phases to compare was left out. */
export interface PublishResult {
  readonly phases: readonly PhaseResult[]
  /** Milliseconds by which waiting makes one submission at a time slower. */
  readonly adds: { readonly p50: number; readonly p99: number } | undefined
  /** Throughput of submissions that do not wait, compared to the log without witnesses. */
  readonly share: number | undefined
}

export interface PublishOptions {
  readonly folder: string
  readonly seconds: number
  readonly phases: readonly PublishPhase[]
  /** Told what comes next. */
  readonly announce: (what: string) => void
}

const SIZE = 1_000
const WITNESSES = ["a", "b", "c"] as const
/** Nobody waits so long in vain: a submission without cosignatures would count as answered. */
const PUBLISHING = ["--witnessed-wait-ms", "25000"]

/** Serves the witnesses and writes the policy by which all of them must cosign. */
async function serveWitnesses(
  folder: string,
  vkeys: readonly string[],
): Promise<{ readonly witnesses: readonly ServedWitness[]; readonly policy: string }> {
  const logs = vkeys.map((vkey) => `log ${vkey}\n`).join("")
  const own = join(folder, "publish-logs.policy")
  writeFileSync(own, `${logs}quorum none\n`)
  const witnesses = await Promise.all(
    WITNESSES.map((name) =>
      serveWitness({ data: join(folder, `publish-${name}`), name: `${name}.example`, policy: own }),
    ),
  )
  for (const { pid } of witnesses) pin(pid, "server", "two cores shared")
  const lines = witnesses.map(
    ({ vkey, port }, i) => `witness ${WITNESSES[i]} ${vkey} http://127.0.0.1:${port}\n`,
  )
  const policy = join(folder, "publish-log.policy")
  writeFileSync(policy, `${logs}${lines.join("")}group G 3 a b c\nquorum G\n`)
  return { witnesses, policy }
}

async function runAll(
  log: ServedLog,
  phases: readonly PublishPhase[],
  { folder, seconds, announce }: PublishOptions,
): Promise<PhaseResult[]> {
  const results: PhaseResult[] = []
  for (const phase of phases) {
    announce(phase.name)
    results.push(await runPhase(phase, log, folder, seconds))
  }
  await log.stop()
  return results
}

function costOf(phases: readonly PhaseResult[]): PublishResult {
  const find = (name: string) => phases.find((phase) => phase.name === name)
  const [lone, waiting] = [find("publish-1-alone"), find("publish-1-waiting")]
  const [alone, beside] = [find("publish-64-alone"), find("publish-64")]
  const adds = lone && waiting && { p50: waiting.p50 - lone.p50, p99: waiting.p99 - lone.p99 }
  return { phases, adds, share: alone && beside && beside.rate / alone.rate }
}

/** Rejects if an answer was not 2xx or an entry is missing. */
export async function runPublish(options: PublishOptions): Promise<PublishResult> {
  const { folder, phases } = options
  const data = join(folder, "publish-log")
  await fillLog(data, SIZE)
  const log = await serveLog(data)
  const vkeys = await log.vkeys()
  const alone = phases.filter(({ hasWitnesses }) => !hasWitnesses)
  const results = await runAll(log, alone, options)
  const { witnesses, policy } = await serveWitnesses(folder, vkeys)
  const witnessed = phases.filter(({ hasWitnesses }) => hasWitnesses)
  const published = await serveLog(data, ["--policy", policy, ...PUBLISHING])
  results.push(...(await runAll(published, witnessed, options)))
  await Promise.all(witnesses.map(({ child }) => endProcess(child)))
  rmSync(data, { recursive: true })
  return costOf(results)
}
