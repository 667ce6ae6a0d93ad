import { chmodSync, chownSync, mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { checkOwnFiles } from "../../../src/storage/disk/own-files.ts"
import { newFolder } from "../folder.ts"

function newData() {
  const data = join(newFolder(), "data")
  mkdirSync(data, { mode: 0o700 })
  const [database, guard, key] = ["log.db", "guard", "key.pem"].map((name) => join(data, name))
  const paths = { database, guard, key } as Readonly<Record<string, string>>
  for (const path of Object.values(paths)) writeFileSync(path, "", { mode: 0o600 })
  const written = [database as string, guard as string, `${database}-wal`]
  const files = { data, written, keys: [key as string] }
  return { files, paths: { ...paths, data } as Readonly<Record<string, string>> }
}

test("files of one's own are nothing to remark on, and those that are not there yet are not either", () => {
  expect(checkOwnFiles(newData().files)).toEqual([])
})

test.each([
  ["data", 0o707],
  ["database", 0o606],
  ["guard", 0o602],
  ["key", 0o602],
])("if everyone can write the %s, it is refused", (name, mode) => {
  const { files, paths } = newData()
  const path = paths[name] as string
  chmodSync(path, mode)
  expect(() => checkOwnFiles(files)).toThrow(
    expect.objectContaining({
      code: "untrusted",
      message: `${path} can be written by every user of this machine; run: chmod o-w ${path}`,
    }),
  )
  expect(checkOwnFiles({ ...files, isTrial: true })).toHaveLength(1)
})

test("a volume of a cluster, whose group can write all of it, is only remarked on", () => {
  const { files, paths } = newData()
  chmodSync(paths["data"] as string, 0o2770)
  chmodSync(paths["database"] as string, 0o660)
  expect(checkOwnFiles(files)).toEqual([
    expect.stringMatching(/^the group \d+ can write .*log\.db/),
  ])
})

test.runIf(process.geteuid?.() === 0)("a guard that belongs to a stranger is refused", () => {
  const { files, paths } = newData()
  chownSync(paths["guard"] as string, 4242, 4242)
  expect(() => checkOwnFiles(files)).toThrow(/guard belongs to the user 4242, who can change it/)
})
