// `countersign fsck`: recomputes a whole log from its entries and compares, over its database or its URL.
import { existsSync } from "node:fs"
import { type Command, Option } from "commander"
import { Refusal, refuse } from "../../core/base/errors.ts"
import { nativeHasher } from "../../crypto/tree-hasher.ts"
import { checkLog, type FsckReport, type FsckSource } from "../../log/fsck.ts"
import { checkSearch } from "../../log/search-fsck.ts"
import { integrityCheck, openSqliteReads } from "../../storage/sqlite/log/store.ts"
import { Falsehood } from "../command/exit-code.ts"
import { fetchHead } from "../command/fetched-head.ts"
import { openLogClient } from "../command/log-options.ts"
import { jsonOption } from "../command/options.ts"
import { createOutput, type Output } from "../command/output.ts"
import { createProgress } from "../command/progress.ts"
import type { Terminal } from "../command/terminal.ts"
import { readTrust, remarkPinning, trustOptions } from "../command/trust-options.ts"
import { dataDirectory } from "./data-directory.ts"
import { sourceFromReads, sourceFromUrl } from "./fsck-source.ts"

interface FsckOptions {
  readonly data?: string
  readonly log?: string
  readonly json?: boolean
}

export function fsckCommand(command: Command, terminal: Terminal): void {
  command
    .addOption(
      new Option("--data <dir>", "data directory of a log, running or not").conflicts("log"),
    )
    .option("--log <url>", "base URL of a log")
    .addOption(jsonOption())
    .addHelpText(
      "after",
      `
Exit code 3 if anything is not right; each entry, tile or bundle is named, and with --data each
part of the search index.

Example:
  countersign fsck --data ./data
  countersign fsck --log https://log.example.com --policy log.policy`,
    )
    .action(async (options: FsckOptions) => {
      const output = createOutput(terminal, options.json)
      const report =
        options.data === undefined
          ? await checkServed(command, options, terminal, output)
          : await checkData(options.data, terminal)
      printReport(report, output)
    })
  for (const option of trustOptions) command.addOption(option)
}

async function checkServed(
  command: Command,
  options: FsckOptions,
  terminal: Terminal,
  output: Output,
): Promise<FsckReport> {
  const url = options.log ?? command.error("error: expected --data DIR or --log URL")
  const client = openLogClient(url, terminal)
  const head = await fetchHead(client, await readTrust(command))
  remarkPinning(output, head.isPinned)
  return await checkWithProgress(sourceFromUrl(client, head), terminal)
}

async function checkData(path: string, terminal: Terminal): Promise<FsckReport> {
  const { database } = dataDirectory(path)
  if (!existsSync(database)) refuse("not-found", `expected a log, found no ${database}`)
  const reads = openSqliteReads(database)
  try {
    const head = await reads.head()
    const report = await checkWithProgress(sourceFromReads(reads, head), terminal)
    const search = await checkSearch({ reads, hasher: nativeHasher, size: head.size })
    // SQLite's own check comes last: it says nothing about what the bytes mean.
    await integrityCheck(database)
    return { ...report, findings: [...report.findings, ...search] }
  } finally {
    await reads.close()
  }
}

async function checkWithProgress(source: FsckSource, terminal: Terminal): Promise<FsckReport> {
  const { stderr: stream, now } = terminal
  const progress = createProgress({ stream, now, what: "fsck", total: source.head.size })
  let seen = 0
  const report = await checkLog({
    source,
    hasher: nativeHasher,
    onProgress(checked) {
      progress.advance(checked - seen)
      seen = checked
    },
  })
  progress.end()
  return report
}

function printReport({ findings, size, entries, tiles }: FsckReport, output: Output): void {
  for (const { what, where, reason } of findings) {
    output.result(`${what} ${where}: ${reason}`, [], { finding: { what, where, reason } })
  }
  const verdict = findings.length === 0 ? "the log is whole" : `${findings.length} findings`
  const fields = [
    ["size", size],
    ["entries recomputed", entries],
    ["tiles compared", tiles],
  ] as const
  output.result(verdict, fields, { size, entries, tiles, findings: findings.length })
  if (findings.length > 0) {
    throw new Falsehood(new Refusal("mismatch", "the log is not what its entries give"))
  }
}
