import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import Database from "better-sqlite3"
import { describe, expect, onTestFinished, test } from "vitest"
import { parseOrigin } from "../../../src/core/note/origin.ts"
import {
  createWitnessStore,
  openWitnessReads,
  openWitnessStore,
  type SqliteWitnessStore,
  type WitnessFiles,
} from "../../../src/storage/sqlite/witness/store.ts"
import { identity, startTime } from "../../contracts/commits.ts"
import { step, witnessedHead } from "../../contracts/witness-store.ts"
import { newFolder } from "../folder.ts"
import { rawConnection } from "./database.ts"

const { origin } = witnessedHead(1, 1)
const other = parseOrigin("zwei.example/log")
const evidence = { id: "e".repeat(64), kind: "fork" as const, text: "the evidence\n" }

/** A head of each of two logs; the second is frozen for evidence. */
async function filled(): Promise<WitnessFiles> {
  const folder = newFolder()
  const files = { database: join(folder, "witness.db"), guard: join(folder, "guard") }
  createWitnessStore(files, identity, { time: startTime })
  const store = await openWitnessStore(files)
  await store.advance([
    step(undefined, witnessedHead(5, 5)),
    step(undefined, witnessedHead(6, 6, 0, other)),
  ])
  await store.setLog({ origin, vkeys: ["a key"] })
  await store.convict(other, evidence, true)
  await store.close()
  return files
}

async function opened(files: WitnessFiles): Promise<SqliteWitnessStore> {
  const store = await openWitnessStore(files)
  onTestFinished(() => store.close())
  return store
}

function changed(files: WitnessFiles, sql: string): void {
  const raw = new Database(files.database)
  raw.exec(sql)
  raw.close()
}

const damaged = (message: RegExp) =>
  expect.objectContaining({
    name: "Trouble",
    code: "damaged",
    message: expect.stringMatching(message),
  })

describe("a witness's database that rotted is refused, and says where:", () => {
  test.each([
    ["heads", "UPDATE heads SET time = 6 WHERE size = 5"],
    ["heads", "UPDATE heads SET note = 'note 4' || char(10) WHERE size = 5"],
    ["heads", "DROP TRIGGER heads_delete; DELETE FROM heads WHERE size = 5"],
    ["logs", `UPDATE logs SET vkeys = '["b key"]'`],
    ["logs", "DELETE FROM logs"],
    ["freezes", "DELETE FROM freezes"],
    ["freezes", "UPDATE freezes SET because = 'f' || substr(because, 2)"],
    ["evidence", "DROP TRIGGER evidence_update; UPDATE evidence SET text = 'the evidenc'"],
    ["witness", "DROP TRIGGER witness_update; UPDATE witness SET created = created + 1"],
    ["definitions", "DROP TRIGGER heads_update"],
    ["definitions", "CREATE INDEX sizes ON heads (size)"],
    [
      "witness and heads",
      "DROP TRIGGER history_update; UPDATE history SET digests = zeroblob(192)",
    ],
    ["its history", "DROP TRIGGER history_update; UPDATE history SET digests = NULL"],
    // With a chain that goes on: the digests say which table they do not cover.
    [
      "heads",
      "UPDATE heads SET time = 6; UPDATE history SET changes = changes + 1, previous = chain",
    ],
  ])("%s after %s", async (where, sql) => {
    const files = await filled()
    changed(files, sql)
    await expect(openWitnessStore(files)).rejects.toThrow(damaged(new RegExp(where)))
    expect(() => openWitnessReads(files)).toThrow(damaged(new RegExp(where)))
  })

  test("one bit of an origin in the index of the heads", async () => {
    const files = await filled()
    const bytes = readFileSync(files.database)
    const at = bytes.lastIndexOf(`${origin}`)
    const places: number[] = []
    for (let from = bytes.indexOf(origin); from >= 0; from = bytes.indexOf(origin, from + 1)) {
      places.push(from)
    }
    expect(at).toBeGreaterThan(0)
    // In the rows of heads and logs, in the index of each.
    expect(places.length).toBeGreaterThanOrEqual(4)
    for (const place of places) {
      const rotten = Buffer.from(bytes)
      rotten[place] = (rotten[place] as number) ^ 1
      writeFileSync(files.database, rotten)
      await expect(openWitnessStore(files)).rejects.toThrow(damaged(/witness\.db/))
    }
    writeFileSync(files.database, bytes)
    await (await opened(files)).close()
  })
})

