import { expect, expectTypeOf, test } from "vitest"
import { present } from "../../../src/core/base/present.ts"

interface Named {
  readonly index: number
  readonly name?: string
}

const named = (name: string | undefined): Named => present({ index: 1, name })

test("present() leaves out what is undefined and keeps everything else in its order", () => {
  expect(Object.keys(named(undefined))).toEqual(["index"])
  expect(named("a")).toEqual({ index: 1, name: "a" })
  const kept = { zero: 0, none: null, no: false, text: "" }
  expect(JSON.stringify(present(kept))).toBe(JSON.stringify(kept))
  expect({ ...present({ a: undefined }), b: 1 }).toStrictEqual({ b: 1 })
})

test("present() makes optional what may be undefined, and nothing else", () => {
  const found = present({ index: 1, name: "a" as string | undefined })
  expectTypeOf(found.index).toEqualTypeOf<number>()
  expectTypeOf(found).toExtend<{ index: number; name?: string }>()
  // @ts-expect-error: an optional member is no string yet.
  const name: string = found.name
  expect(name).toBe("a")
  const whole: { readonly index: number; readonly name?: string } = { ...found }
  expect(whole).toEqual({ index: 1, name: "a" })
})
