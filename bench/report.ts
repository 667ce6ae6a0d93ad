// The figures of a run as text for people: tables, and ratios to the baselines of the same run.
import type { Baselines } from "./runs/baselines.ts"
import type { Batches, LogRun } from "./runs/log-run.ts"
import type { MonitorResult } from "./runs/monitor-run.ts"
import type { Figures, PhaseResult } from "./runs/phase.ts"
import type { PublishResult } from "./runs/publish-run.ts"

export interface BenchReport {
  readonly machine: string
  readonly seconds: number
  readonly baselines: Baselines
  readonly runs: readonly LogRun[]
  /** Undefined if it was left out. */
  readonly publish: PublishResult | undefined
  readonly witness: readonly Figures[]
  readonly monitor: readonly MonitorResult[]
}

type Row = readonly string[]

const MEBIBYTE = 1024 * 1024

function count(value: number): string {
  return Math.round(value).toLocaleString("en-US")
}

function decimal(value: number | undefined, digits: number): string {
  return value === undefined ? "-" : value.toFixed(digits)
}

function mebibytes(bytes: number | undefined): string {
  return bytes === undefined ? "-" : count(bytes / MEBIBYTE)
}

/** The first column is flush left, all others flush right. */
function table(rows: readonly Row[]): string {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  )
  const line = (row: Row): string =>
    row
      .map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0)))
      .join("  ")
  return rows.map((row) => `${line(row)}\n`).join("")
}

/** The columns that all phases have, up to the share of others. */
function costRow(phase: Figures): Row {
  return [
    phase.name,
    phase.split,
    String(phase.connections),
    count(phase.rate) + (phase.endedEarly ? "*" : ""),
    decimal(phase.p50, 2),
    decimal(phase.p99, 2),
    decimal(phase.serverCpu, 1),
    decimal(phase.generatorCpu, 1),
    decimal(phase.others && phase.others * 100, 0),
  ]
}

function phaseRow(phase: PhaseResult & Batches): Row {
  return [...costRow(phase), decimal(phase.entriesACommit, 1), mebibytes(phase.resident)]
}

const COST_HEAD: Row = [
  "phase",
  "cores",
  "conn.",
  "a second",
  "p50 ms",
  "p99 ms",
  "server us",
  "generator us",
  "others %",
]
const PHASE_HEAD: Row = [...COST_HEAD, "a commit", "RSS MiB"]

const EARLY = "* the signed requests ran out before the time did\n"

function publishText(result: PublishResult | undefined): string {
  if (result === undefined) return ""
  const { phases, adds, share } = result
  const rows = phases.map((phase) => [...costRow(phase), mebibytes(phase.resident)])
  const early = phases.some(({ endedEarly }) => endedEarly)
  return `
Publishing: three witnesses on this machine, all of which must cosign
${table([[...COST_HEAD, "RSS MiB"], ...rows])}${early ? EARLY : ""}
waiting for a witnessed checkpoint adds ${decimal(adds?.p50, 1)} ms (p50), ${decimal(adds?.p99, 1)} ms (p99)
throughput of what does not wait: ${decimal(share, 2)} of that without witnesses
`
}

function witnessText(results: readonly Figures[]): string {
  if (results.length === 0) return ""
  const rows = results.map((result) => [...costRow(result), mebibytes(result.resident)])
  const early = results.some(({ endedEarly }) => endedEarly)
  return `
The witness: add-checkpoint, one log a connection
${table([[...COST_HEAD, "RSS MiB"], ...rows])}${early ? EARLY : ""}`
}

function monitorText(results: readonly MonitorResult[], { verificationCpu }: Baselines): string {
  if (results.length === 0) return ""
  const head = [
    "phase",
    "entries a second",
    "judged again",
    "us an entry",
    "beside verifying",
    "others %",
    "RSS MiB",
  ]
  const rows = results.map(({ name, rate, again, cpu, others, resident }) => [
    name,
    count(rate),
    count(again),
    decimal(cpu, 1),
    decimal(cpu && cpu - verificationCpu, 1),
    decimal(others && others * 100, 0),
    mebibytes(resident),
  ])
  return `
The monitor: one core, from nothing to the head of a log of static files
${table([head, ...rows])}`
}

function runText(run: LogRun): string {
  const [before, after] = run.bytesAnEntry
  const rows = run.phases.map(phaseRow)
  const early = run.phases.some(({ endedEarly }) => endedEarly)
  return `
A log of ${count(run.size)} entries
filled at ${count(run.fillRate)} entries a second; ready after ${count(run.readyAfter)} ms
signatures verified by: ${run.engine}
RSS: ${mebibytes(run.residentAtStart)} MiB when ready, ${mebibytes(run.residentPeak)} MiB at the most
disk: ${count(before)} bytes an entry when filled, ${count(after)} at the end

${table([PHASE_HEAD, ...rows])}${early ? EARLY : ""}`
}

function baselineText(baselines: Baselines): string {
  const { sync, hello, verifications, verificationCpu } = baselines
  return `
Baselines
${table([
  ["4 KiB append with fdatasync, p50", `${decimal(sync, 3)} ms`],
  ["node:http hello, one core", `${count(hello)} a second`],
  ["P-256 verification, 32 in flight", `${count(verifications)} a second`],
  ["CPU time of one verification", `${decimal(verificationCpu, 1)} us`],
])}`
}

/** Two cores that do nothing but verify and take requests. */
function twoCoreBound({ hello, verificationCpu }: Baselines): number {
  return 2e6 / (verificationCpu + 1e6 / hello)
}

function ratioRows(baselines: Baselines, run: LogRun): readonly Row[] {
  const ratios: Record<string, readonly [string, (phase: PhaseResult) => number]> = {
    "submit-1": ["p50 of one submission / fdatasync", ({ p50 }) => p50 / baselines.sync],
    "submit-256": ["submit-256 / two-core bound", ({ rate }) => rate / twoCoreBound(baselines)],
    "batch-100": ["batch-100 / verifications", ({ rate }) => rate / baselines.verifications],
    proof: ["proof / hello", ({ rate }) => rate / baselines.hello],
    tile: ["tile / hello", ({ rate }) => rate / baselines.hello],
    checkpoint: ["checkpoint / hello", ({ rate }) => rate / baselines.hello],
  }
  return run.phases.flatMap((phase) => {
    const ratio = ratios[phase.name]
    return ratio === undefined ? [] : [[ratio[0], count(run.size), decimal(ratio[1](phase), 2)]]
  })
}

function growthRows([small, large]: readonly LogRun[]): readonly Row[] {
  const larger = large?.phases ?? []
  return larger.flatMap(({ name, rate }) => {
    const before = small?.phases.find((phase) => phase.name === name)
    return before === undefined
      ? []
      : [[`${name}: large log / small log`, "", decimal(rate / before.rate, 2)]]
  })
}

export function reportText(report: BenchReport): string {
  const { machine, seconds, baselines, runs, publish, witness, monitor } = report
  const ratios = [...runs.flatMap((run) => ratioRows(baselines, run)), ...growthRows(runs)]
  return [
    `${machine}; phases of ${seconds} s; CPU time in us an entry or read\n`,
    baselineText(baselines),
    ...runs.map(runText),
    publishText(publish),
    witnessText(witness),
    monitorText(monitor, baselines),
    ratios.length === 0 ? "" : `\nRatios\n${table([["what", "entries", "ratio"], ...ratios])}`,
  ].join("")
}
