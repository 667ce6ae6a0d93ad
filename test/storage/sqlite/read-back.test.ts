// What was written is read back from the files: a disk that says it wrote and did not is noticed at once.
import { closeSync, openSync, readdirSync, readFileSync, statSync, writeSync } from "node:fs"
import { dirname } from "node:path"
import type { Database } from "better-sqlite3"
import { expect, test } from "vitest"
import { utf8 } from "../../../src/core/base/bytes.ts"
import type { LogStore } from "../../../src/log/ports/store.ts"
import { openConnection, withConnection } from "../../../src/storage/sqlite/database/connection.ts"
import { PAGES_BETWEEN_CHECKPOINTS } from "../../../src/storage/sqlite/database/database-kind.ts"
import { createReadBack } from "../../../src/storage/sqlite/database/read-back.ts"
import { createSqliteStore, openSqliteStore } from "../../../src/storage/sqlite/log/store.ts"
import { createReference, identity, startTime } from "../../contracts/commits.ts"
import { newPath, newStore, rawConnection } from "./database.ts"

const FRAME = 8_192 + 24
const damaged = expect.objectContaining({ name: "Trouble", code: "damaged" })

function overwrite(file: string, at: number, bytes: Uint8Array): void {
  const descriptor = openSync(file, "r+")
  writeSync(descriptor, bytes, 0, bytes.length, at)
  closeSync(descriptor)
}

/** Flips a bit as soon as SQLite has written it; a descriptor of the log may be closed. */
function flipInWal(path: string, at: number): void {
  const byte = readFileSync(`${path}-wal`).subarray(at, at + 1)
  overwrite(`${path}-wal`, at, Uint8Array.of((byte[0] ?? 0) ^ 1))
}

/** A transaction of a connection of its own, and a look back at it after `damage`. */
function commitWith(path: string, damage: (before: number) => void): () => void {
  const connection = openConnection(path, "write")
  connection.exec("CREATE TABLE big (bytes)")
  const readBack = createReadBack(path, connection)
  connection.prepare("INSERT INTO big VALUES (x'00')").run()
  readBack.committed()
  const before = statSync(`${path}-wal`).size
  connection.prepare("INSERT INTO big VALUES (?)").run(Buffer.alloc(40_000, 1))
  damage(before)
  return () => {
    try {
      readBack.committed()
    } finally {
      readBack.close()
      if (connection.open) connection.close()
    }
  }
}

test("commits of every size go through, over many checkpoints and a restart", async () => {
  const path = newPath()
  const reference = createReference()
  let store: LogStore = newStore(path)
  for (let i = 0; i < 60; i++) {
    const bodies = Array.from({ length: 1 + ((i * 37) % 90) }, (_, k) =>
      utf8(`${i} ${k} ${"x".repeat(9_000)}`),
    )
    await store.commit(reference.next(bodies))
    if (i !== 30) continue
    await store.close()
    store = openSqliteStore(path)
  }
  expect((await store.head()).size).toBe(reference.head.size)
  await store.close()
  expect(statSync(path).size).toBeGreaterThan(1.5 * PAGES_BETWEEN_CHECKPOINTS * 8_192)
})

test.each([
  ["the first frame of a commit", 0],
  ["its second frame", FRAME],
  ["the checksum of its first frame", 20],
])("%s is not what was written", (_, at) => {
  const path = newPath()
  createSqliteStore(path, identity, { time: startTime })
  const look = commitWith(path, (before) => flipInWal(path, before + at + 30))
  expect(look).toThrow(damaged)
  const kept = readdirSync(dirname(path)).filter((name) => name.includes("-wal.damaged-"))
  expect(kept).toHaveLength(1)
})

test("a commit that did not reach the file at all", () => {
  const path = newPath()
  createSqliteStore(path, identity, { time: startTime })
  const look = commitWith(path, (before) => {
    overwrite(`${path}-wal`, before, new Uint8Array(FRAME))
  })
  expect(look).toThrow(/gives no whole one; nothing was signed/)
})

