import Database from "better-sqlite3"
import { expect, test } from "vitest"
import { Trouble } from "../../../src/core/base/errors.ts"
import { sqliteTrouble } from "../../../src/storage/disk/trouble.ts"

test.each([
  ["SQLITE_FULL", "disk"],
  ["SQLITE_IOERR_FSYNC", "disk"],
  ["SQLITE_CANTOPEN", "disk"],
  ["SQLITE_READONLY", "disk"],
  ["SQLITE_BUSY_SNAPSHOT", "busy"],
  ["SQLITE_LOCKED", "busy"],
  ["SQLITE_CORRUPT_INDEX", "damaged"],
  ["SQLITE_NOTADB", "damaged"],
  ["SQLITE_CONSTRAINT_TRIGGER", "damaged"],
])("sqliteTrouble() turns %s into Trouble %s and keeps the cause", (sqliteCode, code) => {
  const cause = new Database.SqliteError("what SQLite said", sqliteCode)
  const trouble = sqliteTrouble("/data/log.db", cause)
  expect(trouble).toBeInstanceOf(Trouble)
  expect(trouble).toMatchObject({ code, cause })
  expect(String(trouble)).toMatch(/\/data\/log\.db: .*what SQLite said/)
})

test("sqliteTrouble() leaves every other error as it is", () => {
  const reason = new TypeError("not SQLite's")
  expect(sqliteTrouble("/data/log.db", reason)).toBe(reason)
})
