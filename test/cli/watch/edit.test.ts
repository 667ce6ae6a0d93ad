import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { addToSubject } from "../../../src/cli/watch/edit.ts"

const FILE = `countersign-watch/v1
# ours
subject app   
  # released
  digest sha256:aa

\tname app   # no comment
  # last

# between
subject other
  name other
`

describe("addToSubject()", () => {
  test("adds behind the block's last line and keeps every other byte", () => {
    const { text, added, known } = addToSubject(FILE, "app", [
      "digest sha256:bb",
      "digest sha256:aa",
    ])
    expect(added).toEqual(["digest sha256:bb"])
    expect(known).toEqual(["digest sha256:aa"])
    expect(text).toBe(FILE.replace("  # last\n", "  # last\n  digest sha256:bb\n"))
  })

  test("adds to a block at the end of the file", () => {
    const { text } = addToSubject(FILE, "other", ["unique version"])
    expect(text).toBe(`${FILE}  unique version\n`)
  })

  test("begins a block where there is none, and a file", () => {
    const block = "subject new\n  name n\n"
    expect(addToSubject(FILE, "new", ["name n"]).text).toBe(`${FILE}\n${block}`)
    expect(addToSubject("", "new", ["name n"]).text).toBe(`countersign-watch/v1\n\n${block}`)
  })

  test("is not led astray by an indented line or a longer name", () => {
    const text = "countersign-watch/v1\nsubject apples\n  name subject app\n"
    expect(addToSubject(text, "app", ["name a"]).text).toBe(`${text}\nsubject app\n  name a\n`)
  })

  test("loses no line of any text, and adds each line once", () => {
    const line = fc.constantFrom(
      "subject a",
      "  name x",
      "# c",
      "",
      "  # c",
      "subject b",
      "opaque count",
    )
    fc.assert(
      fc.property(fc.array(line, { maxLength: 12 }), (lines) => {
        const before = ["countersign-watch/v1", ...lines, ""].join("\n")
        const once = addToSubject(before, "a", ["name new"])
        const rest = once.text.split("\n")
        for (const each of before.split("\n").slice(0, -1)) {
          expect(rest).toContain(each)
          rest.splice(rest.indexOf(each), 1)
        }
        const again = addToSubject(once.text, "a", ["name new"])
        expect(again).toEqual({ text: once.text, added: [], known: ["name new"] })
      }),
    )
  })
})
