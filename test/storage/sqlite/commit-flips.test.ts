import { readFileSync, rmSync, writeFileSync } from "node:fs"
import { describe, expect, test } from "vitest"
import { Refusal, Trouble } from "../../../src/core/base/errors.ts"
import { portableHasher } from "../../../src/core/tree/hash.ts"
import { openCommitChain } from "../../../src/log/commit-chain.ts"
import { checkCommits } from "../../../src/log/fsck.ts"
import type { LogSigner } from "../../../src/log/ports/signer.ts"
import type { TimedHead } from "../../../src/log/ports/store.ts"
import { openSequencer } from "../../../src/log/sequencer.ts"
import {
  createSqliteStore,
  openSqliteReads,
  openSqliteStore,
} from "../../../src/storage/sqlite/log/store.ts"
import { createReference, identity, startTime } from "../../contracts/commits.ts"
import { createMemoryGuard } from "../memory/log-store.ts"
import { newPath, rawConnection } from "./database.ts"

const PAGE = 8_192
const COMMITS = 12

const signer: LogSigner = {
  ...identity,
  vkeys: [],
  sign: async (text) => text,
}

interface Known {
  readonly path: string
  readonly bytes: Buffer
  readonly head: TimedHead
  /** Offsets of the bytes of the tables' rows and of what leads to them. */
  offsets(table: string): number[]
}

/** A closed log of twelve commits, each of one or two entries. */
async function smallLog(): Promise<Known> {
  const path = newPath()
  createSqliteStore(path, identity, { time: startTime })
  const store = openSqliteStore(path)
  const reference = createReference()
  for (let i = 0; i < COMMITS; i++) await store.commit(reference.grow(1 + (i % 2)))
  await store.close()
  const raw = rawConnection(path)
  const rootPage = raw
    .prepare<[string], number>("SELECT rootpage FROM sqlite_schema WHERE name = ?")
    .pluck()
  const pages = new Map(
    ["commits", "log", "head"].map((table) => [table, rootPage.get(table) as number]),
  )
  raw.close()
  const bytes = readFileSync(path)
  const offsets = (table: string): number[] => {
    const start = ((pages.get(table) as number) - 1) * PAGE
    const page = bytes.subarray(start, start + PAGE)
    const cells = page.readUInt16BE(3)
    const content = page.readUInt16BE(5)
    const header = Array.from({ length: 8 + 2 * cells }, (_, i) => start + i)
    return [...header, ...Array.from({ length: PAGE - content }, (_, i) => start + content + i)]
  }
  return { path, bytes, head: reference.head, offsets }
}

/** All that is said of the log from here on: who it is, its head, and the time of each entry. */
async function said(path: string, guarded: TimedHead): Promise<unknown> {
  const store = openSqliteStore(path)
  try {
    const guard = createMemoryGuard(identity, guarded)
    const now = () => guarded.time
    const opening = { store, guard, signer, hasher: portableHasher, now }
    const { opened } = await openSequencer(opening)
    const chain = await openCommitChain(store, await store.head(), portableHasher)
    const entries = Array.from({ length: opened.size }, (_, i) => i)
    const times = await Promise.all(entries.map((index) => chain.timeOf(index)))
    return { opened, times, made: store.made, head: await store.head() }
  } finally {
    await store.close()
  }
}

/** Whether fsck finds something in the commits, or cannot read the database. */
async function isFound(path: string): Promise<boolean> {
  const reads = openSqliteReads(path)
  try {
    const head = await reads.head()
    return (await checkCommits({ reads, head, hasher: portableHasher })).length > 0
  } finally {
    await reads.close()
  }
}

describe("a bit that flips in a small log", () => {
  test.each(["commits", "log", "head"])(
    "in the table %s changes nothing, or is refused by name at the start",
    async (table) => {
      const { path, bytes, head, offsets } = await smallLog()
      const before = await said(path, head)
      let refused = 0
      for (const offset of offsets(table)) {
        const flipped = Buffer.from(bytes)
        flipped.writeUInt8((bytes[offset] as number) ^ (1 << (offset % 8)), offset)
        for (const beside of ["-wal", "-shm"]) rmSync(path + beside, { force: true })
        writeFileSync(path, flipped)
        const what = `${table}, byte ${offset % PAGE}`
        try {
          expect(await said(path, head), what).toEqual(before)
        } catch (reason) {
          if (!(reason instanceof Trouble || reason instanceof Refusal)) throw reason
          expect(reason.message, what).toMatch(/\S/)
          refused += 1
        }
      }
      expect(refused).toBeGreaterThan(offsets(table).length / 3)
    },
    60_000,
  )

  test.each([
    "UPDATE commits SET time = time + (1 << bit) WHERE size = 4",
    "UPDATE commits SET size = size + (1 << bit) WHERE size = 18",
    "UPDATE log SET created = created + (1 << bit)",
    "UPDATE head SET time = time + (1 << bit)",
  ])("%s is refused by name at the start and found by fsck", async (sql) => {
    const { path, bytes, head } = await smallLog()
    for (let bit = 0; bit <= 40; bit += 4) {
      for (const beside of ["-wal", "-shm"]) rmSync(path + beside, { force: true })
      writeFileSync(path, bytes)
      const raw = rawConnection(path)
      for (const table of ["commits", "log", "head"]) raw.exec(`DROP TRIGGER ${table}_update`)
      raw.exec(sql.replace("bit", String(bit)))
      raw.close()
      const starting = said(path, head)
      await expect(starting).rejects.toMatchObject({ code: expect.stringMatching(/damaged|clock/) })
      expect(await isFound(path)).toBe(true)
    }
  })
})
