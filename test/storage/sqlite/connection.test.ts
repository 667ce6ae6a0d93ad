import { existsSync, readFileSync, truncateSync, writeFileSync } from "node:fs"
import { describe, expect, test } from "vitest"
import { portableHasher } from "../../../src/core/tree/hash.ts"
import { checkCommits } from "../../../src/log/fsck.ts"
import {
  type ConnectionRole,
  openConnection,
} from "../../../src/storage/sqlite/database/connection.ts"
import { newestVersion } from "../../../src/storage/sqlite/database/migration.ts"
import {
  createSqliteStore,
  integrityCheck,
  openSqliteReads,
  openSqliteStore,
} from "../../../src/storage/sqlite/log/store.ts"
import { identity, startTime } from "../../contracts/commits.ts"
import { filledPath, newPath, rawConnection } from "./database.ts"

describe("openConnection()", () => {
  test("sets synchronous=FULL on a database that was closed, where SQLite falls back to NORMAL", async () => {
    const path = await filledPath()
    // The trap itself: if this is 2 one day, the next expectation proves nothing any more.
    expect(rawConnection(path).pragma("synchronous", { simple: true })).toBe(1)
    for (const role of ["write", "read"] as const) {
      const connection = openConnection(path, role)
      expect(connection.pragma("synchronous", { simple: true })).toBe(2)
      connection.close()
    }
  })

  test("a reading connection executes nothing that writes", async () => {
    const connection = openConnection(await filledPath(), "read")
    expect(() => connection.exec("CREATE TABLE t (a)")).toThrow(/readonly/)
    connection.close()
  })

  const roles: readonly ConnectionRole[] = ["read", "write"]

  test.each(roles)("refuses to %s where there is no database, and makes none", (role) => {
    const path = newPath()
    expect(() => openConnection(path, role)).toThrow(
      expect.objectContaining({ code: "not-found", message: expect.stringMatching(/init/) }),
    )
    expect(existsSync(path)).toBe(false)
  })

  test.each(roles)("refuses to %s another program's database and leaves it as it is", (role) => {
    const path = newPath()
    const foreign = rawConnection(path)
    foreign.exec("CREATE TABLE bookmarks (url)")
    expect(() => openConnection(path, role)).toThrow(
      expect.objectContaining({ code: "mismatch", message: expect.stringMatching(/found .* 0/) }),
    )
    expect(foreign.pragma("journal_mode", { simple: true })).toBe("delete")
    expect(foreign.pragma("user_version", { simple: true })).toBe(0)
  })

  test.each(roles)("refuses to %s a file that is no database", (role) => {
    const path = newPath()
    writeFileSync(path, "a note to myself\n".repeat(100))
    expect(() => openConnection(path, role)).toThrow(
      expect.objectContaining({ name: "Trouble", code: "damaged" }),
    )
  })

  test.each(roles)("refuses to %s an empty file", (role) => {
    const path = newPath()
    writeFileSync(path, "")
    expect(() => openConnection(path, role)).toThrow(expect.objectContaining({ code: "mismatch" }))
  })

  test.each(roles)("refuses to %s a newer schema and says what to use", async (role) => {
    const path = await filledPath()
    rawConnection(path).pragma(`user_version = ${newestVersion() + 1}`)
    expect(() => openConnection(path, role)).toThrow(
      expect.objectContaining({
        code: "unsupported",
        message: expect.stringMatching(/newer Countersign/),
      }),
    )
  })

  test("refuses to read an older schema and says how to bring it up to date", async () => {
    const path = await filledPath()
    rawConnection(path).pragma("user_version = 0")
    expect(() => openConnection(path, "read")).toThrow(
      expect.objectContaining({ code: "unsupported", message: expect.stringMatching(/serve/) }),
    )
  })

  test("brings an older schema up to date for writing", () => {
    const path = newPath()
    createSqliteStore(path, identity, { time: startTime })
    const raw = rawConnection(path)
    const tables = raw.prepare("SELECT name FROM sqlite_schema ORDER BY name").pluck()
    const expected = tables.all()
    const named = raw.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").pluck()
    for (const table of named.all()) raw.exec(`DROP TABLE ${table}`)
    raw.pragma("user_version = 0")
    openConnection(path, "write").close()
    expect(tables.all()).toEqual(expected)
    expect(raw.pragma("user_version", { simple: true })).toBe(newestVersion())
  })

  test("gives a log of version 4 room for messages, or leaves all as it was", async () => {
    const path = await filledPath()
    const raw = rawConnection(path)
    raw.exec("DROP TABLE messages; DROP TABLE message_redactions")
    raw.exec("DROP TABLE commit_blocks; DROP TABLE beside")
    raw.exec("DROP TRIGGER head_update; ALTER TABLE head DROP COLUMN commits")
    raw.exec(
      "CREATE TRIGGER head_update BEFORE UPDATE ON head BEGIN SELECT RAISE(ABORT, 'old'); END",
    )
    raw.pragma("user_version = 4")
    const rows = () => raw.prepare("SELECT idx, body FROM entries").all()
    const before = rows()
    const upgrade = () => openConnection(path, "write").close()
    raw.exec("CREATE TABLE message_redactions (other)")
    expect(upgrade).toThrow(/message_redactions/)
    expect(raw.pragma("user_version", { simple: true })).toBe(4)
    const tables = raw.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").pluck()
    expect(tables.all()).not.toContain("messages")
    expect(rows()).toEqual(before)
    raw.exec("DROP TABLE message_redactions")
    upgrade()
    expect(raw.pragma("user_version", { simple: true })).toBe(newestVersion())
    expect(tables.all()).toContain("messages")
    expect(rows()).toEqual(before)
    await integrityCheck(path)
    // What the older version wrote is covered as it is once the log's store is opened.
    await openSqliteStore(path).close()
    const reads = openSqliteReads(path)
    const head = await reads.head()
    expect(await checkCommits({ reads, head, hasher: portableHasher })).toEqual([])
    await reads.close()
  })

  test("refuses to open a log for writing that was begun without search, and says so", () => {
    const path = newPath()
    createSqliteStore(path, identity, { time: startTime })
    const raw = rawConnection(path)
    const later = readFileSync(
      new URL("../../../migrations/0002-search.sql", import.meta.url),
      "utf8",
    )
    for (const [, table] of later.matchAll(/^CREATE TABLE ([a-z_]+) /gm)) {
      raw.exec(`DROP TABLE IF EXISTS ${table}`)
    }
    raw.exec("UPDATE head SET size = 3")
    raw.pragma("user_version = 1")
    expect(() => openConnection(path, "write")).toThrow(/begun without search; make a new one/)
    expect(raw.pragma("user_version", { simple: true })).toBe(1)
  })

  test.each(roles)("refuses to %s a file that was cut short", async (role) => {
    const path = await filledPath()
    truncateSync(path, 3 * 8_192)
    expect(() => openConnection(path, role)).toThrow(
      expect.objectContaining({ name: "Trouble", code: "damaged" }),
    )
  })
})
