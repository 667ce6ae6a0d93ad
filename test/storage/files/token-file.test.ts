// The file of tokens on a disk: whose it is, what becomes of two writers, and of damage.
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import type { StoredToken } from "../../../src/core/access/stored-token.ts"
import { holdLock } from "../../../src/storage/disk/process-lock.ts"
import {
  editTokenFile,
  readLastUses,
  readTokenFile,
  tokenFile,
  tokenFileStamp,
  writeLastUses,
} from "../../../src/storage/files/token-file.ts"
import { newFolder } from "../folder.ts"

const token = (id: string): StoredToken => ({
  ...{ id, name: "ci", sha256: "a".repeat(64), scopes: new Set(["submit"] as const), created: 1 },
})
const first = token("AAAAAAAA")

function written(): string {
  const file = tokenFile(newFolder())
  editTokenFile(file, () => [first])
  return file
}

test("is its owner's alone, and not there until somebody makes a token", () => {
  expect(readTokenFile(tokenFile(newFolder()))).toBeUndefined()
  const file = written()
  expect(statSync(file).mode & 0o777).toBe(0o600)
  expect(readTokenFile(file)).toEqual([first])
  expect(existsSync(`${file}.new`)).toBe(false)
})

test("every change is seen by who looks at the stamp", () => {
  const file = written()
  const before = tokenFileStamp(file)
  expect(tokenFileStamp(file)).toBe(before)
  editTokenFile(file, (tokens) => [...tokens, token("BBBBBBBB")])
  expect(tokenFileStamp(file)).not.toBe(before)
})

test("a second writer waits, and nothing that the first wrote is lost", () => {
  const file = written()
  editTokenFile(file, (tokens) => {
    expect(() => holdLock(`${file}.lock`, "it")).toThrow("in use")
    return [...tokens, token("BBBBBBBB")]
  })
  editTokenFile(file, (tokens) => tokens.map((each) => ({ ...each, revoked: 9 })))
  expect(readTokenFile(file)?.map(({ id, revoked }) => [id, revoked])).toEqual([
    ["AAAAAAAA", 9],
    ["BBBBBBBB", 9],
  ])
})

test("a change that is refused leaves the file as it was", () => {
  const file = written()
  const before = readFileSync(file, "utf8")
  expect(() =>
    editTokenFile(file, () => {
      throw new Error("no")
    }),
  ).toThrow("no")
  expect(readFileSync(file, "utf8")).toBe(before)
})

test.each([0o644, 0o640, 0o602, 0o660])("is refused with the mode %o", (mode) => {
  const file = written()
  chmodSync(file, mode)
  expect(() => readTokenFile(file)).toThrow("is open to others; run: chmod 600")
  expect(() => editTokenFile(file, (tokens) => tokens)).toThrow("is open to others")
})

test("is refused as a link, as a folder, and when it is damaged", () => {
  const file = written()
  renameSync(file, `${file}.moved`)
  symlinkSync(`${file}.moved`, file)
  expect(() => readTokenFile(file)).toThrow("symbolic link")
  const folder = join(newFolder(), "tokens")
  mkdirSync(folder, { mode: 0o700 })
  expect(() => readTokenFile(folder)).toThrow("expected a file")
  const damaged = written()
  writeFileSync(damaged, readFileSync(damaged, "utf8").replace("AAAAAAAA", "AAAAAAAB"))
  expect(() => readTokenFile(damaged)).toThrow("cannot be read")
})

test("a draft that a crash left behind, or that somebody put there, is no way in", () => {
  const file = written()
  const elsewhere = join(newFolder(), "target")
  symlinkSync(elsewhere, `${file}.new`)
  editTokenFile(file, (tokens) => tokens)
  expect(existsSync(elsewhere)).toBe(false)
  expect(readTokenFile(file)).toEqual([first])
})

test("the days of last use are kept beside it, and what cannot be read of them is nothing", () => {
  const file = written()
  expect([...readLastUses(file)]).toEqual([])
  const before = tokenFileStamp(file)
  writeLastUses(file, new Map([["AAAAAAAA", "2026-11-30"]]))
  expect([...readLastUses(file)]).toEqual([["AAAAAAAA", "2026-11-30"]])
  expect(tokenFileStamp(file)).toBe(before)
  writeFileSync(`${file}.used`, '{"AAAAAAAA":"<script>"}')
  expect([...readLastUses(file)]).toEqual([])
  writeFileSync(`${file}.used`, "{")
  expect([...readLastUses(file)]).toEqual([])
})