describe("a row that rots while the witness runs", () => {
  test("is neither served nor decided on, and a head is never written over it", async () => {
    const files = await filled()
    const store = await opened(files)
    rawConnection(files.database).exec("UPDATE heads SET size = 7 WHERE size = 5")
    const held = witnessedHead(5, 5)
    expect(await store.heads()).toContainEqual(held)
    await expect(store.advance([step(held, witnessedHead(8, 8))])).rejects.toThrow(
      damaged(/the row of one\.example in the table heads/),
    )
    expect(await store.heads()).toContainEqual(held)
    await expect(store.setLog({ origin, vkeys: ["c"] })).rejects.toThrow(/an earlier change failed/)
  })

  test("of the evidence is not given, and nothing is stored any more", async () => {
    const files = await filled()
    const store = await opened(files)
    expect(await store.evidence()).toEqual([{ origin: other, evidence }])
    rawConnection(files.database).exec(
      "DROP TRIGGER evidence_update; UPDATE evidence SET text = 'the evidenc'",
    )
    await expect(store.evidence()).rejects.toThrow(damaged(/the table evidence/))
    const held = witnessedHead(5, 5)
    await expect(store.advance([step(held, witnessedHead(8, 8))])).rejects.toThrow(
      /an earlier change failed/,
    )
    expect(await store.heads()).toContainEqual(held)
  })

  test("of the history is not gone on from", async () => {
    const files = await filled()
    const store = await opened(files)
    rawConnection(files.database).exec(
      "DROP TRIGGER history_update; UPDATE history SET chain = zeroblob(32)",
    )
    const held = witnessedHead(5, 5)
    await expect(store.advance([step(held, witnessedHead(8, 8))])).rejects.toThrow(
      damaged(/the history is not what/),
    )
  })
})

test("what is refused within a step is taken back with all of the step", async () => {
  const files = await filled()
  const store = await opened(files)
  const held = witnessedHead(5, 5)
  const back = step(witnessedHead(7, 7), witnessedHead(6, 7))
  await expect(store.advance([step(held, witnessedHead(7, 7)), back])).rejects.toThrow(/bug: /)
  expect(await store.heads()).toContainEqual(held)
  await store.close()
  expect(await (await opened(files)).heads()).toContainEqual(held)
})

test("a change that changes nothing is none", async () => {
  const files = await filled()
  const before = readFileSync(files.guard)
  const store = await opened(files)
  await store.setLog({ origin, vkeys: ["a key"] })
  await store.convict(other, evidence, true)
  expect(readFileSync(files.guard).equals(before)).toBe(true)
})

describe("openWitnessReads()", () => {
  test("reads while the witness goes on, and refuses an older copy", async () => {
    const files = await filled()
    const older = readFileSync(files.database)
    const store = await opened(files)
    const held = witnessedHead(5, 5)
    const next = witnessedHead(8, 8)
    await store.advance([step(held, next)])
    const reads = openWitnessReads(files)
    await store.advance([step(next, witnessedHead(9, 9))])
    expect(await reads.heads()).toContainEqual(next)
    reads.close()
    await store.close()
    writeFileSync(files.database, older)
    expect(() => openWitnessReads(files)).toThrow(
      expect.objectContaining({
        code: "conflict",
        message: expect.stringMatching(/an older copy of the database was put in place/),
      }),
    )
  })
})

test("a bit of each byte of a definition is refused by name, whatever it spells", async () => {
  const files = await filled()
  const bytes = readFileSync(files.database)
  const start = bytes.indexOf("CREATE TABLE history")
  const end = bytes.indexOf("STRICT", start)
  for (let place = start; place < end; place++) {
    const rotten = Buffer.from(bytes)
    // Upper case for lower case: SQLite takes it for the same name.
    rotten[place] = (rotten[place] as number) ^ 0x20
    writeFileSync(files.database, rotten)
    await expect(openWitnessStore(files)).rejects.toMatchObject({
      name: "Trouble",
      code: "damaged",
    })
  }
}, 120_000)
