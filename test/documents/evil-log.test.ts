// The table of the evil log in docs/detection.md has one line for each row that is tested, and no others.
import { readdirSync, readFileSync } from "node:fs"
import { expect, test } from "vitest"

const root = new URL("../../", import.meta.url)
const folder = new URL("test/scenarios/evil/", root)
const files = readdirSync(folder).filter((name) => name.endsWith(".test.ts"))
const sources = files.map((name) => readFileSync(new URL(name, folder), "utf8"))
const text = readFileSync(new URL("docs/detection.md", root), "utf8")
const [, section = ""] = text.split("\n## The evil log\n")

/** In titles, in members of tables, and in what tables of tests begin with. */
const MARKS = [/\brows? (\d+)(?: and (\d+))?:/g, /^ *row: (\d+),/gm, /\[\s*(\d+),\s*["']/g] as const

function numbersIn(source: string): readonly number[] {
  return MARKS.flatMap((mark) => [...source.matchAll(mark)])
    .flatMap(([, ...numbers]) => numbers)
    .filter((number) => number !== undefined)
    .map(Number)
}

const lines = section.split("\n").filter((line) => /^\| \d/.test(line))
const listed = lines.map((line) => Number(/^\| (\d+) \|/.exec(line)?.[1]))
const tested = new Set(sources.flatMap(numbersIn))

test("the table counts from 1 without a gap", () => {
  expect(listed.length).toBeGreaterThanOrEqual(60)
  expect(listed).toEqual(listed.map((_, i) => i + 1))
})

test("every line of the table is tested, and everything that is tested stands in it", () => {
  expect([...tested].toSorted((a, b) => a - b)).toEqual(listed)
})

test("no number is used for two things in two files, but where a row is tested by both", () => {
  const users = (number: number): readonly string[] =>
    files.filter((_, i) => numbersIn(sources[i] ?? "").includes(number))
  expect(listed.filter((number) => users(number).length > 1)).toEqual([2])
})

test("every line says all of it: what a verifier says, finding, grade, exit code and evidence", () => {
  for (const line of lines) {
    const cells = line.slice(2, -2).split(" | ")
    expect([line, cells.length]).toEqual([line, 7])
    expect([line, cells.every((cell) => cell.trim() !== "")]).toEqual([line, true])
    const [, , , , grade = "", exit = ""] = cells
    expect(grade).toMatch(/PROVEN|ATTESTED|SUSPECTED|–/)
    expect(exit).toMatch(/[0-4]|–/)
  }
})
