import Database from "better-sqlite3"
import { expect, test } from "vitest"
import { Trouble } from "../../../src/core/base/errors.ts"
import { foundTrouble, sqliteTrouble } from "../../../src/storage/disk/trouble.ts"

test.each([
  ["SQLITE_FULL", "disk"],
  ["SQLITE_IOERR_FSYNC", "disk"],
  ["SQLITE_IOERR_READ", "disk"],
  ["SQLITE_IOERR_CORRUPTFS", "disk"],
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

test.each(["SQLITE_CORRUPT", "SQLITE_NOTADB"])(
  "%s may be a disk that failed to read: nothing is to be replaced before another look",
  (code) => {
    const cause = new Database.SqliteError("what SQLite said", code)
    const { message } = sqliteTrouble("/data/log.db", cause) as Trouble
    expect(message).toMatch(/could not be read .* leave it where it is, .* try again/)
    expect(message).not.toMatch(/good copy|in its place|restore/i)
  },
)

test.each([
  ["Tree 4 page 7: unable to get the page. error code=266", "disk"],
  ["Tree 4 page 7: unable to get the page. error code=8458", "disk"],
  ["Tree 4 page 7: unable to get the page. error code=11", "damaged"],
  ["row 3 missing from index x", "damaged"],
])("integrity_check finding %s is Trouble %s", (found, code) => {
  expect(foundTrouble("/data/log.db", found)).toMatchObject({ code })
  expect(foundTrouble("/data/log.db", found).message).toContain(found)
})
