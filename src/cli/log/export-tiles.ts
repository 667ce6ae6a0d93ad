// `countersign export-tiles`: writes a log as the static files of C2SP tlog-tiles, for any file server.

import { type Command, Option } from "commander"
import { openHead } from "../../client/trust.ts"
import { LONGEST_NOTE } from "../../core/base/limits.ts"
import { nativeHasher } from "../../crypto/tree-hasher.ts"
import type { FsckSource } from "../../log/fsck.ts"
import { openLogReads } from "../../storage/log-engine.ts"
import { provenAnswer } from "../command/exit-code.ts"
import { fetchHead } from "../command/fetched-head.ts"
import { readText } from "../command/file.ts"
import { credentialOptions, openLogClient } from "../command/log-options.ts"
import { networkOptions } from "../command/network.ts"
import { addOptions } from "../command/options.ts"
import { createOutput } from "../command/output.ts"
import { withProgress } from "../command/progress.ts"
import type { Terminal } from "../command/terminal.ts"
import { readTrust, remarkPinning, trustOptions } from "../command/trust-options.ts"
import { assertLog, dataDirectory } from "./data-directory.ts"
import { sourceFromReads, sourceFromUrl } from "./fsck-source.ts"
import { exportTiles } from "./tile-files.ts"

interface ExportOptions {
  readonly log?: string
  readonly data?: string
  readonly checkpoint?: string
  readonly out: string
}

export function exportTilesCommand(command: Command, terminal: Terminal): void {
  command
    .addOption(new Option("--log <url>", "base URL of the log").conflicts("data"))
    .option("--data <dir>", "data directory of a log that no longer runs")
    .option("--checkpoint <file>", "with --data: a checkpoint of this log to export up to")
    .requiredOption("--out <dir>", "directory for the files; may hold an earlier export")
    .addHelpText(
      "after",
      `
Example:
  countersign export-tiles --log https://log.example.com --policy log.policy --out /srv/www/log`,
    )
    .action(async (options: ExportOptions) => {
      const output = createOutput(terminal, false)
      const opened = await openSource(command, options, terminal)
      remarkPinning(output, opened.isPinned)
      const { size } = opened.source.head
      await withProgress(terminal, "export", size, (onProgress) =>
        exportTiles({ ...opened, directory: options.out, hasher: nativeHasher, onProgress }),
      )
      const fields = [["directory", options.out]] as const
      output.result(`exported ${size} entries`, fields, { size, directory: options.out })
    })
  addOptions(command, [...trustOptions, ...credentialOptions, ...networkOptions])
}

interface OpenedSource {
  readonly source: FsckSource
  readonly checkpoint: string
  readonly isPinned: boolean
}

async function openSource(
  command: Command,
  options: ExportOptions,
  terminal: Terminal,
): Promise<OpenedSource> {
  const trust = await readTrust(command)
  if (options.log !== undefined) {
    const client = await openLogClient(options.log, { command, terminal })
    const head = await fetchHead(client, trust)
    return { ...head, source: sourceFromUrl(client, head) }
  }
  if (options.data === undefined || options.checkpoint === undefined) {
    return command.error("error: expected --log URL, or --data DIR with --checkpoint FILE")
  }
  const { database } = assertLog(dataDirectory(options.data))
  const checkpoint = await readText(options.checkpoint, "checkpoint", LONGEST_NOTE)
  const head = provenAnswer(() => openHead(checkpoint, trust))
  const source = sourceFromReads(openLogReads(database), head)
  return { source, checkpoint, isPinned: head.isPinned }
}
