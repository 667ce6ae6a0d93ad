import { symlinkSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { assertWritable, isThere } from "../../../src/storage/disk/durable-file.ts"
import { newFolder } from "../folder.ts"

test("what cannot be looked at is trouble and not taken for missing", () => {
  const folder = newFolder()
  const path = join(folder, "loop")
  symlinkSync(path, path)
  expect(() => isThere(path)).toThrow(/ELOOP/)
  expect(isThere(join(folder, "nothing"))).toBe(false)
  expect(isThere(folder)).toBe(true)
})

test("a file that cannot be written is named, with what to do", () => {
  const path = join(newFolder(), "file")
  expect(() => assertWritable(path)).toThrow(/may not write it \(ENOENT\); run this as the user/)
  writeFileSync(path, "")
  expect(() => assertWritable(path)).not.toThrow()
})
