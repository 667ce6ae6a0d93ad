import { readdirSync, writeFileSync } from "node:fs"
import { dirname } from "node:path"
import { describe, expect, test } from "vitest"
import { openConnection } from "../../../src/storage/sqlite/database/connection.ts"
import { searchDatabase } from "../../../src/storage/sqlite/database/database-kind.ts"
import {
  openSearchReads,
  openSearchStore,
  removeSearchStore,
} from "../../../src/storage/sqlite/search/store.ts"
import { identity } from "../../contracts/commits.ts"
import { searchStoreContract } from "../../contracts/search-store.ts"
import { filledSearchPath, newSearchPath, rawConnection } from "./database.ts"

searchStoreContract("openSearchStore()", () => openSearchStore(newSearchPath(), identity))

const step = { firstIndex: 600, endIndex: 601, bytes: new Uint8Array(9) }

describe("a search store in SQLite", () => {
  test("has everything after it was closed and opened again, and goes on from there", async () => {
    const path = await filledSearchPath()
    expect(readdirSync(dirname(path))).toEqual(["search.db"])
    const store = openSearchStore(path, identity)
    expect(await store.runs(0)).toEqual([{ run: 0, endIndex: 500, pages: 2 }])
    await store.append(step)
    expect((await store.terms(0)).map(({ endIndex }) => endIndex)).toEqual([599, 600, 601])
    await store.close()
  })

  test("of the version before learns of messages, or is left as it was", async () => {
    const path = await filledSearchPath()
    const raw = rawConnection(path)
    const tables = ["learning", "opaque_pages", "message_keys", "message_terms"]
    for (const table of tables) raw.exec(`DROP TABLE ${table}`)
    raw.pragma("user_version = 1")
    raw.exec("CREATE TABLE message_terms (other)")
    expect(() => openSearchStore(path, identity)).toThrow(/message_terms/)
    expect(raw.pragma("user_version", { simple: true })).toBe(1)
    expect(() => raw.exec("SELECT * FROM learning")).toThrow(/no such table/)
    raw.exec("DROP TABLE message_terms")
    raw.close()
    const store = openSearchStore(path, identity)
    expect(await store.progress()).toEqual({ opaqueUpTo: 0, attachedUpTo: 0, redactions: 0 })
    expect((await store.terms(0)).map(({ endIndex }) => endIndex)).toEqual([599, 600])
    await store.append(step)
    await store.close()
  })

  test("is made when there is none, also where parts of an earlier one are left", async () => {
    const path = newSearchPath()
    writeFileSync(`${path}-wal`, "left over")
    const store = openSearchStore(path, identity)
    expect(await store.terms(0)).toEqual([])
    await store.close()
  })

  test("is made under another name, so that nobody ever opens half of one", async () => {
    const path = newSearchPath()
    // What a process leaves that was killed while it made one.
    writeFileSync(`${path}.new`, "")
    writeFileSync(`${path}.new-wal`, "left over")
    const store = openSearchStore(path, identity)
    await store.close()
    expect(readdirSync(dirname(path))).toEqual(["search.db"])
  })

  test("does not wait for the disk, also when it is opened again", async () => {
    const connection = openConnection(await filledSearchPath(), "write", searchDatabase)
    expect(connection.pragma("synchronous", { simple: true })).toBe(1)
    connection.close()
  })

  test("of another log is not opened, for writing or reading", async () => {
    const path = await filledSearchPath()
    for (const open of [openSearchStore, openSearchReads]) {
      expect(() => open(path, { ...identity, treeId: "7" })).toThrow(
        expect.objectContaining({
          code: "damaged",
          message: expect.stringContaining("expected the search index of log.example (tree 7)"),
        }),
      )
    }
  })

  test("shows who reads it one state, however it grows meanwhile", async () => {
    const path = await filledSearchPath()
    const reads = openSearchReads(path, identity)
    const store = openSearchStore(path, identity)
    const finished = { endIndex: 600, directory: new Uint8Array(9) }
    const fold = { run: 1, firstPage: 1, pages: [new Uint8Array(9)], finished }
    await store.append({ ...step, fold })
    expect((await reads.runs(0)).length).toBe(1)
    expect((await reads.terms(500)).length).toBe(2)
    await reads.close()
    await store.close()
  })

  test("is removed with all that belongs to it", async () => {
    const path = await filledSearchPath()
    const raw = rawConnection(path)
    raw.exec("INSERT INTO term_pages VALUES (1048577, x'00')")
    removeSearchStore(path)
    expect(readdirSync(dirname(path))).toEqual([])
    removeSearchStore(path)
  })
})
