// `countersign search-index`: makes the search index of a stopped log again, and says how far one has come.

import { existsSync, renameSync } from "node:fs"
import type { Command } from "commander"
import { refuse } from "../../core/base/errors.ts"
import { nativeHasher } from "../../crypto/tree-hasher.ts"
import { indexedEntries } from "../../log/search/run-reading.ts"
import { onDisk, syncNameOf } from "../../storage/disk/durable-file.ts"
import { lockDataDirectory } from "../../storage/disk/process-lock.ts"
import {
  openLogReads,
  openSearchReads,
  removeSearchStore,
  type StoredLog,
} from "../../storage/log-engine.ts"
import { commandGroup } from "../command/command-list.ts"
import { jsonOption } from "../command/options.ts"
import { createOutput } from "../command/output.ts"
import { createProgress } from "../command/progress.ts"
import type { Terminal } from "../command/terminal.ts"
import { type DataDirectory, dataDirectory } from "./data-directory.ts"
import { openIndex } from "./search/files.ts"

interface DataOptions {
  readonly data: string
}

const ENTRIES_AT_ONCE = 4_096

function logDirectory(data: string): DataDirectory {
  const directory = dataDirectory(data)
  const { database } = directory
  if (!existsSync(database)) refuse("not-found", `expected a log, found no ${database}`)
  return directory
}

/** Makes an index at `path`, which must be free, and gives how many entries it has. */
async function makeIndex(path: string, reads: StoredLog, terminal: Terminal): Promise<number> {
  const { size } = await reads.head()
  const { stderr: stream, now } = terminal
  const progress = createProgress({ stream, now, what: "search index", total: size })
  const { index, close } = await openIndex(path, reads)
  try {
    while (index.size() < size) {
      const before = index.size()
      await index.follow(Math.min(size, before + ENTRIES_AT_ONCE))
      progress.advance(index.size() - before)
    }
  } finally {
    await close()
  }
  progress.end()
  return size
}

/** The index that is there stays until the new one is whole. */
async function rebuild({ data }: DataOptions, terminal: Terminal): Promise<void> {
  const { path, database, search } = logDirectory(data)
  const lock = lockDataDirectory(path)
  try {
    const draft = `${search}.new`
    removeSearchStore(draft)
    const reads = openLogReads(database)
    try {
      const size = await makeIndex(draft, reads, terminal)
      removeSearchStore(search)
      onDisk(search, () => renameSync(draft, search))
      syncNameOf(search)
      terminal.stdout.write(`the search index is complete up to ${size}\n`)
    } finally {
      await reads.close()
    }
  } finally {
    lock.release()
  }
}

interface StatusOptions extends DataOptions {
  readonly json?: boolean
}

async function status({ data, json }: StatusOptions, terminal: Terminal): Promise<void> {
  const { database, search } = logDirectory(data)
  const output = createOutput(terminal, json)
  const reads = openLogReads(database)
  try {
    const indexed = existsSync(search) ? await countEntries(search, reads) : 0
    const { size } = await reads.head()
    const verdict = indexed === size ? "the search index is complete" : "the search index is behind"
    const fields = [
      ["entries in the index", indexed] as const,
      ["entries in the log", size] as const,
    ]
    output.result(verdict, fields, { indexed, size })
  } finally {
    await reads.close()
  }
}

async function countEntries(search: string, reads: StoredLog): Promise<number> {
  const index = openSearchReads(search, reads.identity)
  try {
    return await indexedEntries(index, nativeHasher)
  } finally {
    await index.close()
  }
}

function defineRebuild(command: Command, terminal: Terminal): void {
  command
    .requiredOption("--data <dir>", "the log's data directory")
    .addHelpText(
      "after",
      `
The index follows from the log's database. The old index stays until the new one is complete.

Example:
  countersign search-index rebuild --data /var/lib/countersign`,
    )
    .action((options: DataOptions) => rebuild(options, terminal))
}

function defineStatus(command: Command, terminal: Terminal): void {
  command
    .requiredOption("--data <dir>", "the log's data directory")
    .addOption(jsonOption())
    .addHelpText(
      "after",
      `
It counts entries and checks nothing else: "countersign fsck" compares the index with the log.

Example:
  countersign search-index status --data /var/lib/countersign`,
    )
    .action((options: StatusOptions) => status(options, terminal))
}

export const searchIndexCommand = commandGroup(
  {
    descriptions: {
      rebuild: "make the search index of a stopped log again",
      status: "say how many entries the search index has, of a running or a stopped log",
    },
    load: { rebuild: async () => defineRebuild, status: async () => defineStatus },
  },
  `
Example:
  countersign search-index status --data /var/lib/countersign
  countersign search-index rebuild --data /var/lib/countersign`,
)
