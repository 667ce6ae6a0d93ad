// `npm run mutation [-- AREA…]`: changes the sources one place at a time (Stryker) and runs the tests that reach it. A
// change that no test notices survived. Prints a line for each area and writes the survivors to mutation/AREA.txt.
// Leaves out changes of texts alone: messages are for people, and codes and labels that matter are compared elsewhere.
import { spawnSync } from "node:child_process"
import { mkdirSync, readFileSync, writeFileSync } from "node:fs"

const areas = {
  sequencer: { mutate: ["src/log/sequencer.ts"], tests: ["test/log/*.test.ts"] },
  tree: { mutate: ["src/core/tree/*.ts"], tests: ["test/core/**/*.test.ts"] },
  note: { mutate: ["src/core/note/*.ts"], tests: ["test/core/**/*.test.ts"] },
  base: { mutate: ["src/core/base/*.ts"], tests: ["test/core/**/*.test.ts"] },
  evidence: { mutate: ["src/evidence/*.ts"], tests: ["test/evidence/**/*.test.ts"] },
  kinds: { mutate: ["src/entry/kinds/*.ts"], tests: ["test/entry/**/*.test.ts"] },
  entry: { mutate: ["src/entry/*.ts"], tests: ["test/entry/**/*.test.ts"] },
  statement: { mutate: ["src/entry/statement/*.ts"], tests: ["test/entry/**/*.test.ts"] },
}

const root = new URL("..", import.meta.url)
const KILLED = new Set(["Killed", "Timeout", "RuntimeError"])

function configOf({ mutate }, report) {
  return {
    plugins: ["@stryker-mutator/vitest-runner"],
    testRunner: "vitest",
    vitest: { configFile: "tools/mutation/vitest.config.js", related: true },
    coverageAnalysis: "perTest",
    reporters: ["json", "progress-append-only"],
    jsonReporter: { fileName: report },
    mutate,
    mutator: { excludedMutations: ["StringLiteral"] },
    ignorePatterns: ["dist*", "data", "docs", "interop", "bench", "/mutation"],
    concurrency: Number(process.env.COUNTERSIGN_MUTATORS ?? "2"),
    timeoutMS: 20_000,
    // Stryker would rewrite the real one with a programming interface that TypeScript 7 does not have.
    tsconfigFile: "tsconfig.none.json",
    tempDirName: "mutation/sandbox",
  }
}

function shown({ replacement = "", location: { start } }, path, source) {
  const line = source.split("\n")[start.line - 1].trim()
  return `${path}:${start.line}:${start.column} ${line}\n    ${replacement.replace(/\s+/g, " ").slice(0, 160)}\n`
}

function run(name, area) {
  mkdirSync(new URL("mutation", root), { recursive: true })
  const [config, report] = [`mutation/${name}.config.json`, `mutation/${name}.json`]
  writeFileSync(new URL(config, root), JSON.stringify(configOf(area, report)))
  const env = { ...process.env, COUNTERSIGN_TESTS: area.tests.join(",") }
  const { status } = spawnSync("npx", ["stryker", "run", config], {
    cwd: root,
    env,
    stdio: "inherit",
  })
  if (status !== 0) throw new Error(`Stryker ended with ${status}`)
  const { files } = JSON.parse(readFileSync(new URL(report, root), "utf8"))
  const all = Object.entries(files).flatMap(([path, { mutants, source }]) =>
    mutants
      .filter(({ status }) => status !== "Ignored" && status !== "CompileError")
      .map((mutant) => ({ mutant, path, source })),
  )
  const survivors = all.filter(({ mutant }) => !KILLED.has(mutant.status))
  const text = survivors.map(({ mutant, path, source }) => shown(mutant, path, source)).join("")
  writeFileSync(new URL(`mutation/${name}.txt`, root), text)
  const killed = all.length - survivors.length
  return `${name}: ${killed} of ${all.length} killed, ${((100 * killed) / all.length).toFixed(1)} %\n`
}

const wanted = process.argv.slice(2)
const unknown = wanted.filter((name) => !Object.hasOwn(areas, name))
if (unknown.length > 0)
  throw new Error(`expected some of ${Object.keys(areas).join(", ")}, found ${unknown}`)
const names = wanted.length > 0 ? wanted : Object.keys(areas)
const lines = names.map((name) => run(name, areas[name]))
process.stdout.write(lines.join(""))
