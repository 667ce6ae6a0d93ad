import {
  closeSync,
  cpSync,
  existsSync,
  openSync,
  readdirSync,
  readSync,
  rmSync,
  writeSync,
} from "node:fs"
import { dirname, join } from "node:path"
import { describe, expect, onTestFinished, test } from "vitest"
import { readGuardFile } from "../../../src/storage/files/guard-file.ts"
import { createSqliteStore } from "../../../src/storage/sqlite/log/store.ts"
import {
  createWitnessStore,
  openWitnessStore,
  type SqliteWitnessStore,
  type WitnessFiles,
} from "../../../src/storage/sqlite/witness/store.ts"
import { identity, startTime } from "../../contracts/commits.ts"
import { step, witnessedHead, witnessStoreContract } from "../../contracts/witness-store.ts"
import { newFolder } from "../folder.ts"
import { rawConnection } from "./database.ts"

function newFiles(): WitnessFiles {
  const folder = newFolder()
  return { database: join(folder, "witness.db"), guard: join(folder, "guard") }
}

function newWitness(): WitnessFiles {
  const files = newFiles()
  createWitnessStore(files, identity, { time: startTime })
  return files
}

async function opened(files: WitnessFiles): Promise<SqliteWitnessStore> {
  const store = await openWitnessStore(files)
  onTestFinished(() => store.close())
  return store
}

/** Does something with the store and closes it again. */
async function using(
  files: WitnessFiles,
  work: (store: SqliteWitnessStore) => Promise<unknown>,
): Promise<void> {
  const store = await openWitnessStore(files)
  await work(store)
  await store.close()
}

const advance =
  (size: number, from = size - 1) =>
  (store: SqliteWitnessStore) =>
    store.advance([
      step(from === 0 ? undefined : witnessedHead(from, from), witnessedHead(size, size)),
    ])

const refusal = (code: string, message: RegExp) =>
  expect.objectContaining({ name: "Refusal", code, message: expect.stringMatching(message) })

witnessStoreContract("openWitnessStore()", () => openWitnessStore(newWitness()))

