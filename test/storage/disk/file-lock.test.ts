import { closeSync, linkSync, openSync, symlinkSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { lockFile, noFileLocks } from "../../../src/storage/disk/file-lock.ts"
import { newFolder } from "../folder.ts"

const inUse = expect.objectContaining({
  code: "conflict",
  message: expect.stringMatching(/^the file is in use by another process, perhaps under another/),
})

function newFile(): string {
  const path = join(newFolder(), "file")
  writeFileSync(path, "")
  return path
}

test("files can be locked by what they are on this machine", () => {
  expect(noFileLocks()).toBeUndefined()
})

test("lockFile() is refused for a file that is locked, and given once its descriptor is closed", () => {
  const path = newFile()
  const first = openSync(path, "r+")
  const second = openSync(path, "r+")
  lockFile(first, path, "the file")
  expect(() => lockFile(second, path, "the file")).toThrow(inUse)
  closeSync(first)
  lockFile(second, path, "the file")
  closeSync(second)
})

test.each([
  ["a hard link", linkSync],
  ["a symbolic link", symlinkSync],
])("lockFile() is refused for %s to a file that is locked", (_, link) => {
  const path = newFile()
  const other = `${path}.other`
  link(path, other)
  const first = openSync(path, "r+")
  const second = openSync(other, "r+")
  lockFile(first, path, "the file")
  expect(() => lockFile(second, other, "the file")).toThrow(inUse)
  closeSync(second)
  closeSync(first)
})

test("lockFile() says what the file system does not do", () => {
  expect(() => lockFile(-1, "/a/file", "the file")).toThrow(
    /^\/a\/file: expected to lock it with flock\(2\), found EBADF; put it on a file system/,
  )
})
