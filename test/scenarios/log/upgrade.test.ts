// A data directory of the program before, whose search index lies in the log's database, under a real server
// that is killed while it brings it up to date.
import { rmSync } from "node:fs"
import { join } from "node:path"
import { setTimeout as after } from "node:timers/promises"
import Database from "better-sqlite3"
import { expect, test } from "vitest"
import { createLogFiles, dataDirectory } from "../../../src/cli/log/data-directory.ts"
import { parseOrigin } from "../../../src/core/note/origin.ts"
import { createGuardFile } from "../../../src/storage/files/guard-file.ts"
import { openSqliteReads } from "../../../src/storage/sqlite/log/store.ts"
import { everyProposal } from "../../entry/kinds/proposals.ts"
import { newFolder } from "../../storage/folder.ts"
import { type OldEntry, writeOldLog } from "../../storage/sqlite/old-log.ts"
import { countersign, programCommand, serve, start } from "../process.ts"

const COPIES = 400
const KILLS = 6

/** Moves a new log's identity into a database of the version before, with some thousand entries. */
async function oldDirectory(): Promise<{
  readonly data: string
  readonly entries: readonly OldEntry[]
}> {
  const folder = newFolder()
  const made = dataDirectory(join(folder, "made"))
  const time = 1_700_000_000_000
  await createLogFiles(made, { origin: parseOrigin("log.example"), time })
  const reads = openSqliteReads(made.database)
  const { created: _, ...identity } = reads.identity
  await reads.close()
  const entries: OldEntry[] = Array.from({ length: COPIES }, (_, i) => everyProposal(`app ${i}`))
    .flat()
    .map(({ body, proposal }) => ({ body, terms: proposal.terms }))
  const old = dataDirectory(join(folder, "made"))
  for (const file of [old.database, old.guard]) rmSync(file)
  writeOldLog(old.database, { identity, entries, batchEntries: 100, runEntries: 2_000 })
  const raw = new Database(old.database)
  const head = raw.prepare("SELECT size, root, time FROM head").get() as {
    size: number
    root: Uint8Array
    time: number
  }
  raw.close()
  createGuardFile(old.guard, identity, { ...head, root: head.root as never })
  return { data: old.path, entries }
}

function indexesWith(entries: readonly OldEntry[], subject: string): number[] {
  return entries.flatMap(({ terms }, index) =>
    terms.some(({ name, value }) => name === "subject" && value === subject) ? [index] : [],
  )
}

test(`${KILLS} kills while it is brought up to date leave it old or new, and then all is found`, {
  timeout: 180_000,
}, async () => {
  const { data, entries } = await oldDirectory()
  const versions: unknown[] = []
  for (let killed = 0; killed < KILLS; killed++) {
    const words = ["serve", "--data", data, "--listen", "127.0.0.1:0"]
    let begins = (): void => {}
    const begun = new Promise<void>((resolve) => {
      begins = resolve
    })
    const running = start([...programCommand, ...words], {
      onStderr(text) {
        // A start behind the one that brought it up to date has nothing to bring up any more.
        if (text.includes("database of its own") || text.includes("serving")) begins()
      },
    })
    await Promise.race([begun, running.ended])
    await after(killed * 150)
    running.send("SIGKILL")
    await running.ended
    const raw = new Database(join(data, "log.db"))
    const version = raw.pragma("user_version", { simple: true })
    versions.push(version)
    const tables = raw.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").pluck().all()
    expect(tables.includes("term_runs")).toBe(version === 2)
    expect(tables.includes("side_terms")).toBe(version !== 2)
    expect(raw.pragma("integrity_check", { simple: true })).toBe("ok")
    raw.close()
  }
  expect(versions[0]).toBe(2)
  const served = await serve(data)
  expect((await served.client.treeHead()).size).toBe(entries.length)
  for (const copy of [0, 7, COPIES - 1]) {
    const found = await served.client.search({ subject: `app ${copy}` })
    expect(found.entries.map(({ index }) => index)).toEqual(indexesWith(entries, `app ${copy}`))
    expect(found.completeUpTo).toBe(entries.length)
  }
  await served.stop()
  expect(await countersign("fsck", "--data", data)).toMatchObject({ code: 0 })
})
