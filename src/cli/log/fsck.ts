// `countersign fsck`: recomputes a whole log from its entries and compares, over its database or its URL.

import { existsSync } from "node:fs"
import { type Command, Option } from "commander"
import { Refusal, Trouble } from "../../core/base/errors.ts"
import { present } from "../../core/base/present.ts"
import { nativeHasher } from "../../crypto/tree-hasher.ts"
import { checkCommits, checkLog, type FsckReport, type FsckSource } from "../../log/fsck.ts"
import { checkAttachments } from "../../log/message-check.ts"
import { checkSearch, type SearchFinding, type SearchReport } from "../../log/search/check.ts"
import { checkLearning } from "../../log/search/learning-check.ts"
import { type GuardContent, readGuardFile } from "../../storage/files/guard-file.ts"
import {
  integrityCheck,
  mendWal,
  openLogReads,
  openSearchReads,
  type StoredLog,
} from "../../storage/log-engine.ts"
import { closing } from "../command/closers.ts"
import { Falsehood } from "../command/exit-code.ts"
import { fetchHead } from "../command/fetched-head.ts"
import { credentialOptions, openLogClient } from "../command/log-options.ts"
import { networkOptions } from "../command/network.ts"
import { jsonOption } from "../command/options.ts"
import { createOutput, type Output } from "../command/output.ts"
import { withProgress } from "../command/progress.ts"
import type { Terminal } from "../command/terminal.ts"
import { readTrust, remarkPinning, trustOptions } from "../command/trust-options.ts"
import { logDirectory } from "./data-directory.ts"
import { checkStoredMessages, sourceFromReads, sourceFromUrl } from "./fsck-source.ts"
import { messageSource, termSource } from "./search/files.ts"
import { guardIfThere, lookGuarded, notComparedText, unlikeGuard } from "./standing.ts"

interface FsckOptions {
  readonly data?: string
  readonly guard?: string
  readonly mendWal?: string
  readonly log?: string
  readonly json?: boolean
}

interface GuardFinding {
  readonly what: "guard"
  readonly where: string
  readonly reason: string
}

interface Report extends Omit<FsckReport, "findings"> {
  readonly findings: readonly (FsckReport["findings"][number] | SearchFinding | GuardFinding)[]
  /** The size in the head guard; a text says why the log was not compared with it. Undefined over a URL. */
  readonly guarded?: number | string
  /** How many messages were hashed again; undefined over a URL. */
  readonly messages?: number
  /** How many entries the search index has; undefined if there is none to check. */
  readonly searchable?: number
  /** Up to which message the index says what they say. */
  readonly learnt?: number
}

export function fsckCommand(command: Command, terminal: Terminal): void {
  command
    .addOption(
      new Option("--data <dir>", "data directory of a log, running or not").conflicts("log"),
    )
    .option(
      "--guard <file>",
      "with --data: the log's head guard, which is compared (default: DIR/guard/head, if it is there)",
    )
    .option(
      "--mend-wal <file>",
      "with --data: only write a copy of its broken write-ahead log, with the bit flipped back that broke it",
    )
    .option("--log <url>", "base URL of a log")
    .addOption(jsonOption())
    .addHelpText(
      "after",
      `
Exit code 3 if anything is not right; each entry, tile or bundle is named, and with --data each
part of the search index: "search-index rebuild" makes a new one. A log that lacks what its head
guard says was signed is not right; without a guard that cannot be told, and is said.

Example:
  countersign fsck --data ./data
  countersign fsck --data /var/lib/countersign --guard /srv/guard/log.example.com
  countersign fsck --log https://log.example.com --policy log.policy`,
    )
    .action(async (options: FsckOptions) => {
      const output = createOutput(terminal, options.json)
      if (options.data !== undefined && options.mendWal !== undefined) {
        writeMended(options.data, options.mendWal, output)
        return
      }
      const report =
        options.data === undefined
          ? await checkServed(command, options, terminal, output)
          : await checkData(options.data, options.guard, terminal)
      printReport(report, output)
    })
  for (const option of [...trustOptions, ...credentialOptions, ...networkOptions])
    command.addOption(option)
}

function writeMended(path: string, to: string, output: Output): void {
  const { byte, bit } = mendWal(logDirectory(path).database, to)
  const verdict = `wrote ${to}, with bit ${bit} of byte ${byte} flipped back; nothing else was changed`
  output.result(verdict, [], { file: to, byte, bit })
}

async function checkServed(
  command: Command,
  options: FsckOptions,
  terminal: Terminal,
  output: Output,
): Promise<Report> {
  const url = options.log ?? command.error("error: expected --data DIR or --log URL")
  const client = await openLogClient(url, { command, terminal })
  const head = await fetchHead(client, await readTrust(command))
  remarkPinning(output, head.isPinned)
  return await checkWithProgress(sourceFromUrl(client, head), terminal)
}

