// A data directory whose search index lies in the log's database, as the program before wrote it, brought up to
// date: nothing that was found before is lost, and what stops it changes nothing.
import { copyFileSync, existsSync } from "node:fs"
import { describe, expect, test } from "vitest"
import { openIndex, upgradeSearch } from "../../../src/cli/log/search/files.ts"
import { portableHasher } from "../../../src/core/tree/hash.ts"
import { createEntryTerms } from "../../../src/entry/kinds/terms.ts"
import type { Term } from "../../../src/entry/term.ts"
import { checkSearch } from "../../../src/log/search/check.ts"
import { termHash } from "../../../src/log/search/hash.ts"
import { listTerms } from "../../../src/log/search/run-reading.ts"
import { createTermSource } from "../../../src/log/search/term-source.ts"
import {
  carrySearch,
  integrityCheck,
  openSqliteReads,
  openSqliteStore,
  redactEntry,
} from "../../../src/storage/sqlite/log/store.ts"
import { openSearchReads } from "../../../src/storage/sqlite/search/store.ts"
import { identity } from "../../contracts/commits.ts"
import { everyProposal } from "../../entry/kinds/proposals.ts"
import { newPath, rawConnection } from "../../storage/sqlite/database.ts"
import { type OldEntry, writeOldLog } from "../../storage/sqlite/old-log.ts"

const some = ["one", "two", "three", "four"].flatMap((artifact) => everyProposal(artifact))

/** Some 600 entries of all kinds, also bodies that no kind has written, with terms and without. */
const entries: readonly OldEntry[] = Array.from({ length: 600 }, (_, i) => {
  const known = some[i % (2 * some.length)]
  if (known !== undefined) return { body: known.body, terms: known.proposal.terms }
  const own: readonly Term[] = i % 3 === 0 ? [] : [{ name: "subject", value: `entry ${i}` }]
  return { body: new TextEncoder().encode(`{"entry":${i}}`), terms: own }
})

function oldLog(wanted = entries) {
  const database = newPath()
  const search = database.replace("log.db", "search.db")
  writeOldLog(database, { identity, entries: wanted, batchEntries: 7, runEntries: 64 })
  return { database, search }
}

/** Every row of every table. */
function contentOf(path: string): unknown {
  const raw = rawConnection(path)
  const names = raw.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").pluck().all()
  const rows = names.map((name) => [name, raw.prepare(`SELECT * FROM ${name}`).all()])
  const version = raw.pragma("user_version", { simple: true })
  raw.close()
  return { version, rows }
}

async function termsIn(search: string): Promise<string[][]> {
  const reads = openSearchReads(search, identity)
  const found: string[][] = []
  for await (const hashes of listTerms(reads, portableHasher)) {
    const count = hashes.length / 16
    const texts = Array.from({ length: count }, (_, i) =>
      Buffer.from(hashes.subarray(i * 16, i * 16 + 16)).toString("hex"),
    )
    found.push(texts.toSorted())
  }
  await reads.close()
  return found
}

const expected = entries.map(({ terms }) =>
  terms.map((term) => Buffer.from(termHash(term, portableHasher)).toString("hex")).toSorted(),
)

const quiet = (): void => {}