describe("openWitnessStore()", () => {
  test("finds again what was stored, and the witness that it was made for", async () => {
    const files = newWitness()
    const evidence = { id: "e".repeat(64), kind: "fork" as const, text: "text\n" }
    const { origin } = witnessedHead(1, 1)
    await using(files, async (store) => {
      await advance(1)(store)
      await store.setLog({ origin, vkeys: ["a"] })
      await store.convict(origin, evidence, true)
    })
    const store = await opened(files)
    expect(store.identity).toEqual(identity)
    expect(await store.heads()).toEqual([witnessedHead(1, 1)])
    expect(await store.logs()).toEqual([{ origin, vkeys: ["a"] }])
    expect(await store.evidence()).toEqual([{ origin, evidence }])
    expect(await store.freezes()).toEqual([{ origin, cause: "proven", evidence: evidence.id }])
  })

  test("finishes the changes that are under way when it is closed", async () => {
    const files = newWitness()
    const store = await openWitnessStore(files)
    const changes = [advance(1)(store), advance(2)(store), advance(3)(store)]
    await store.close()
    expect(await Promise.all(changes)).toEqual([[true], [true], [true]])
    expect(await (await opened(files)).heads()).toEqual([witnessedHead(3, 3)])
  })

  test("refuses a second process, and lets it in after the first", async () => {
    const files = newWitness()
    const first = await openWitnessStore(files)
    await expect(openWitnessStore(files)).rejects.toThrow(refusal("conflict", /in use/))
    await advance(1)(first)
    await first.close()
    await (await opened(files)).close()
  })

  test("refuses where there is no witness, and makes no file", async () => {
    const files = newFiles()
    await expect(openWitnessStore(files)).rejects.toThrow(
      refusal("not-found", /countersign witness init/),
    )
    expect(existsSync(`${files.database}.lock`)).toBe(false)
  })

  test("refuses the database of a log", async () => {
    const files = newFiles()
    createSqliteStore(files.database, identity, { time: startTime })
    await expect(openWitnessStore(files)).rejects.toThrow(refusal("mismatch", /a witness's/))
  })

  test("refuses a witness whose guard is lost", async () => {
    const files = newWitness()
    rmSync(files.guard)
    await expect(openWitnessStore(files)).rejects.toThrow(refusal("not-found", /head guard/))
  })
})

describe("createWitnessStore()", () => {
  test("overwrites nothing", () => {
    const files = newWitness()
    expect(() => createWitnessStore(files, identity, { time: startTime })).toThrow(
      refusal("conflict", /a witness is never overwritten/),
    )
    const beside = { ...files, database: join(newFolder(), "witness.db") }
    expect(() => createWitnessStore(beside, identity, { time: startTime })).toThrow(
      refusal("conflict", /head guard is never overwritten/),
    )
  })
})

describe("the head guard of a witness", () => {
  async function copyOf(files: WitnessFiles): Promise<WitnessFiles> {
    const folder = newFolder()
    const copy = { database: join(folder, "witness.db"), guard: join(folder, "guard") }
    cpSync(files.database, copy.database)
    cpSync(files.guard, copy.guard)
    return copy
  }

  test.each([
    ["a head", advance(2)],
    [
      "a newer time",
      (store: SqliteWitnessStore) => {
        const held = witnessedHead(1, 1)
        return store.advance([step(held, { ...held, time: 2 })])
      },
    ],
    ["a freeze", (store: SqliteWitnessStore) => store.stop(witnessedHead(1, 1).origin, "note\n")],
    [
      "the keys of a log",
      (store: SqliteWitnessStore) =>
        store.setLog({ origin: witnessedHead(1, 1).origin, vkeys: ["k"] }),
    ],
  ])("refuses a restored backup that lacks %s", async (_, change) => {
    const files = newWitness()
    await using(files, advance(1))
    const backup = await copyOf(files)
    await using(files, change)
    cpSync(backup.database, files.database)
    await expect(openWitnessStore(files)).rejects.toThrow(
      refusal("conflict", /an older copy of the database was put in place/),
    )
  })

  test("goes on where nothing was changed since the backup", async () => {
    const files = newWitness()
    await using(files, advance(1))
    const backup = await copyOf(files)
    await using(files, async (store) => {
      const held = witnessedHead(1, 1)
      await store.advance([step(held, held), step(undefined, held)])
    })
    cpSync(backup.database, files.database)
    await (await opened(files)).close()
  })

  test("is moved on if the process ended between the database and the guard", async () => {
    const files = newWitness()
    await using(files, advance(1))
    const before = await copyOf(files)
    await using(files, advance(2))
    cpSync(before.guard, files.guard)
    await using(files, advance(3))
    cpSync(before.guard, files.guard)
    await expect(openWitnessStore(files)).rejects.toThrow(
      refusal("conflict", /they do not belong together/),
    )
  })

  test("refuses another chain of as many changes, or of one more", async () => {
    const files = newWitness()
    const other = await copyOf(files)
    await using(files, advance(1, 0))
    await using(other, advance(2, 0))
    cpSync(other.database, files.database)
    await expect(openWitnessStore(files)).rejects.toThrow(refusal("conflict", /belong together/))
    await using(other, advance(3))
    cpSync(other.database, files.database)
    await expect(openWitnessStore(files)).rejects.toThrow(refusal("conflict", /belong together/))
  })

  test("refuses the guard of another witness", async () => {
    const files = newWitness()
    const other = newFiles()
    createWitnessStore(other, { ...identity, treeId: "5" }, { time: startTime })
    cpSync(other.guard, files.guard)
    await expect(openWitnessStore(files)).rejects.toThrow(
      refusal("conflict", /belongs to the witness/),
    )
  })

  test("a change that fails is the last one", async () => {
    const files = newWitness()
    const store = await opened(files)
    await advance(1)(store)
    rawConnection(files.database).exec("DROP TABLE logs")
    const { origin } = witnessedHead(1, 1)
    await expect(store.setLog({ origin, vkeys: [] })).rejects.toMatchObject({ code: "damaged" })
    await expect(advance(2)(store)).rejects.toThrow(/an earlier change failed/)
    expect(await store.heads()).toEqual([witnessedHead(1, 1)])
  })
})

describe("the tables of a witness", () => {
  test.each([
    "UPDATE heads SET size = 4",
    "UPDATE heads SET root = zeroblob(32)",
    "UPDATE heads SET time = 4",
    "UPDATE heads SET size = 6, root = zeroblob(31)",
    "UPDATE heads SET origin = 'other.example'",
    "DELETE FROM heads",
    "INSERT OR REPLACE INTO heads SELECT origin, 1, root, note, 1 FROM heads",
    "UPDATE history SET changes = changes - 1",
    "UPDATE history SET changes = changes + 1, chain = zeroblob(32)",
    "INSERT OR REPLACE INTO history SELECT id, 0, chain, previous, digests FROM history",
    "DELETE FROM history",
    "UPDATE witness SET name = 'other.example'",
    "DELETE FROM witness",
    "INSERT OR REPLACE INTO witness SELECT id, 'other.example', '1', '[]', 0 FROM witness",
    "UPDATE evidence SET text = 'other'",
    "DELETE FROM evidence",
    "INSERT OR REPLACE INTO evidence SELECT number, origin, id, kind, 'other' FROM evidence",
    "INSERT OR REPLACE INTO evidence SELECT 9, origin, id, kind, 'other' FROM evidence",
  ])("refuse any connection: %s", async (sql) => {
    const files = newWitness()
    await using(files, async (store) => {
      const head = witnessedHead(5, 5)
      await store.advance([step(undefined, head)])
      await store.convict(head.origin, { id: "e".repeat(64), kind: "fork", text: "x" }, false)
    })
    expect(() => rawConnection(files.database).exec(sql)).toThrow(
      expect.objectContaining({ code: expect.stringMatching(/^SQLITE_CONSTRAINT/) }),
    )
    expect(rawConnection(files.database).pragma("application_id", { simple: true })).toBe(
      0x43535749,
    )
  })
})

describe("a witness's disk that says it wrote and did not", () => {
  /** Of the header of the write-ahead log, which SQLite reads when it opens it and never again. */
  const SALT = 17

  function flipSalt(path: string): void {
    const descriptor = openSync(`${path}-wal`, "r+")
    const byte = new Uint8Array(1)
    readSync(descriptor, byte, 0, 1, SALT)
    writeSync(descriptor, Uint8Array.of((byte[0] ?? 0) ^ 1), 0, 1, SALT)
    closeSync(descriptor)
  }

  test("is noticed before the guard moves, and no change follows", async () => {
    const files = newWitness()
    const store = await openWitnessStore(files)
    await advance(1)(store)
    flipSalt(files.database)
    await expect(advance(2)(store)).rejects.toMatchObject({ name: "Trouble", code: "damaged" })
    await expect(advance(2)(store)).rejects.toThrow(/end this process/)
    expect(readGuardFile(files.guard).head.size).toBe(1)
    await store.close()
    const kept = readdirSync(dirname(files.database))
    expect(kept.filter((name) => name.includes("-wal.damaged-"))).toHaveLength(1)
    // What was written is there once the disk gives it again.
    expect(kept).toContain("witness.db-wal")
    flipSalt(files.database)
    const again = await openWitnessStore(files)
    expect(await again.heads()).toEqual([witnessedHead(2, 2)])
    await again.close()
  })
})
