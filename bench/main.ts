// `npm run bench`: measures the built server on this machine over loopback and prints the figures. It
// judges nothing by time, but fails if an answer was wrong.
import { writeFileSync } from "node:fs"
import { availableParallelism, cpus } from "node:os"
import { type BenchOptions, isWanted, readOptions, USAGE } from "./options.ts"
import { largeSubmissionPhases, publishPhases, readPhases, submissionPhases } from "./phases.ts"
import { type BenchReport, reportText } from "./report.ts"
import { measureBaselines } from "./runs/baselines.ts"
import { type LogRun, runLog } from "./runs/log-run.ts"
import { type MonitorResult, monitorPhases, runMonitorPhase } from "./runs/monitor-run.ts"
import type { Figures } from "./runs/phase.ts"
import { runPublish } from "./runs/publish-run.ts"
import { runWitnessPhase, witnessPhases } from "./runs/witness-run.ts"
import { cleanUpAtExit, makeFolder } from "./served/processes.ts"

const SMALL = 1_000
const LARGE = 1_000_000
const TIME_LIMIT_MS = 20 * 60 * 1_000

function announce(what: string): void {
  process.stderr.write(`${what} …\n`)
}

function machine(): string {
  const model = cpus()[0]?.model.trim() ?? "an unknown processor"
  return `${availableParallelism()} cores of ${model}, Node ${process.version}`
}

async function measure(options: BenchOptions): Promise<BenchReport> {
  const folder = makeFolder()
  const { seconds } = options
  const wanted = (phases: typeof readPhases) => phases.filter(({ name }) => isWanted(options, name))
  announce("baselines")
  const baselines = await measureBaselines(folder, Math.min(seconds, 2))
  const small = [...wanted(readPhases), ...wanted(submissionPhases)]
  const large = [...wanted(readPhases), ...wanted(largeSubmissionPhases)]
  const runs: LogRun[] = []
  for (const [size, phases] of [
    [SMALL, small],
    [LARGE, options.full ? large : []],
  ] as const) {
    if (phases.length === 0) continue
    runs.push(await runLog({ folder, size, seconds, phases, announce }))
  }
  const published = publishPhases.filter(({ name }) => isWanted(options, name))
  const publish =
    published.length === 0
      ? undefined
      : await runPublish({ folder, seconds, phases: published, announce })
  const witness: Figures[] = []
  for (const phase of witnessPhases.filter(({ name }) => isWanted(options, name))) {
    announce(phase.name)
    witness.push(await runWitnessPhase(phase, folder, seconds))
  }
  const monitor: MonitorResult[] = []
  for (const phase of monitorPhases.filter(({ name }) => isWanted(options, name))) {
    if (phase.isLarge && !options.full) continue
    announce(phase.name)
    monitor.push(await runMonitorPhase(phase, folder))
  }
  return { machine: machine(), seconds, baselines, runs, publish, witness, monitor }
}

async function main(): Promise<void> {
  const options = readOptions(process.argv.slice(2))
  if (options === "help") {
    process.stdout.write(USAGE)
    return
  }
  cleanUpAtExit()
  setTimeout(() => fail(new Error("the bench took too long")), TIME_LIMIT_MS).unref()
  const report = await measure(options)
  process.stdout.write(reportText(report))
  if (options.json !== undefined)
    writeFileSync(options.json, `${JSON.stringify(report, null, 2)}\n`)
}

function fail(reason: unknown): never {
  process.stderr.write(`bench: ${reason instanceof Error ? reason.message : String(reason)}\n`)
  process.exit(1)
}

main().catch(fail)
