// Every export of the library says what it is, and each function shows how it is used.
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, test } from "vitest"
import { checkout } from "../scenarios/process.ts"
import { exportsOf, modules, restOf } from "./surface.ts"

const { exports } = JSON.parse(readFileSync(join(checkout, "package.json"), "utf8")) as {
  readonly exports: Readonly<Record<string, unknown>>
}

test("the package exports these modules and nothing else", () => {
  const names = modules.map((name) => `./${name}`)
  expect(Object.keys(exports).sort()).toEqual([...names, "./package.json"].sort())
})

describe.each(modules)("countersign/%s", (module) => {
  const exported = exportsOf(module)

  test("only re-exports", () => {
    expect(exported.length).toBeGreaterThan(10)
    expect(restOf(module)).toBe("")
  })

  test("has a doc comment on every export", () => {
    const silent = exported.filter(({ comment }) => !/^[A-Z0-9`][\s\S]{15,}/.test(comment))
    expect(silent.map(({ name }) => name)).toEqual([])
  })

  test("has an example of every function", () => {
    const functions = exported.filter(({ kind }) => kind === "function")
    expect(functions.filter(({ example }) => !example).map(({ name }) => name)).toEqual([])
    const others = functions.filter(({ name, example }) => !example?.includes(name))
    expect(others.map(({ name }) => name)).toEqual([])
  })
})
