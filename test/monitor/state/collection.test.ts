// Collections: each text is parsed once, each value written once a commit, and what is foreign is refused by name.
import { describe, expect, test } from "vitest"
import { portableHasher } from "../../../src/core/tree/hash.ts"
import { collection, textCollection } from "../../../src/monitor/state/collection.ts"
import {
  flag,
  integer,
  list,
  message,
  optional,
  record,
  text,
  word,
} from "../../../src/monitor/state/schema.ts"
import { createDocumentSet, createDraft } from "../../../src/monitor/state/set.ts"
import { expectRefusal } from "../../refusals.ts"

function counted() {
  const inner = message({ n: integer })
  const count = { read: 0, written: 0 }
  const schema = {
    read(value: unknown, what: string) {
      count.read += 1
      return inner.read(value, what)
    },
    write(value: { readonly n: number }) {
      count.written += 1
      return inner.write(value)
    },
  }
  return { count, numbers: collection("claim", schema) }
}

describe("a document", () => {
  test("is parsed when it is first asked for, and never again", () => {
    const { count, numbers } = counted()
    const stored = [{ kind: "claim", key: "a", value: '{"n":1}' }] as const
    const set = createDocumentSet(stored, portableHasher)
    expect([count.read, set.keys(numbers)]).toEqual([0, ["a"]])
    for (let i = 0; i < 5; i++) {
      expect(createDraft(set).get(numbers, "a")).toEqual({ n: 1 })
      expect(set.list(numbers)).toEqual([["a", { n: 1 }]])
    }
    expect(count.read).toBe(1)
  })

  test("is written once a commit, however often it is put, and not parsed after that", () => {
    const { count, numbers } = counted()
    const set = createDocumentSet([], portableHasher)
    const draft = createDraft(set)
    for (let n = 0; n < 100; n++) draft.put(numbers, "a", { n })
    const changes = draft.changes()
    set.apply(changes)
    expect(count).toEqual({ read: 0, written: 1 })
    expect(changes).toMatchObject([{ kind: "claim", key: "a", value: '{"n":99}' }])
    expect(set.get(numbers, "a")).toEqual({ n: 99 })
    expect(count).toEqual({ read: 0, written: 1 })
  })

  test("that is put as it was is no change", () => {
    const { numbers } = counted()
    const stored = [{ kind: "claim", key: "a", value: '{"n":1}' }] as const
    const draft = createDraft(createDocumentSet(stored, portableHasher))
    draft.put(numbers, "a", { n: 2 })
    draft.put(numbers, "a", { n: 1 })
    draft.remove(numbers, "b")
    expect(draft.changes()).toEqual([])
  })
})

test("collections of one kind do not see each other's documents", () => {
  const all = textCollection("alert", { under: "", besides: "sink " })
  const sinks = textCollection("alert", { under: "sink " })
  const draft = createDraft(createDocumentSet([], portableHasher))
  draft.put(all, "a", "1")
  draft.put(sinks, "b", "2")
  expect(draft.list(all)).toEqual([["a", "1"]])
  expect(draft.list(sinks)).toEqual([["b", "2"]])
  expect(draft.get(all, "sink b")).toBeUndefined()
  expect(() => draft.put(all, "sink c", "3")).toThrow("bug: ")
  expect(draft.changes().map(({ key }) => key)).toEqual(["a", "sink b"])
})

describe("a schema", () => {
  const notes = collection(
    "log",
    message({
      kind: word("one", "two"),
      at: integer,
      isDone: flag,
      names: list(text, 2),
      waits: record(message({ until: integer })),
      note: optional(text),
    }),
  )
  const value = {
    kind: "one",
    at: 5,
    isDone: false,
    names: ["a"],
    waits: { b: { until: 1 } },
  } as const

  test("writes canonical JSON without what is absent, and reads it back", () => {
    const written = notes.format(value)
    expect(written).toBe(
      '{"at":5,"isDone":false,"kind":"one","names":["a"],"waits":{"b":{"until":1}}}',
    )
    expect(notes.parse(written, "k")).toEqual(value)
    const noted = { ...value, note: "n" }
    expect(notes.parse(notes.format(noted), "k")).toEqual(noted)
  })

  test.each([
    ["another word", { kind: "three" }],
    ["a negative number", { at: -1 }],
    ["a number as text", { at: "5" }],
    ["a flag that is none", { isDone: 1 }],
    ["no flag", { isDone: undefined }],
    ["a list of numbers", { names: [1] }],
    ["a member that nobody knows", { other: 1 }],
    ["nothing where something is optional", { note: null }],
    ["an inner member that nobody knows", { waits: { b: { until: 1, other: 2 } } }],
  ])("refuses %s, naming the document", (_what, change) => {
    const damaged = JSON.stringify(
      Object.fromEntries(Object.entries({ ...value, ...change }).sort()),
    )
    expectRefusal("malformed", () => notes.parse(damaged, "k"))
    expect(() => notes.parse(damaged, "k")).toThrow(/^log "k"/)
  })

  test("refuses lists and documents without end", () => {
    const long = notes.format({ ...value, names: ["a", "b", "c"] })
    expectRefusal("too-large", () => notes.parse(long, "k"))
    expectRefusal("too-large", () => notes.parse(`"${"x".repeat(1_048_576)}"`, "k"))
  })
})
