import { existsSync, readdirSync, truncateSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import Database from "better-sqlite3"
import { describe, expect, onTestFinished, test } from "vitest"
import type { LogStore } from "../../src/log/store.ts"
import { type ConnectionRole, openConnection } from "../../src/storage/sqlite/connection.ts"
import { newestVersion } from "../../src/storage/sqlite/migration.ts"
import {
  backupSqlite,
  createSqliteStore,
  integrityCheck,
  openSqliteReads,
  openSqliteStore,
} from "../../src/storage/sqlite/store.ts"
import { createReference, identity, startTime } from "../contracts/commits.ts"
import { expectAll, storeContract } from "../contracts/store.ts"
import { newFolder } from "./folder.ts"

function newPath(): string {
  return join(newFolder(), "log.db")
}

/** A new database at `path`, open; closed when the test is over if not before. */
function newStore(path: string): LogStore {
  createSqliteStore(path, identity, { time: startTime })
  return reopened(path)
}

function reopened(path: string): LogStore {
  const store = openSqliteStore(path)
  onTestFinished(() => store.close())
  return store
}

/** A connection as any other program would open it: none of our settings, recursive triggers off. */
function rawConnection(path: string): Database.Database {
  const raw = new Database(path)
  raw.pragma("recursive_triggers = OFF")
  onTestFinished(() => {
    raw.close()
  })
  return raw
}

/** A closed database with 600 entries: two bundles, two tiles, 88 rows of entries. */
async function filledPath(): Promise<string> {
  const path = newPath()
  createSqliteStore(path, identity, { time: startTime })
  const store = openSqliteStore(path)
  await store.commit(createReference().grow(600))
  await store.close()
  return path
}

storeContract("openSqliteStore()", () => newStore(newPath()))

describe("a SQLite store", () => {
  test("has everything after it was closed and opened again, and goes on from there", async () => {
    const path = newPath()
    const reference = createReference()
    const store = newStore(path)
    await store.commit(reference.grow(300))
    await store.commit(reference.grow(1))
    await store.close()
    const again = reopened(path)
    expect(again.identity).toMatchObject({ ...identity })
    await expectAll(again, reference)
    await again.commit(reference.grow(300))
    await expectAll(again, reference)
  })

  test("shows each commit at once to readers that were opened before", async () => {
    const path = newPath()
    const reference = createReference()
    const store = newStore(path)
    const reads = openSqliteReads(path)
    onTestFinished(() => reads.close())
    expect(reads.identity).toEqual({ ...identity, created: startTime })
    for (const size of [255, 1, 700]) {
      await store.commit(reference.grow(size))
      await expectAll(reads, reference)
    }
  })

  test("leaves nothing but the database behind, whichever connection is closed last", async () => {
    const path = newPath()
    const store = newStore(path)
    const reads = openSqliteReads(path)
    await store.commit(createReference().grow(3))
    await store.close()
    await reads.close()
    expect(readdirSync(join(path, ".."))).toEqual(["log.db"])
  })

  test("takes no other commit after one whose outcome is unknown", async () => {
    const path = newPath()
    const reference = createReference()
    const store = newStore(path)
    const raw = rawConnection(path)
    raw.exec("CREATE TRIGGER fails BEFORE INSERT ON commits BEGIN SELECT RAISE(ABORT, 'no'); END")
    await expect(store.commit(reference.grow(1))).rejects.toMatchObject({
      name: "Trouble",
      code: "damaged",
      cause: { code: "SQLITE_CONSTRAINT_TRIGGER" },
    })
    raw.exec("DROP TRIGGER fails")
    await expect(store.commit(createReference().grow(1))).rejects.toMatchObject({ code: "disk" })
    await expectAll(store, createReference())
  })

  test("still takes commits after a conflict", async () => {
    const store = newStore(newPath())
    const reference = createReference()
    const stale = createReference().grow(2)
    await store.commit(reference.grow(1))
    await expect(store.commit(stale)).rejects.toMatchObject({ code: "conflict" })
    await store.commit(reference.grow(1))
    await expectAll(store, reference)
  })

  test("createSqliteStore() overwrites nothing, not even the -wal of a lost database", async () => {
    const path = await filledPath()
    const create = (at: string) => () => createSqliteStore(at, identity, { time: startTime })
    expect(create(path)).toThrow(expect.objectContaining({ code: "conflict" }))
    const lost = newPath()
    writeFileSync(`${lost}-wal`, "commits")
    expect(create(lost)).toThrow(expect.objectContaining({ code: "conflict" }))
    expect(existsSync(lost)).toBe(false)
    await integrityCheck(path)
  })

  test("createSqliteStore() refuses an identity that it could not read back", () => {
    const path = newPath()
    for (const treeId of ["0", "01", "-1", "9223372036854775808"]) {
      expect(() => createSqliteStore(path, { ...identity, treeId }, { time: 0 })).toThrow(/tree ID/)
    }
    for (const keyFingerprints of [[], ["A".repeat(64)], ["a"]]) {
      expect(() => createSqliteStore(path, { ...identity, keyFingerprints }, { time: 0 })).toThrow(
        /fingerprint/,
      )
    }
    expect(existsSync(path)).toBe(false)
  })
})

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
    for (const table of ["log", "head", "commits", "bundles", "entries", "tiles"]) {
      raw.exec(`DROP TABLE ${table}`)
    }
    raw.pragma("user_version = 0")
    openConnection(path, "write").close()
    expect(tables.all()).toEqual(expected)
    expect(raw.pragma("user_version", { simple: true })).toBe(newestVersion())
  })

  test.each(roles)("refuses to %s a file that was cut short", async (role) => {
    const path = await filledPath()
    truncateSync(path, 3 * 8_192)
    expect(() => openConnection(path, role)).toThrow(
      expect.objectContaining({ name: "Trouble", code: "damaged" }),
    )
  })
})

