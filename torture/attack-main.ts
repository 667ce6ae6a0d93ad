// `npm run torture -- attacks`: attacks the built servers on this machine over loopback and prints what each attack
// costs. Ends with 1 where a bound of bounds.ts is broken.
import { mkdirSync, readdirSync, writeFileSync } from "node:fs"
import { networkInterfaces } from "node:os"
import { resolve } from "node:path"
import type { Attack } from "./attack.ts"
import { brokenBounds } from "./bounds.ts"
import { readOptions, type TortureOptions, USAGE } from "./options.ts"
import { reportText } from "./report.ts"
import { type Outcome, runAttack } from "./run.ts"
import { makeFolder } from "./stand/processes.ts"
import { loadProgram, ownDist } from "./stand/program.ts"
import { createTargets } from "./stand/targets.ts"

const LARGE_BUNDLES = 20
const TIME_LIMIT_MS = 30 * 60 * 1_000

/** Every file in the folder `attacks` lends its attacks under this name. */
async function loadAttacks(): Promise<readonly Attack[]> {
  const folder = new URL("attacks/", import.meta.url)
  const files = readdirSync(folder).filter((name) => name.endsWith(".js"))
  const modules: { readonly attacks: readonly Attack[] }[] = await Promise.all(
    files.sort().map((name) => import(new URL(name, folder).href)),
  )
  return modules.flatMap(({ attacks }) => attacks)
}

/** An address of this machine that is not one of loopback: who connects to it comes from it, too. */
function foreignAddress(): string {
  const all = Object.values(networkInterfaces()).flatMap((each) => each ?? [])
  const found = all.find(({ family, internal }) => family === "IPv4" && !internal)
  if (found === undefined) throw new Error("--foreign: expected an IPv4 address beside loopback")
  return found.address
}

async function torture(options: TortureOptions): Promise<readonly Outcome[]> {
  const { only, entries } = options
  const dist = resolve(options.dist ?? ownDist)
  const program = await loadProgram(dist)
  const folder = makeFolder()
  const host = options.isForeign ? foreignAddress() : undefined
  if (options.profiles !== undefined) mkdirSync(options.profiles, { recursive: true })
  const targets = createTargets({ dist, program, folder, entries, largeBundles: LARGE_BUNDLES })
  const outcomes: Outcome[] = []
  for (const attack of await loadAttacks()) {
    const isWanted = only.length === 0 || only.some((start) => attack.name.startsWith(start))
    if (!isWanted) continue
    process.stderr.write(`${attack.name} …\n`)
    const target = await targets.open(attack.target)
    outcomes.push(await runAttack(attack, target, { ...options, host }))
    await target.end()
    const broken = brokenBounds(outcomes, options)
    writeFileSync(options.json, `${JSON.stringify({ broken, outcomes }, null, 2)}\n`)
  }
  return outcomes
}

export async function attackMain(words: readonly string[]): Promise<void> {
  const options = readOptions(words)
  if (options === "help") {
    process.stdout.write(USAGE)
    return
  }
  setTimeout(() => {
    process.stderr.write("torture: the attacks took too long\n")
    process.exit(1)
  }, TIME_LIMIT_MS).unref()
  const outcomes = await torture(options)
  process.stdout.write(reportText(outcomes))
  const broken = brokenBounds(outcomes, options)
  for (const line of broken) process.stdout.write(`broken: ${line}\n`)
  if (broken.length > 0) process.exitCode = 1
}