async function checkData(
  path: string,
  guardFile: string | undefined,
  terminal: Terminal,
): Promise<Report> {
  const { database, search, guard } = logDirectory(path, guardFile)
  // Read first: a log that runs moves its database on before its guard.
  const guarded = guardFile === undefined ? guardIfThere(guard) : readGuardFile(guard)
  lookGuarded(database, guarded)
  return await closing(openLogReads(database), async (reads) => {
    const inGuard = guarded && (await compareGuard(reads, guarded, guard))
    const head = await reads.head()
    const report = await checkWithProgress(sourceFromReads(reads, head), terminal)
    const inCommits = await checkCommits({
      ...{ reads, head, hasher: nativeHasher },
      ...present({ guarded: guarded?.head }),
    })
    const inAttachments = await checkAttachments({ reads, size: head.size, hasher: nativeHasher })
    const { messages, findings: inMessages } = await checkStoredMessages(reads)
    const { size: searchable, learnt, findings } = await checkIndex(search, reads)
    // SQLite's own check comes last: it says nothing about what the bytes mean.
    await integrityCheck(database)
    // Entries that the log's own check has named cannot be compared with; they are named once.
    const isNamed = report.findings.length > 0
    const inSearch = findings.filter(({ where }) => !(isNamed && where === "source"))
    const inLog = [...(inGuard ?? []), ...report.findings, ...inCommits, ...inAttachments]
    const all = [...inLog, ...inMessages, ...inSearch]
    const compared = guarded?.head.size ?? notComparedText(guard)
    return { ...report, findings: all, guarded: compared, messages, searchable, learnt }
  })
}

async function compareGuard(
  reads: StoredLog,
  guarded: GuardContent,
  where: string,
): Promise<readonly GuardFinding[]> {
  try {
    const reason = await unlikeGuard(reads, guarded)
    return reason === undefined ? [] : [{ what: "guard", where, reason }]
  } catch (error) {
    // Entries and tiles that do not fit are named where the log is recomputed.
    if (!(error instanceof Trouble && error.code === "damaged")) throw error
    return [{ what: "guard", where, reason: `cannot be compared: ${error.message}` }]
  }
}

/** An index that is not there is not wrong: the log makes it. */
async function checkIndex(
  path: string,
  reads: StoredLog,
): Promise<SearchReport & { readonly learnt: number }> {
  if (!existsSync(path)) return { size: 0, learnt: 0, findings: [] }
  try {
    return await closing(openSearchReads(path, reads.identity), async (index) => {
      // The log's size is read after what the index has, which may be growing.
      const size = async () => (await reads.head()).size
      const given = { source: termSource(reads), hasher: nativeHasher }
      const report = await checkSearch({ ...given, reads: index, size })
      const { attachedUpTo: learnt } = await index.progress()
      if (report.findings.length > 0) return { ...report, learnt }
      const asked = { ...given, ...messageSource(reads), index, size: report.size }
      const found = await checkLearning(asked)
      const findings = found.map((each) => ({ what: "search", ...each }) as const)
      return { ...report, learnt, findings }
    })
  } catch (error) {
    if (!(error instanceof Trouble && error.code === "damaged")) throw error
    const finding = { what: "search", where: path, reason: error.message } as const
    return { size: 0, learnt: 0, findings: [finding] }
  }
}

function checkWithProgress(source: FsckSource, terminal: Terminal): Promise<FsckReport> {
  return withProgress(terminal, "fsck", source.head.size, (onProgress) =>
    checkLog({ source, hasher: nativeHasher, onProgress }),
  )
}

/** What the search index does not have yet was not compared with it. */
function wholeText({
  size,
  guarded,
  searchable = size,
  messages = 0,
  learnt = messages,
}: Report): string {
  const behind = [
    ...(searchable < size ? [`${size - searchable} of ${size} entries`] : []),
    ...(learnt < messages ? [`${messages - learnt} of ${messages} messages`] : []),
  ]
  const index =
    behind.length === 0
      ? ""
      : `; its search index is behind, ${behind.join(" and ")} were not compared`
  // What is missing at the end shows in the guard alone.
  return `the log is whole${typeof guarded === "string" ? ` up to size ${size}; ${guarded}` : ""}${index}`
}

function printReport(report: Report, output: Output): void {
  const { findings, size, guarded, entries, tiles, messages, searchable } = report
  for (const { what, where, reason } of findings) {
    output.result(`${what} ${where}: ${reason}`, [], { finding: { what, where, reason } })
  }
  const verdict = findings.length === 0 ? wholeText(report) : `${findings.length} findings`
  const fields = [
    ["size", size],
    ...(guarded === undefined
      ? []
      : [["head guard", typeof guarded === "string" ? "not compared" : guarded] as const]),
    ["entries recomputed", entries],
    ["tiles compared", tiles],
    ...(messages === undefined ? [] : [["messages hashed again", messages] as const]),
    ...(searchable === undefined ? [] : [["entries in the search index", searchable] as const]),
  ] as const
  const counts = {
    size,
    guarded: typeof guarded === "string" ? null : guarded,
    entries,
    tiles,
    messages,
    searchable,
    findings: findings.length,
  }
  output.result(verdict, fields, counts)
  if (findings.length > 0) {
    throw new Falsehood(new Refusal("mismatch", "the log is not what its entries give"))
  }
}
