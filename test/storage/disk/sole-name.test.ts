import { spawnSync } from "node:child_process"
import { linkSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { expect, onTestFinished, test } from "vitest"
import { assertSoleName } from "../../../src/storage/disk/sole-name.ts"
import { newFolder } from "../folder.ts"

test("a database with a hard link is refused; one with its own name, or none, is not", () => {
  const path = join(newFolder(), "log.db")
  assertSoleName(path)
  writeFileSync(path, "")
  assertSoleName(path)
  linkSync(path, `${path}.other`)
  expect(() => assertSoleName(path)).toThrow(
    expect.objectContaining({ code: "conflict", message: expect.stringContaining("2 names") }),
  )
})

test("a database that is mounted by itself is refused", ({ skip }) => {
  const path = join(newFolder(), "log.db")
  const other = join(newFolder(), "log.db")
  for (const each of [path, other]) writeFileSync(each, "")
  const { status } = spawnSync("mount", ["--bind", path, other])
  if (status !== 0) skip("nothing can be mounted here")
  try {
    expect(() => assertSoleName(other)).toThrow(/log\.db is mounted by itself, expected its whole/)
    assertSoleName(path)
  } finally {
    spawnSync("umount", [other])
  }
})

test("a database that is linked to from another disk has one name", () => {
  const path = join("/dev/shm", `countersign-${process.pid}.db`)
  const link = join(newFolder(), "log.db")
  writeFileSync(path, "")
  onTestFinished(() => rmSync(path))
  symlinkSync(path, link)
  assertSoleName(link)
})
