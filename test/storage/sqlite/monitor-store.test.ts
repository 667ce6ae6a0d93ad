import { join } from "node:path"
import Database from "better-sqlite3"
import { describe, expect, onTestFinished, test } from "vitest"
import {
  createMonitorDatabase,
  openMonitorStore,
} from "../../../src/storage/sqlite/monitor/store.ts"
import { createLeafReference, monitorStoreContract, origin } from "../../contracts/monitor-store.ts"
import { newFolder } from "../folder.ts"
import { createMemoryMonitorStore } from "../memory/monitor-store.ts"

function newPath(): string {
  const path = join(newFolder(), "monitor.db")
  createMonitorDatabase(path)
  return path
}

monitorStoreContract("createMemoryMonitorStore()", createMemoryMonitorStore)
monitorStoreContract("openMonitorStore()", () => openMonitorStore(newPath()))

function raw(path: string): Database.Database {
  const connection = new Database(path)
  onTestFinished(() => void connection.close())
  return connection
}

describe("a monitor's database", () => {
  test("has everything after it was closed and opened again", async () => {
    const path = newPath()
    const store = openMonitorStore(path)
    const reference = createLeafReference()
    const document = { kind: "log", key: "a", value: "1" } as const
    await store.commit({ documents: [document], leaves: [reference.grow(700)], statement: "one" })
    await store.close()
    const again = openMonitorStore(path)
    onTestFinished(() => again.close())
    expect(await again.size(origin)).toBe(700)
    expect(await again.leafHashes(origin, 690, 700)).toEqual(reference.leafHashes.slice(690))
    expect(await again.documents()).toEqual([document])
    expect(await again.statement()).toBe("one")
  })

  test("of the version before is brought up to date, with all that it has", async () => {
    const path = newPath()
    const store = openMonitorStore(path)
    const reference = createLeafReference()
    await store.commit({ documents: [], leaves: [reference.grow(300)], statement: "one" })
    await store.close()
    const connection = raw(path)
    connection.exec("DROP TABLE tags")
    connection.pragma("user_version = 1")
    connection.close()
    const again = openMonitorStore(path)
    onTestFinished(() => again.close())
    expect(await again.size(origin)).toBe(300)
    expect(await again.tags(origin, 0)).toBeUndefined()
    const tags = [{ origin, block: 1, tags: new Uint8Array(2_048).fill(7) }]
    await again.commit({ documents: [], leaves: [], tags, statement: "two" })
    expect(await again.tags(origin, 1)).toEqual(tags[0]?.tags)
  })

  test("is never overwritten", () => {
    expect(() => createMonitorDatabase(newPath())).toThrow(/never overwritten/)
  })

  test("shows a reader one commit, whatever is written meanwhile", async () => {
    const path = newPath()
    const store = openMonitorStore(path)
    onTestFinished(() => store.close())
    await store.commit({ documents: [], leaves: [], statement: "one" })
    const reader = openMonitorStore(path, "read")
    onTestFinished(() => reader.close())
    expect(await reader.statement()).toBe("one")
    const document = { kind: "log", key: "a", value: "1" } as const
    await store.commit({ documents: [document], leaves: [], statement: "two" })
    expect(await reader.documents()).toEqual([])
    expect(await reader.statement()).toBe("one")
  })

  test("takes no other commit after one whose outcome is unknown", async () => {
    const path = newPath()
    const store = openMonitorStore(path)
    onTestFinished(() => store.close())
    const connection = raw(path)
    connection.exec(
      "CREATE TRIGGER fails BEFORE INSERT ON statement BEGIN SELECT RAISE(ABORT, 'no'); END",
    )
    const commit = { documents: [], leaves: [createLeafReference().grow(1)], statement: "one" }
    await expect(store.commit(commit)).rejects.toMatchObject({ name: "Trouble", code: "damaged" })
    connection.exec("DROP TRIGGER fails")
    await expect(store.commit(commit)).rejects.toMatchObject({ code: "disk" })
    expect(await store.size(origin)).toBe(0)
  })

  test.each([
    "UPDATE logs SET size = 0, tail = x''",
    "DELETE FROM tiles",
    "DELETE FROM logs",
    "UPDATE tiles SET hashes = zeroblob(8192)",
    "INSERT OR REPLACE INTO tiles (log, tile, hashes) VALUES (1, 0, zeroblob(8192))",
  ])("refuses %s, whoever runs it", async (sql) => {
    const path = newPath()
    const store = openMonitorStore(path)
    onTestFinished(() => store.close())
    const leaves = [createLeafReference().grow(300)]
    await store.commit({ documents: [], leaves, statement: "one" })
    expect(() => raw(path).exec(sql)).toThrow(/append/)
  })
})
