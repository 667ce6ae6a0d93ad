import { cpSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import Database from "better-sqlite3"
import { expect, onTestFinished, test } from "vitest"
import {
  openWitnessReads,
  openWitnessStore,
  type WitnessFiles,
} from "../../../src/storage/sqlite/witness/store.ts"
import { identity } from "../../contracts/commits.ts"
import { newFolder } from "../folder.ts"
import { makeOldWitness, oldEvidence, oldLog, oldTime } from "./old-witness.ts"

function oldWitness(): WitnessFiles {
  const folder = newFolder()
  const files = { database: join(folder, "witness.db"), guard: join(folder, "guard") }
  makeOldWitness(files)
  return files
}

async function opened(files: WitnessFiles) {
  const store = await openWitnessStore(files)
  onTestFinished(() => store.close())
  return store
}

function raw(files: WitnessFiles, sql: string): unknown {
  const connection = new Database(files.database)
  const found = sql.startsWith("PRAGMA")
    ? connection.pragma(sql.slice(7), { simple: true })
    : connection.exec(sql)
  connection.close()
  return found
}

const expectedHead = {
  ...{ origin: oldLog.origin, size: 5, root: oldLog.root(5), note: oldLog.note(5), time: oldTime },
}

async function assertWhole(files: WitnessFiles): Promise<void> {
  const store = await openWitnessStore(files)
  expect(store.identity).toEqual(identity)
  expect(await store.heads()).toEqual([expectedHead])
  expect(await store.logs()).toEqual([{ origin: oldLog.origin, vkeys: ["a"] }])
  expect(await store.evidence()).toEqual([{ origin: "liar.example", evidence: oldEvidence }])
  expect(await store.freezes()).toEqual([
    { origin: "liar.example", cause: "proven", evidence: oldEvidence.id },
  ])
  await store.close()
}

test("a witness of the version before keeps all that it held, and goes on", async () => {
  const files = oldWitness()
  await assertWhole(files)
  expect(raw(files, "PRAGMA user_version")).toBe(2)
  expect(raw(files, "PRAGMA integrity_check")).toBe("ok")
  const store = await opened(files)
  const to = { ...expectedHead, size: 7, root: oldLog.root(7), note: oldLog.note(7) }
  expect(await store.advance([{ origin: oldLog.origin, from: expectedHead, to }])).toEqual([true])
})

test("from the step on every row is covered", async () => {
  const files = oldWitness()
  await assertWhole(files)
  raw(files, `UPDATE logs SET vkeys = '["b"]'`)
  await expect(openWitnessStore(files)).rejects.toMatchObject({ code: "damaged" })
})

test("a process that ends between the step and the guard goes on from it", async () => {
  const files = oldWitness()
  const before = readFileSync(files.guard)
  await assertWhole(files)
  const stepped = newFolder()
  const copy = { database: join(stepped, "witness.db"), guard: join(stepped, "guard") }
  cpSync(files.database, copy.database)
  writeFileSync(copy.guard, before, { mode: 0o600 })
  await assertWhole(copy)
  await assertWhole(copy)
})

test("a change that the guard of the version before had not heard of is taken along", async () => {
  const files = oldWitness()
  // As that version left it if it ended between the database and the guard.
  raw(files, "UPDATE history SET changes = 5, previous = chain, chain = zeroblob(32)")
  await assertWhole(files)
})

test.each([
  [
    "a database that is older than its guard",
    "DROP TRIGGER history_update; UPDATE history SET changes = 3",
    "conflict",
  ],
  ["a note of another head", "UPDATE heads SET size = 6", "damaged"],
  [
    "a freeze whose evidence is lost",
    "DROP TRIGGER evidence_delete; DELETE FROM evidence",
    "damaged",
  ],
  [
    "keys that are no list",
    `DROP TRIGGER witness_update; UPDATE witness SET key_fingerprints = '["x"]'`,
    "damaged",
  ],
])("%s is refused, and nothing is changed", async (_, sql, code) => {
  const files = oldWitness()
  raw(files, sql)
  const [database, guard] = [readFileSync(files.database), readFileSync(files.guard)]
  await expect(openWitnessStore(files)).rejects.toMatchObject({ code })
  expect(raw(files, "PRAGMA user_version")).toBe(1)
  expect(readFileSync(files.database).equals(database)).toBe(true)
  expect(readFileSync(files.guard).equals(guard)).toBe(true)
})

test("it is read only once it was brought up to date", async () => {
  const files = oldWitness()
  expect(() => openWitnessReads(files)).toThrow(
    expect.objectContaining({
      code: "unsupported",
      message: expect.stringMatching(/countersign witness serve/),
    }),
  )
})
