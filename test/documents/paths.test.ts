// What the documents say about the source is there: the files and folders that they name, the functions that the walk
// through the rooms names, and every room of src in the table of docs/architecture.md.
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs"
import { join, relative, sep } from "node:path"
import { expect, test } from "vitest"
import { checkout } from "../scenarios/process.ts"

const read = (name: string): string => readFileSync(join(checkout, name), "utf8")
const inside = (folder: string): string[] =>
  readdirSync(join(checkout, folder), { recursive: true, encoding: "utf8" }).map((name) =>
    name.split(sep).join("/"),
  )

/** Recipes name files that their reader is to make, so only the index of them is here. */
const documents = [
  ...["README.md", "CONTRIBUTING.md", "SECURITY.md", "examples/README.md", "docs/how-to/README.md"],
  ...readdirSync(join(checkout, "docs"))
    .filter((name) => name.endsWith(".md"))
    .map((name) => `docs/${name}`),
]

const sources = inside("src").filter((name) => name.endsWith(".ts"))
const floors = [...new Set(sources.map((name) => name.split("/", 1)[0] as string))]
const TOP = [
  "src",
  "test",
  "docs",
  "examples",
  "bench",
  "torture",
  "interop",
  "tools",
  "migrations",
  ".github",
]

const codeSpans = (text: string): string[] =>
  [...text.replaceAll(/^```[\s\S]*?^```/gm, "").matchAll(/`([^`\n]+)`/g)].map(
    ([, code = ""]) => code,
  )

/** The path that a code span names: below the checkout, or below src where it begins with a floor. */
function pathOf(code: string): string | undefined {
  if (!/^[\w.-]+(?:\/[\w.-]+)+\/?$/.test(code)) return undefined
  const first = code.split("/", 1)[0] as string
  if (TOP.includes(first)) return code
  return floors.includes(first) && code.endsWith(".ts") ? `src/${code}` : undefined
}

/** The files that links lead to, relative to the checkout. */
function linksOf(name: string, text: string): string[] {
  return [...text.matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g)].map(([, target = ""]) =>
    relative(checkout, join(checkout, name, "..", target)),
  )
}

test.each(documents)("%s names only files and folders that exist", (name) => {
  const text = read(name)
  const named = [...codeSpans(text).flatMap((code) => pathOf(code) ?? []), ...linksOf(name, text)]
  expect(named.filter((path) => !existsSync(join(checkout, path)))).toEqual([])
})

test("what the check finds is what it should find", () => {
  expect(pathOf("monitor/heads/judge.ts")).toBe("src/monitor/heads/judge.ts")
  expect(pathOf("src/monitor/heads")).toBe("src/monitor/heads")
  expect(["text/plain", "a.b.c", "npm run check", "POST /v1/entries"].map(pathOf)).toEqual(
    Array(4).fill(undefined),
  )
  expect(codeSpans("a `b` c\n```\n`d`\n```\n`e`")).toEqual(["b", "e"])
})

test("every function of the walk through the rooms is in the source", () => {
  const code = sources.map((name) => read(`src/${name}`)).join("\n")
  const named = codeSpans(read("docs/a-walk-through.md")).filter((span) => /^\w+\(\)$/.test(span))
  expect(named.length).toBeGreaterThan(20)
  const isThere = (span: string) => new RegExp(`\\bfunction ${span.slice(0, -2)}\\b`).test(code)
  expect(named.filter((span) => !isThere(span))).toEqual([])
})

test("docs/architecture.md has every floor and room of src, and no others", () => {
  const rooms = new Set(
    sources.map((name) => {
      const [floor, ...rest] = name.split("/").slice(0, -1)
      return `${floor} ${rest.join("/") || "."}`
    }),
  )
  let floor = ""
  const listed = [...read("docs/architecture.md").matchAll(/^\| (`[^|]+`)? ?\| (`[^|]+`) \|/gm)]
  const named = listed.flatMap(([, first, names = ""]) => {
    floor = first?.slice(1, -1) ?? floor
    return codeSpans(names).map((room) => `${floor} ${room}`)
  })
  expect(named.sort()).toEqual([...rooms].sort())
})

test("the index of recipes has every file beside it", () => {
  const files = inside("docs/how-to").filter((name) => name !== "README.md")
  const linked = linksOf("docs/how-to/README.md", read("docs/how-to/README.md"))
  expect(linked).toEqual(expect.arrayContaining(files.map((name) => `docs/how-to/${name}`)))
  expect(files.every((name) => statSync(join(checkout, "docs/how-to", name)).isFile())).toBe(true)
})
