import { readdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, test } from "vitest"
import {
  backupSqlite,
  integrityCheck,
  openSqliteReads,
} from "../../../src/storage/sqlite/log/store.ts"
import { createReference, identity } from "../../contracts/commits.ts"
import { expectAll } from "../../contracts/store.ts"
import { newFolder } from "../folder.ts"
import { filledPath, loseRow, newPath, newStore, reopened } from "./database.ts"

describe("backupSqlite()", () => {
  test("copies a database that is in use, so that the copy can be used in its place", async () => {
    const path = newPath()
    const reference = createReference()
    const store = newStore(path)
    await store.commit(reference.grow(700))
    const copy = join(newFolder(), "copy.db")
    await backupSqlite(path, copy)
    expect(readdirSync(join(copy, ".."))).toEqual(["copy.db"])
    const reads = openSqliteReads(copy)
    expect(reads.identity).toMatchObject({ ...identity })
    await expectAll(reads, reference)
    await reads.close()
    const restored = reopened(copy)
    await restored.commit(reference.grow(400))
    await expectAll(restored, reference)
    expect((await store.head()).size).toBe(700)
  })

  test("overwrites nothing", async () => {
    const path = await filledPath()
    for (const taken of ["copy.db", "copy.db.partial"]) {
      const folder = newFolder()
      writeFileSync(join(folder, taken), "mine")
      await expect(backupSqlite(path, join(folder, "copy.db"))).rejects.toMatchObject({
        code: "conflict",
      })
      expect(readdirSync(folder)).toEqual([taken])
    }
  })

  test("leaves no copy of a database that is damaged", async () => {
    const path = await filledPath()
    loseRow(path, "bundles_delete", "DELETE FROM bundles WHERE idx = 1")
    const folder = newFolder()
    await expect(backupSqlite(path, join(folder, "copy.db"))).rejects.toMatchObject({
      code: "damaged",
    })
    expect(readdirSync(folder)).toEqual([])
  })
})

describe("integrityCheck()", () => {
  test.each([
    ["bundles_delete", "DELETE FROM bundles WHERE idx = 0"],
    ["entries_delete", "DELETE FROM entries WHERE idx = 599"],
    ["tiles_delete", "DELETE FROM tiles WHERE id = 1"],
    ["commits_delete", "DELETE FROM commits"],
    ["head_update", "UPDATE head SET size = 599"],
  ])("finds the rows that do not fit the head: %s, %s", async (trigger, sql) => {
    const path = await filledPath()
    await integrityCheck(path)
    loseRow(path, trigger, sql)
    await expect(integrityCheck(path)).rejects.toMatchObject({ name: "Trouble", code: "damaged" })
  })
})
