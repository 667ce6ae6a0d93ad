import { existsSync, readdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, onTestFinished, test } from "vitest"
import {
  createSqliteStore,
  integrityCheck,
  openSqliteReads,
} from "../../../src/storage/sqlite/log/store.ts"
import { createReference, identity, startTime } from "../../contracts/commits.ts"
import { messagesContract } from "../../contracts/messages.ts"
import { sideDataContract } from "../../contracts/side-data.ts"
import { expectAll, storeContract } from "../../contracts/store.ts"
import { filledPath, loseRow, newPath, newStore, rawConnection, reopened } from "./database.ts"

storeContract("openSqliteStore()", () => newStore(newPath()))
sideDataContract("openSqliteStore()", () => newStore(newPath()))
messagesContract("openSqliteStore()", () => newStore(newPath()))

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
