import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { Refusal, Trouble } from "../../../src/core/base/errors.ts"
import { LONGEST_WATCH_LIST } from "../../../src/core/base/limits.ts"
import { openLedgerFolder } from "../../../src/storage/files/ledger-folder.ts"
import { newFolder } from "../folder.ts"

test("lines are appended once, and are there for whoever opens the folder next", async () => {
  const folder = join(newFolder(), "ledger")
  const ledgers = openLedgerFolder(folder)
  expect(await ledgers.read("ci")).toBeUndefined()
  expect(await ledgers.append("ci", ["one", "two", "one"])).toEqual({ added: 2, known: 1 })
  expect(await ledgers.append("ci", ["two", "three"])).toEqual({ added: 1, known: 1 })
  expect(await ledgers.append("other", ["one"])).toEqual({ added: 1, known: 0 })
  const again = openLedgerFolder(folder)
  expect(await again.append("ci", ["one", "two", "three"])).toEqual({ added: 0, known: 3 })
  expect(await again.read("ci")).toBe("one\ntwo\nthree\n")
  expect(readdirSync(folder).sort()).toEqual(["ci.jsonl", "other.jsonl"])
})

test("what is posted at the same time is written in turn", async () => {
  const ledgers = openLedgerFolder(newFolder())
  const lines = Array.from({ length: 20 }, (_, i) => `line ${i % 10}`)
  const results = await Promise.all(lines.map((line) => ledgers.append("ci", [line])))
  expect(results.reduce((sum, { added }) => sum + added, 0)).toBe(10)
  expect((await ledgers.read("ci"))?.split("\n")).toHaveLength(11)
})

test("half a line that a crash has left is nobody's, and does not spoil the next", async () => {
  const folder = newFolder()
  const ledgers = openLedgerFolder(folder)
  await ledgers.append("ci", ["one"])
  appendFileSync(ledgers.fileOf("ci"), '{"leafHa')
  expect(await ledgers.read("ci")).toBe("one\n")
  expect(await ledgers.append("ci", ["two"])).toEqual({ added: 1, known: 0 })
  expect(readFileSync(ledgers.fileOf("ci"), "utf8")).toBe("one\ntwo\n")
})

test("the name of a signer never leads out of the folder", async () => {
  const folder = newFolder()
  const ledgers = openLedgerFolder(join(folder, "ledger"))
  for (const name of ["../evil", "..", "a/b", "/etc/passwd", "ü"]) await ledgers.append(name, ["x"])
  expect(readdirSync(folder)).toEqual(["ledger"])
  expect(readdirSync(join(folder, "ledger"))).toHaveLength(5)
  await expect(ledgers.append("a".repeat(300), ["x"])).rejects.toThrow(Refusal)
})

test("a full ledger is refused and stays as it was", async () => {
  const folder = newFolder()
  const ledgers = openLedgerFolder(folder)
  writeFileSync(ledgers.fileOf("ci"), "")
  const line = "x".repeat(LONGEST_WATCH_LIST / 2)
  await ledgers.append("ci", [line])
  await expect(ledgers.append("ci", [`${line}y`])).rejects.toThrow("the ledger is full")
  expect(await ledgers.append("ci", ["z"])).toEqual({ added: 1, known: 0 })
})

test("a disk that does not take it is trouble, and the next post goes on", async () => {
  const folder = newFolder()
  const ledgers = openLedgerFolder(folder)
  mkdirSync(ledgers.fileOf("ci"))
  await expect(ledgers.append("ci", ["x"])).rejects.toThrow(Trouble)
  await expect(ledgers.read("ci")).rejects.toThrow(Trouble)
  expect(await ledgers.append("other", ["x"])).toEqual({ added: 1, known: 0 })
  expect(existsSync(ledgers.fileOf("other"))).toBe(true)
})
