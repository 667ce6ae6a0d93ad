// `countersign search-index`: makes the search index of a stopped log again, and says how far one has come.

import { existsSync, renameSync } from "node:fs"
import type { Command } from "commander"
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
import { closing } from "../command/closers.ts"
import { commandGroup } from "../command/command-list.ts"
import { jsonOption } from "../command/options.ts"
import { createOutput } from "../command/output.ts"
import { withProgress } from "../command/progress.ts"
import type { Terminal } from "../command/terminal.ts"
import { logDirectory } from "./data-directory.ts"
import { openIndex } from "./search/files.ts"

interface DataOptions {
  readonly data: string
}

const ENTRIES_AT_ONCE = 4_096

/** Makes an index at `path`, which must be free, and gives how many entries it has. */
async function makeIndex(path: string, reads: StoredLog, terminal: Terminal): Promise<number> {
  const { size } = await reads.head()
  await closing(await openIndex(path, reads), ({ index }) =>
    withProgress(terminal, "search index", size, async (advance) => {
      while (index.size() < size) {
        const before = index.size()
        await index.follow(Math.min(size, before + ENTRIES_AT_ONCE))
        advance(index.size() - before)
      }
      await index.learn()
    }),
  )
  return size
}

/** The index that is there stays until the new one is whole. */
async function rebuild({ data }: DataOptions, terminal: Terminal): Promise<void> {
  const { path, database, search } = logDirectory(data)
  const lock = lockDataDirectory(path)
  try {
    const draft = `${search}.new`
    removeSearchStore(draft)
    const size = await closing(openLogReads(database), (reads) => makeIndex(draft, reads, terminal))
    removeSearchStore(search)
    onDisk(search, () => renameSync(draft, search))
    syncNameOf(search)
    terminal.stdout.write(`the search index is complete up to ${size}\n`)
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
  await closing(openLogReads(database), async (reads) => {
    const { indexed, learnt } = existsSync(search)
      ? await countIndexed(search, reads)
      : { indexed: 0, learnt: 0 }
    const { size } = await reads.head()
    const messages = await reads.messages.newest()
    const isComplete = indexed === size && learnt === messages
    const verdict = `the search index is ${isComplete ? "complete" : "behind"}`
    const fields = [
      ["entries in the index", indexed] as const,
      ["entries in the log", size] as const,
      ["messages in the index", learnt] as const,
      ["messages in the log", messages] as const,
    ]
    output.result(verdict, fields, { indexed, size, learnt, messages })
  })
}

function countIndexed(search: string, reads: StoredLog) {
  return closing(openSearchReads(search, reads.identity), async (index) => {
    const { attachedUpTo: learnt } = await index.progress()
    return { indexed: await indexedEntries(index, nativeHasher), learnt }
  })
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
It counts entries and messages and checks nothing else: "countersign fsck" compares the index with the log.

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
