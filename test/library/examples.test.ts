// The examples in the library's doc comments and the one in README.md: each compiles strictly, runs against the
// built package, and prints what the comments behind its `console.log` say.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { expect, onTestFinished, test } from "vitest"
import { checkout, start } from "../scenarios/process.ts"
import { makeSamples } from "./samples.ts"
import { exportsOf, modules } from "./surface.ts"

const readme = readFileSync(join(checkout, "README.md"), "utf8")
const [, readmeExample = "README.md has none"] = /^```ts\n([\s\S]+?)^```$/m.exec(readme) ?? []

const examples = new Map([
  ["README", readmeExample],
  ...modules
    .flatMap(exportsOf)
    .flatMap(({ name, example }) => (example ? [[name, example] as const] : [])),
])

/** What an example says that it prints, line for line. */
function promisedBy(example: string): readonly string[] {
  return Array.from(example.matchAll(/^console\.log\(.*\) \/\/ (.+)$/gm), ([, text = ""]) => text)
}

const config = {
  compilerOptions: {
    target: "es2023",
    lib: ["es2023"],
    types: ["node"],
    module: "nodenext",
    moduleDetection: "force",
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    noUnusedLocals: true,
    rootDir: "examples",
    outDir: "out",
  },
  include: ["examples"],
}

/** Runs all examples one after the other, with the address of the log in place of the one they name. */
const runner = (url: string) => `
import { format } from "node:util"
const { fetch } = globalThis
globalThis.fetch = (asked, init) =>
  fetch(String(asked).replace("http://localhost:3000/", ${JSON.stringify(url)}.replace(/\\/?$/, "/")), init)
const printed = {}
for (const name of ${JSON.stringify([...examples.keys()])}) {
  const lines = (printed[name] = [])
  console.log = (...values) => lines.push(format(...values))
  await import("./out/" + name + ".js").catch((error) => lines.push(String(error)))
}
process.stdout.write(JSON.stringify(printed))
`

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "countersign-examples-"))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  mkdirSync(join(folder, "node_modules"))
  mkdirSync(join(folder, "examples"))
  symlinkSync(checkout, join(folder, "node_modules/countersign"))
  symlinkSync(join(checkout, "node_modules/@types"), join(folder, "node_modules/@types"))
  writeFileSync(join(folder, "package.json"), '{"type":"module"}')
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(config))
  for (const [name, code] of examples) {
    writeFileSync(join(folder, "examples", `${name}.ts`), code)
  }
  return folder
}

test("every example compiles, runs and prints what it says", async () => {
  const cwd = newFolder()
  const compiled = await start([join(checkout, "node_modules/.bin/tsc")], { cwd }).ended
  expect(compiled.stdout).toBe("")
  const { url } = await makeSamples(cwd)
  writeFileSync(join(cwd, "run.js"), runner(url))
  const { stdout, stderr } = await start([process.execPath, "run.js"], { cwd }).ended
  expect(stderr).toBe("")
  const promised = Array.from(examples, ([name, code]) => [name, promisedBy(code)])
  expect(JSON.parse(stdout)).toEqual(Object.fromEntries(promised))
})
