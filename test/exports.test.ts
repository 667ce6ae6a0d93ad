// Nothing of src is exported that no other file uses. The only files that may export more are the doors of
// the package, which package.json names: programs of other people import those.
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { posix } from "node:path"
import { fileURLToPath } from "node:url"
import { expect, test } from "vitest"
import { exportsOf, takenBy } from "./exported-names.ts"

const root = fileURLToPath(new URL("../", import.meta.url))

/** Every source below these folders, relative to the root with slashes. */
function sources(...folders: readonly string[]): ReadonlyMap<string, string> {
  const paths = folders
    .filter((folder) => existsSync(root + folder))
    .flatMap((folder) =>
      readdirSync(root + folder, { recursive: true, encoding: "utf8" }).map((path) =>
        posix.join(folder, path.replaceAll("\\", "/")),
      ),
    )
    .filter((path) => /\.m?ts$/.test(path) && !path.includes("/node_modules/"))
  return new Map(paths.map((path) => [path, readFileSync(root + path, "utf8")]))
}

/** The sources of the files that package.json lets others import. */
function doors(): ReadonlySet<string> {
  const { exports } = JSON.parse(readFileSync(`${root}package.json`, "utf8")) as { exports: object }
  const targets = JSON.stringify(exports).matchAll(/"\.\/dist\/([^"]+?)(?:\.d\.ts|\.js)"/g)
  return new Set(Array.from(targets, ([, path]) => `src/${path}.ts`))
}

/** Names that are exported by a file of `exporting` and that no file of `all` but this one takes. */
function unused(
  exporting: ReadonlyMap<string, string>,
  all: ReadonlyMap<string, string>,
): readonly string[] {
  const taken = new Set<string>()
  for (const [path, text] of all) {
    for (const { specifier, names } of takenBy(text)) {
      const target = posix.join(posix.dirname(path), specifier)
      for (const name of names) taken.add(`${target} ${name}`)
    }
  }
  // A thread is told by name which export of its file it shall run.
  const isNamed = (name: string, own: string) =>
    [...exporting].some(([path, text]) => path !== own && text.includes(`name: "${name}"`))
  return [...exporting].flatMap(([path, text]) =>
    exportsOf(text)
      .filter((name) => !taken.has(`${path} ${name}`) && !taken.has(`${path} *`))
      .filter((name) => !isNamed(name, path))
      .map((name) => `${path} exports ${name}`),
  )
}

test("src exports nothing that no other file uses", () => {
  const open = doors()
  const own = new Map([...sources("src")].filter(([path]) => !open.has(path)))
  expect(open.size).toBeGreaterThan(0)
  expect(own.size).toBeGreaterThan(300)
  expect(unused(own, sources("src", "test", "bench", "torture", "interop", "examples"))).toEqual([])
})

test("an export without a use is found, and every kind of use counts", () => {
  const exporting = new Map([
    ["src/a.ts", "export const one = 1\nexport interface Two {}\nexport function three() {}\n"],
    ["src/b.ts", "export type Four = 4\nexport { one as five } from './c.ts'\n"],
    ["src/d.ts", "// export const no = 0\nexport async function run() {}\n"],
    ["src/e.ts", 'import { one, type Two } from "./a.ts"\nstart({ name: "run" })\n'],
  ])
  expect(unused(exporting, exporting)).toEqual([
    "src/a.ts exports three",
    "src/b.ts exports Four",
    "src/b.ts exports five",
  ])
  const others = new Map([
    ...exporting,
    ["test/a.test.ts", 'const { three } = await import("../src/a.ts")\n'],
    ["test/b.test.ts", 'export type { Four as Quattro } from "../src/b.ts"\n'],
  ])
  expect(unused(exporting, others)).toEqual(["src/b.ts exports five"])
})