test("a page that did not reach the database, while the log still has it", async () => {
  const path = newPath()
  createSqliteStore(path, identity, { time: startTime })
  const connection = openConnection(path, "write")
  connection.exec("CREATE TABLE big (bytes)")
  const readBack = createReadBack(path, connection, { checkpointAt: 3 })
  connection.prepare("INSERT INTO big VALUES (?)").run(Buffer.alloc(90_000, 7))
  connection.pragma("wal_checkpoint(PASSIVE)")
  // As if the last page had never been written. The descriptor stays open: closing it would free SQLite's locks.
  const descriptor = openSync(path, "r+")
  writeSync(descriptor, new Uint8Array(8_192), 0, 8_192, statSync(path).size - 8_192)
  expect(() => readBack.committed()).toThrow(/page \d+ was written and reading it back/)
  // Nothing takes the log away: it has the page.
  readBack.close()
  expect(connection.open).toBe(true)
  expect(statSync(`${path}-wal`).size).toBeGreaterThan(90_000)
  connection.close()
  closeSync(descriptor)
})

test("reading the database beside SQLite frees no lock", async () => {
  const path = newPath()
  createSqliteStore(path, identity, { time: startTime })
  const connection = openConnection(path, "write")
  connection.exec("CREATE TABLE big (bytes)")
  const readBack = createReadBack(path, connection, { checkpointAt: 1 })
  connection.prepare("INSERT INTO big VALUES (x'00')").run()
  readBack.committed()
  const locks = readFileSync("/proc/locks", "utf8")
  expect(locks).toMatch(
    new RegExp(`POSIX +ADVISORY +READ +${process.pid} .*:${statSync(path).ino} `),
  )
  readBack.close()
  rawConnection(path)
})

/** As the end of a process does it, which asks nobody. */
function closeAnyway(path: string, connection: Database): void {
  connection.close()
  expect(connection.open).toBe(false)
  expect(statSync(`${path}-wal`).size).toBeGreaterThan(90_000)
}

const onLinux = test.runIf(process.platform === "linux")

onLinux(
  "closing a connection moves nothing of a log that did not compare, whoever closes it",
  () => {
    const path = newPath()
    createSqliteStore(path, identity, { time: startTime })
    const connection = openConnection(path, "write")
    connection.exec("CREATE TABLE big (bytes)")
    const readBack = createReadBack(path, connection)
    connection.prepare("INSERT INTO big VALUES (?)").run(Buffer.alloc(90_000, 7))
    flipInWal(path, statSync(`${path}-wal`).size - 100)
    expect(() => readBack.committed()).toThrow(damaged)
    const before = statSync(path).size
    closeAnyway(path, connection)
    expect(statSync(path).size).toBe(before)
  },
)

onLinux("what opening wrote is read back too", () => {
  const path = newPath()
  createSqliteStore(path, identity, { time: startTime })
  const connection = openConnection(path, "write")
  connection.exec("CREATE TABLE big AS SELECT zeroblob(90000) AS bytes")
  flipInWal(path, statSync(`${path}-wal`).size - 100)
  expect(() => createReadBack(path, connection)).toThrow(/\d+ frames were written .* gives 0 whole/)
  closeAnyway(path, connection)
})

onLinux("a command that writes and closes finds that its pages are not there", () => {
  const path = newPath()
  createSqliteStore(path, identity, { time: startTime })
  const write = () =>
    withConnection(path, "write", (connection) => {
      connection.exec("CREATE TABLE big AS SELECT zeroblob(90000) AS bytes")
      flipInWal(path, statSync(`${path}-wal`).size - 100)
    })
  expect(write).toThrow(damaged)
  expect(statSync(`${path}-wal`).size).toBeGreaterThan(90_000)
})

onLinux("a log that somebody still reads in an old state stays for the next start", () => {
  const path = newPath()
  createSqliteStore(path, identity, { time: startTime })
  const connection = openConnection(path, "write")
  connection.exec("CREATE TABLE big (bytes)")
  const readBack = createReadBack(path, connection)
  const reader = openConnection(path, "read")
  reader.exec("BEGIN; SELECT * FROM big")
  connection.prepare("INSERT INTO big VALUES (?)").run(Buffer.alloc(90_000, 7))
  readBack.committed()
  readBack.close()
  closeAnyway(path, reader)
  expect(openConnection(path, "read").prepare("SELECT length(bytes) FROM big").pluck().get()).toBe(
    90_000,
  )
})