describe("a data directory with the search index in the log's database", () => {
  test("is brought up to date, and every entry is found by all that it was found by", async () => {
    const files = oldLog()
    const before = rawConnection(files.database)
    const runs = before.prepare("SELECT count(*) FROM term_runs").pluck().get()
    expect(runs).toBeGreaterThan(1)
    expect(before.prepare("SELECT count(*) FROM term_batches").pluck().get()).toBeGreaterThan(1)
    // A run that is half-made.
    before.prepare("INSERT INTO term_pages SELECT ? * 1048576, zeroblob(9)").run(runs)
    before.close()
    const told: string[] = []
    await upgradeSearch(files, (text) => told.push(text))
    expect(told.at(-1)).toMatch(/finds all that the old one found/)
    expect(await termsIn(files.search)).toEqual(expected)
    await integrityCheck(files.database)
    const raw = rawConnection(files.database)
    const tables = raw.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").pluck().all()
    expect(tables).not.toContain("term_batches")
    expect(tables).toContain("side_terms")
    // Entries that are nothing but a bare key's signature keep nothing.
    const kept = raw.prepare("SELECT idx FROM side_terms WHERE length(bytes) > 16").pluck().all()
    expect(kept).not.toContain(some.findIndex(({ name }) => name === "hashedrekord 0.0.2, key"))
    expect(kept.length).toBeGreaterThan(100)
  })

  test("gives the same index again from the log alone, and fsck agrees", async () => {
    const files = oldLog()
    await upgradeSearch(files, quiet)
    const reads = openSqliteReads(files.database)
    const again = files.search.replace("search.db", "again.db")
    const { index, close } = await openIndex(again, reads)
    await index.follow(entries.length)
    await close()
    expect(await termsIn(again)).toEqual(expected)
    const source = createTermSource({
      reads,
      terms: createEntryTerms(10),
      hasher: portableHasher,
    })
    const opened = openSearchReads(files.search, identity)
    const size = async () => entries.length
    const report = await checkSearch({ reads: opened, source, hasher: portableHasher, size })
    expect(report).toEqual({ size: entries.length, findings: [] })
    await opened.close()
    await reads.close()
  })

  test("is up to date afterwards: a second time nothing happens", async () => {
    const files = oldLog()
    await upgradeSearch(files, quiet)
    const told: string[] = []
    await upgradeSearch(files, (text) => told.push(text))
    expect(told).toEqual([])
    await openSqliteStore(files.database).close()
  })

  test("may be without entries", async () => {
    const files = oldLog([])
    await upgradeSearch(files, quiet)
    expect(await termsIn(files.search)).toEqual([])
  })

  test("is opened by nothing else: reading and writing say what to do", () => {
    const { database } = oldLog()
    const before = contentOf(database)
    for (const open of [
      openSqliteReads,
      openSqliteStore,
      (p: string) => redactEntry(p, { index: 0, digest: undefined }, 1),
    ]) {
      expect(() => open(database)).toThrow(
        expect.objectContaining({
          code: "unsupported",
          message: expect.stringContaining('start "countersign serve" once'),
        }),
      )
    }
    expect(contentOf(database)).toEqual(before)
  })

  test.each([0, 1, 300])(
    "is as it was when something fails after %i side terms, and the next try succeeds",
    async (count) => {
      const files = oldLog()
      const before = contentOf(files.database)
      let left = count
      const failing = carrySearch(files.database, async ({ reads, keep }) => {
        const { size } = await reads.head()
        for (let index = 0; index < size; index++) {
          if (left === 0) throw new Error("injected")
          left -= 1
          await keep({ index, bytes: new Uint8Array(20) })
        }
      })
      await expect(failing).rejects.toThrow("injected")
      expect(contentOf(files.database)).toEqual(before)
      await upgradeSearch(files, quiet)
      expect(await termsIn(files.search)).toEqual(expected)
    },
  )

  test("is as it was when its index is damaged, and says what is damaged", async () => {
    const files = oldLog()
    const raw = rawConnection(files.database)
    raw.exec(
      "DROP TRIGGER term_pages_update; UPDATE term_pages SET bytes = zeroblob(40) WHERE id = 0",
    )
    raw.close()
    const before = contentOf(files.database)
    await expect(upgradeSearch(files, quiet)).rejects.toMatchObject({
      name: "Trouble",
      code: "damaged",
      message: expect.stringContaining("page 0 from entry 0 on of the search index"),
    })
    expect(contentOf(files.database)).toEqual(before)
    expect(existsSync(files.search)).toBe(false)
  })

  test("is carried over past what an earlier try has left", async () => {
    const files = oldLog()
    await upgradeSearch(files, quiet)
    const later = oldLog(entries.slice(0, 50))
    // An index of a larger log under the same name.
    copyFileSync(files.search, later.search)
    await upgradeSearch(later, quiet)
    expect(await termsIn(later.search)).toEqual(expected.slice(0, 50))
  })
})
