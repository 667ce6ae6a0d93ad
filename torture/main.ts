// `npm run torture`: attacks the built servers on this machine over loopback and prints what each attack costs. It
// judges nothing; the bounds that must hold are held by tests.
import { readdirSync, writeFileSync } from "node:fs"
import { resolve } from "node:path"
import type { Attack } from "./attack.ts"
import { readOptions, type TortureOptions, USAGE } from "./options.ts"
import { reportText } from "./report.ts"
import { type Outcome, runAttack } from "./run.ts"
import { cleanUpAtExit, makeFolder } from "./stand/processes.ts"
import { loadProgram, ownDist } from "./stand/program.ts"
import { createTargets } from "./stand/targets.ts"

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

async function torture(options: TortureOptions): Promise<readonly Outcome[]> {
  const { only, entries } = options
  const dist = resolve(options.dist ?? ownDist)
  const program = await loadProgram(dist)
  const targets = createTargets({ dist, program, folder: makeFolder(), entries })
  const outcomes: Outcome[] = []
  for (const attack of await loadAttacks()) {
    const isWanted = only.length === 0 || only.some((start) => attack.name.startsWith(start))
    if (!isWanted) continue
    process.stderr.write(`${attack.name} …\n`)
    const target = await targets.open(attack.target)
    outcomes.push(await runAttack(attack, target, options))
    await target.end()
    if (options.json !== undefined) {
      writeFileSync(options.json, `${JSON.stringify(outcomes, null, 2)}\n`)
    }
  }
  return outcomes
}

async function main(): Promise<void> {
  const options = readOptions(process.argv.slice(2))
  if (options === "help") {
    process.stdout.write(USAGE)
    return
  }
  cleanUpAtExit()
  setTimeout(() => fail(new Error("the torture took too long")), TIME_LIMIT_MS).unref()
  const outcomes = await torture(options)
  process.stdout.write(reportText(outcomes))
}

function fail(reason: unknown): never {
  process.stderr.write(`torture: ${reason instanceof Error ? reason.message : String(reason)}\n`)
  process.exit(1)
}

main().then(() => process.exit(0), fail)
