// Runs one harness of faults by its name, against the built program or a canary, and prints what held and what did not.
import { randomInt } from "node:crypto"
import { readdirSync, writeFileSync } from "node:fs"
import { join, resolve } from "node:path"
import { parseArgs } from "node:util"
import { loadCanaries, makeCanary } from "./canaries/canary.ts"
import type { FaultResult, Harness } from "./fault.ts"
import { makeFolder } from "./stand/processes.ts"
import { ownDist, workFolder } from "./stand/program.ts"

const MOST_TIMES = 100_000_000
const SEEDS = 2 ** 31

async function loadHarnesses(): Promise<readonly Harness[]> {
  const folder = new URL("faults/", import.meta.url)
  const files = readdirSync(folder).filter((name) => name.endsWith(".js"))
  const modules: { readonly harness: Harness }[] = await Promise.all(
    files.sort().map((name) => import(new URL(name, folder).href)),
  )
  return modules.map(({ harness }) => harness)
}

function usage(harnesses: readonly Harness[]): string {
  const lines = harnesses.map(({ name, counts, times }) => `  ${name}: ${times} ${counts}`)
  return `npm run torture -- NAME [--times N] [--seed N] [--only NAME,…] [--canary NAME] [--program DIR] [--json FILE]

  --times N      how often (the long form by default)
  --seed N       repeats the choices of a run
  --only NAMES   faults by the beginning of their names
  --canary NAME  against a program without a defence, which must be found: ends with 0 only if it is; "all" for each
                 canary of this harness
  --program DIR  the project whose dist is run (default: this one)

Harnesses, and how often they do it by default:
${lines.join("\n")}
`
}

function wholeNumber(name: string, text: string, most: number): number {
  const value = Number(text)
  if (Number.isSafeInteger(value) && value >= 0 && value <= most) return value
  throw new Error(`--${name}: expected 0 to ${most}, found ${text}`)
}

function reportText(results: readonly FaultResult[]): string {
  const lines = results.map(({ fault, times, checked, broken, figures = {} }) => {
    const more = Object.entries(figures).map(([name, value]) => `${name} ${value}`)
    const held = broken.length === 0 ? "held" : `BROKEN ${broken.length} times`
    return `${fault}: ${times} times, ${held}; ${[checked, ...more].join("; ")}\n`
  })
  return lines.join("")
}

/** Throws an error with a message for people for words that are unknown. Ends with 1 where something broke. */
export async function faultMain(name: string, words: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...words],
    options: {
      times: { type: "string" },
      seed: { type: "string", default: String(randomInt(SEEDS)) },
      only: { type: "string", default: "" },
      canary: { type: "string" },
      program: { type: "string", default: resolve(ownDist, "..") },
      json: { type: "string", default: join(workFolder, `${name}.json`) },
      help: { type: "boolean", default: false },
    },
  })
  const harnesses = await loadHarnesses()
  const harness = harnesses.find((each) => each.name === name)
  if (values.help || harness === undefined) {
    process.stdout.write(usage(harnesses))
    if (!values.help) throw new Error(`expected one of these harnesses, found ${name}`)
    return
  }
  const seed = wholeNumber("seed", values.seed, SEEDS)
  const times =
    values.times === undefined ? harness.times : wholeNumber("times", values.times, MOST_TIMES)
  const project = resolve(values.program)

  async function runAgainst(program: string): Promise<readonly FaultResult[]> {
    return await (harness as Harness).run({
      ...{ program, folder: makeFolder(), times, seed },
      only: values.only.split(",").filter((each) => each !== ""),
      progress: (text) => void process.stderr.write(`${text}\n`),
    })
  }

  process.stdout.write(`${name}, seed ${seed}\n`)
  if (values.canary !== undefined) {
    const all = (await loadCanaries()).filter((each) => each.harness === name)
    const wanted = all.filter((each) => values.canary === "all" || each.name === values.canary)
    if (wanted.length === 0)
      throw new Error(`expected one of the canaries ${all.map((each) => each.name).join(", ")}`)
    for (const canary of wanted) {
      const results = await runAgainst(makeCanary(project, canary, join(makeFolder(), "program")))
      const [found] = results.flatMap(({ broken }) => broken)
      process.stdout.write(
        `without ${canary.without}: ${found === undefined ? "NOT FOUND" : `found: ${found}`}\n`,
      )
      if (found === undefined) process.exitCode = 1
    }
    return
  }
  const results = await runAgainst(project)
  writeFileSync(values.json, `${JSON.stringify({ name, seed, results }, null, 2)}\n`)
  process.stdout.write(reportText(results))
  for (const line of results.flatMap(({ broken }) => broken))
    process.stdout.write(`broken: ${line}\n`)
  if (results.some(({ broken }) => broken.length > 0)) process.exitCode = 1
}