describe("the tables", () => {
  test.each([
    "UPDATE entries SET body = x'00'",
    "UPDATE entries SET idx = 700 WHERE idx = 599",
    "DELETE FROM entries WHERE idx = 599",
    "DELETE FROM entries",
    "INSERT INTO entries (idx, body) VALUES (601, x'00')",
    "INSERT INTO entries (idx, body) VALUES (599, x'00')",
    "INSERT INTO entries (idx, body) VALUES (511, x'00')",
    "INSERT INTO entries (body) VALUES (x'00')",
    "INSERT INTO entries (idx, body) VALUES (600, zeroblob(65536))",
    "INSERT INTO entries (idx, body) VALUES (600, 'text')",
    "INSERT OR REPLACE INTO entries (idx, body) VALUES (599, x'00')",
    "UPDATE OR REPLACE entries SET idx = 598 WHERE idx = 599",
    "UPDATE bundles SET bytes = zeroblob(512)",
    "DELETE FROM bundles WHERE idx = 1",
    "INSERT INTO bundles (idx, bytes) VALUES (3, zeroblob(512))",
    "INSERT INTO bundles (idx, bytes) VALUES (2, zeroblob(511))",
    "INSERT OR REPLACE INTO bundles (idx, bytes) VALUES (1, zeroblob(512))",
    "UPDATE tiles SET hashes = zeroblob(8192)",
    "DELETE FROM tiles WHERE id = 0",
    "INSERT INTO tiles (id, hashes) VALUES (2, zeroblob(8191))",
    "INSERT INTO tiles (id, hashes) VALUES (4503599627370496, zeroblob(8192))",
    "INSERT OR REPLACE INTO tiles (id, hashes) VALUES (1, zeroblob(8192))",
    "UPDATE commits SET time = 1",
    "DELETE FROM commits",
    "INSERT INTO commits (size, time) VALUES (601, 1)",
    "INSERT INTO commits (size, time) VALUES (599, (SELECT time FROM head))",
    "INSERT OR REPLACE INTO commits (size, time) VALUES (600, (SELECT time FROM head))",
    "UPDATE head SET size = 599",
    "UPDATE head SET root = zeroblob(32)",
    "UPDATE head SET size = 601, root = zeroblob(31)",
    "UPDATE head SET size = 601, time = time - 1",
    "UPDATE head SET size = 9007199254740992",
    "DELETE FROM head",
    "INSERT INTO head (id, size, root, time) VALUES (2, 0, zeroblob(32), 0)",
    "INSERT OR REPLACE INTO head (id, size, root, time) VALUES (1, 0, zeroblob(32), 0)",
    "UPDATE log SET origin = 'other.example'",
    "DELETE FROM log",
    "INSERT OR REPLACE INTO log SELECT id, 'other.example', '1', '[]', 0 FROM log",
  ])("refuse any connection: %s", async (sql) => {
    const path = await filledPath()
    const raw = rawConnection(path)
    expect(() => raw.exec(sql)).toThrow(
      expect.objectContaining({ code: expect.stringMatching(/^SQLITE_CONSTRAINT/) }),
    )
    raw.close()
    await integrityCheck(path)
  })
})

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

function loseRow(path: string, trigger: string, sql: string): void {
  const raw = new Database(path)
  raw.exec(`DROP TRIGGER ${trigger}; ${sql}`)
  raw.close()
}

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

describe("openSqliteReads() on damaged rows", () => {
  test("does not give the entries after a missing bundle in its place", async () => {
    const path = await filledPath()
    loseRow(path, "bundles_delete", "DELETE FROM bundles WHERE idx = 0")
    const reads = openSqliteReads(path)
    await expect(reads.bodies(0, 600)).rejects.toMatchObject({ code: "damaged" })
    await reads.close()
  })

  test("says which bundle cannot be read", async () => {
    const path = await filledPath()
    loseRow(path, "bundles_update", "UPDATE bundles SET bytes = zeroblob(600) WHERE idx = 1")
    const reads = openSqliteReads(path)
    await expect(reads.bodies(300, 301)).rejects.toThrow(/entry bundle 1/)
    expect(await reads.bodies(0, 256)).toHaveLength(256)
    await reads.close()
  })
})
