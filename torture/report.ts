// The outcomes of a run as a table for people.
import type { Latencies } from "./measuring/measurer.ts"
import type { Outcome } from "./run.ts"

type Row = readonly string[]

const MEBIBYTE = 1024 * 1024

function mebibytes(bytes: number | undefined): string {
  return bytes === undefined ? "-" : String(Math.round(bytes / MEBIBYTE))
}

function above(bytes: number | undefined, idle: number | undefined): string {
  return bytes === undefined || idle === undefined ? "-" : `+${mebibytes(bytes - idle)}`
}

const nothing = ["-", "-", "-", "-"]

function answers(statuses: Outcome["statuses"]): string {
  return Object.entries(statuses)
    .map(([status, count]) => `${status === "0" ? "cut off" : status}×${count}`)
    .join(" ")
}

function latency({ asked, failed, p50, p99, most }: Latencies): readonly string[] {
  return [p50.toFixed(1), p99.toFixed(0), most.toFixed(0), `${failed}/${asked}`]
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

const head: Row = [
  ...["attack", "row", "target", "s", "idle MB", "peak", "after", "CPU s"],
  ...["turn ms", ">20", "probe p50", "p99", "max ms", "failed", "honest p50", "p99", "max ms"],
  ...["failed", "write p50", "p99", "max ms", "failed", "the attack was answered"],
]

function rowOf(outcome: Outcome): Row {
  const { name, row, target, seconds, isCut, idle, peak, after, cpu, turns } = outcome
  return [
    ...[name, row, target, `${seconds.toFixed(1)}${isCut ? "*" : ""}`, mebibytes(idle)],
    ...[above(peak, idle), above(after, idle), cpu?.toFixed(1) ?? "-"],
    ...[turns?.longest?.toFixed(0) ?? "-", String(turns?.over[0] ?? "-")],
    ...latency(outcome.health),
    ...latency(outcome.honest),
    ...(outcome.writes === undefined ? nothing : latency(outcome.writes)),
    answers(outcome.statuses),
  ]
}

export function reportText(outcomes: readonly Outcome[]): string {
  const note = outcomes.some(({ isCut }) => isCut)
    ? "* stopped, for the server had taken all the memory that it was given\n"
    : ""
  return table([head, ...outcomes.map(rowOf)]) + note
}
