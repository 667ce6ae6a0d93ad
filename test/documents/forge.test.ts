// The files for a forge and for editors: that they can be read, and that they say what the project's own files say.
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { parse } from "yaml"
import { checkout } from "../scenarios/process.ts"

const read = (name: string): string => readFileSync(join(checkout, name), "utf8")

interface Job {
  readonly container?: string
  readonly steps: readonly { readonly run?: string }[]
}

/** The commands of a workflow, by job. */
function commandsOf(name: string): Readonly<Record<string, readonly string[]>> {
  const { jobs } = parse(read(`.github/workflows/${name}`)) as { jobs: Record<string, Job> }
  return Object.fromEntries(
    Object.entries(jobs).map(([job, { steps }]) => [job, steps.flatMap(({ run }) => run ?? [])]),
  )
}

test("every change runs .ci/run, and the tests on newer versions of Node", () => {
  const commands = commandsOf("ci.yml")
  expect(commands["everything"]).toContain(".ci/run")
  expect(commands["newer-node"]).toContain("npm test")
})

test("a release is checked and published with its provenance", () => {
  expect(commandsOf("release.yml")["publish"]).toEqual(
    expect.arrayContaining(["npm run check", expect.stringContaining("--provenance")]),
  )
})

test("workflows and package.json run only scripts that there are", () => {
  const { scripts } = JSON.parse(read("package.json")) as { scripts: Record<string, string> }
  const texts = [
    ...readdirSync(join(checkout, ".github/workflows")).map((name) => `.github/workflows/${name}`),
    ...["package.json", "CONTRIBUTING.md", "docs/releasing.md", ".github/PULL_REQUEST_TEMPLATE.md"],
    ...[".ci/run", "README.md", "docs/decisions.md"],
  ].map(read)
  const named = texts.flatMap((text) =>
    [...text.matchAll(/npm run (?:--?[\w-]+ )*([\w:-]+)/g)].map(([, name = ""]) => name),
  )
  expect(named).toContain("check")
  expect(named.filter((name) => scripts[name] === undefined)).toEqual([])
})

test.each(["bug.yml", "proposal.yml"])("the form %s has a field that must be filled in", (name) => {
  const form = parse(read(`.github/ISSUE_TEMPLATE/${name}`)) as {
    readonly body: readonly { readonly id?: string; readonly validations?: object }[]
  }
  const ids = form.body.flatMap(({ id }) => id ?? [])
  expect(new Set(ids).size).toBe(ids.length)
  expect(form.body.map(({ validations }) => validations)).toContainEqual({ required: true })
})

test(".editorconfig formats as Biome does", () => {
  const { formatter } = JSON.parse(read("biome.json"))
  const [, all = ""] = read(".editorconfig").split(/^\[.*\]$/m)
  const settings = Object.fromEntries(
    [...all.matchAll(/^(\w+) = (\w.*)$/gm)].map(([, name, value]) => [name, value]),
  )
  expect(settings).toMatchObject({
    indent_style: formatter.indentStyle,
    indent_size: String(formatter.indentWidth),
    max_line_length: String(formatter.lineWidth),
  })
})
