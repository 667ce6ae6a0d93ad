// What brings the program to its operators, as far as it can be looked at without a registry or a container engine: the
// image's recipe, the units of systemd, the workflows, the list of what is in the package.
import { execFileSync, spawnSync } from "node:child_process"
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, test } from "vitest"
import { parse } from "yaml"
import { processTerminal } from "../../src/cli/command/terminal.ts"
import { createProgram } from "../../src/cli/program.ts"
import { checkout } from "../scenarios/process.ts"
import { newFolder } from "../storage/folder.ts"

const read = (path: string): string => readFileSync(join(checkout, path), "utf8")
const { scripts, dependencies } = JSON.parse(read("package.json")) as {
  readonly scripts: Readonly<Record<string, string>>
  readonly dependencies: Readonly<Record<string, string>>
}
const program = await createProgram(processTerminal(), "every")

/** Holds that `countersign` takes these words. */
function expectTaken(words: readonly string[]): void {
  let command = program
  for (const word of words) command = command.commands.find((it) => it.name() === word) ?? command
  expect(command, words.join(" ")).not.toBe(program)
  const known = command.options.map(({ long }) => long)
  for (const flag of words.filter((word) => word.startsWith("--"))) expect(known).toContain(flag)
}

describe("the Dockerfile", () => {
  const text = read("Dockerfile")
    .replaceAll(/^#.*\n/gm, "")
    .replaceAll(/\s*\\\n\s*/g, " ")
  const steps = text.split("\n").filter((line) => line !== "")
  const of = (name: string) => steps.filter((line) => line.startsWith(`${name} `))

  test("builds every stage on one base of Node 24, named exactly and open to a digest", () => {
    expect(of("ARG")).toEqual([
      expect.stringMatching(/^ARG BASE=node:24\.[0-9]+\.[0-9]+-[a-z]+-slim/),
    ])
    for (const from of of("FROM")) expect(from).toMatch(/^FROM \$\{BASE\}( AS \w+)?$/)
  })

  test("copies what there is, and needs no compiler", () => {
    const copied = of("COPY").filter((line) => !line.includes("--from"))
    const sources = copied.flatMap((line) => line.split(" ").slice(1, -1))
    expect(sources.filter((source) => !existsSync(join(checkout, source)))).toEqual([])
    expect(text).not.toMatch(/apt-get|g\+\+|python3/)
  })

  test("ends as a user who is not root, with a question and a command that the program takes", () => {
    expect(of("USER")).toEqual(["USER 1000:1000"])
    const last = text.slice(text.lastIndexOf("FROM"))
    const words = (line = ""): readonly string[] =>
      JSON.parse(line.slice(line.indexOf("["))) as string[]
    const [entry, check] = [of("ENTRYPOINT")[0], of("HEALTHCHECK")[0]]
    expect(last).toContain("USER 1000:1000")
    expect(words(entry)).toEqual(["node", "dist/cli/main.js"])
    expect(words(check).slice(0, 2)).toEqual(words(entry))
    expectTaken(words(check).slice(2))
    expectTaken(words(of("CMD").at(-1)))
  })
})

describe("the units of systemd", () => {
  const folder = join(checkout, "packaging/systemd")
  const names = readdirSync(folder)
  const services = names.filter((name) => name.endsWith(".service"))
  const hasTool = spawnSync("systemd-analyze", ["--version"]).status === 0
  if (!hasTool)
    console.warn("NOT CHECKED: systemd-analyze is not there; install Debian's package systemd")

  /** Copies of all units, which start what is built here. */
  function installed(): string {
    const target = newFolder()
    const own = `${process.execPath} ${join(checkout, "dist/cli/main.js")}`
    for (const name of names) {
      const text = readFileSync(join(folder, name), "utf8")
      const there = text.replaceAll("/usr/bin/node /opt/countersign/dist/cli/main.js", own)
      writeFileSync(join(target, name), there)
    }
    return target
  }

  test("are there for log, witness and monitor", () => {
    const expected = [
      "countersign.service",
      "countersign-monitor.service",
      "countersign-witness.service",
    ]
    expect(services).toEqual(expect.arrayContaining(expected))
  })

  test.each(services)(
    "%s starts a command that the program takes, and lets Node compile",
    (name) => {
      const text = readFileSync(join(folder, name), "utf8")
      const [, words = ""] =
        /^ExecStart=\/usr\/bin\/node \/opt\/countersign\/dist\/cli\/main\.js (.+)$/m.exec(text) ??
        []
      expectTaken(words.split(" "))
      expect(text).not.toMatch(/^MemoryDenyWriteExecute=/m)
      expect(text).toMatch(/^User=countersign/m)
    },
  )

  test.skipIf(!hasTool).each(names)("%s is one, by systemd's own word", (name) => {
    const { status, stderr } = spawnSync(
      "systemd-analyze",
      ["verify", "--man=no", join(installed(), name)],
      { encoding: "utf8" },
    )
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" })
  })

  test.skipIf(!hasTool).each(services)("%s is exposed to 2.0 of 10 at most", (name) => {
    const words = ["security", "--offline=true", "--threshold=20", join(installed(), name)]
    const { status, stdout } = spawnSync("systemd-analyze", words, { encoding: "utf8" })
    expect(status, stdout).toBe(0)
  })
})

describe("the workflows", () => {
  interface Step {
    readonly uses?: string
    readonly run?: string
  }
  interface Workflow {
    readonly permissions: object
    readonly jobs: Readonly<
      Record<string, { readonly permissions?: object; readonly steps: Step[] }>
    >
  }

  const folder = ".github/workflows"
  const workflows = readdirSync(join(checkout, folder)).map((name) => {
    const text = read(join(folder, name))
    const { permissions, jobs } = parse(text) as Workflow
    const steps = Object.values(jobs).flatMap((job) => job.steps)
    return { name, text, permissions, jobs, steps }
  })

  test.each(workflows)(
    "$name names actions by commit and scripts that there are",
    ({ text, steps }) => {
      for (const { uses } of steps) {
        if (uses === undefined) continue
        expect(uses).toMatch(/^[\w-]+\/[\w-]+@[0-9a-f]{40}$/)
        expect(text).toMatch(new RegExp(`${uses} # v[0-9]+\\.[0-9]+\\.[0-9]+$`, "m"))
      }
      const called = steps.flatMap(({ run = "" }) => [
        ...run.matchAll(/npm run (?:--silent )?([\w:]+)/g),
      ])
      expect(called.map(([, name = ""]) => name).filter((name) => !(name in scripts))).toEqual([])
    },
  )

  test("a release has its provenance and the list of what is in it, and no right that it does not need", () => {
    const release = workflows.find(({ name }) => name === "release.yml")
    const runs = release?.steps.map(({ run, uses }) => run ?? uses).join("\n") ?? ""
    const order = [
      "npm run check",
      "npm run --silent sbom",
      "attest-build-provenance",
      "npm publish",
      "gh release",
    ]
    const places = order.map((what) => runs.indexOf(what))
    expect(places).not.toContain(-1)
    expect(places).toEqual(places.toSorted((one, other) => one - other))
    expect(runs).toContain("--provenance")
    expect(release?.permissions).toEqual({})
    expect(release?.jobs["publish"]?.permissions).toEqual({
      contents: "write",
      "id-token": "write",
      attestations: "write",
    })
  })
})

test("`npm run sbom` lists every package that is installed with this one, and none for its development", () => {
  const text = execFileSync("npm", ["run", "--silent", "sbom"], { cwd: checkout, encoding: "utf8" })
  const { bomFormat, components } = JSON.parse(text) as {
    readonly bomFormat: string
    readonly components: readonly { readonly name: string; readonly version: string }[]
  }
  const names = components.map(({ name }) => name)
  expect(bomFormat).toBe("CycloneDX")
  expect(names).toEqual(expect.arrayContaining(Object.keys(dependencies)))
  expect(names).not.toContain("vitest")
  const lock = JSON.parse(read("package-lock.json")) as {
    readonly packages: Readonly<Record<string, { readonly dev?: boolean }>>
  }
  const shipped = Object.entries(lock.packages).filter(
    ([path, { dev }]) => path !== "" && dev !== true,
  )
  expect(components).toHaveLength(shipped.length)
})
