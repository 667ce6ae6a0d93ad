// `countersign backup`: a consistent copy of the database of a running or stopped log, checked by
// recomputing it. Keys and head guard are left out on purpose.

import { existsSync } from "node:fs"
import type { Command } from "commander"
import { Refusal, refuse } from "../../core/base/errors.ts"
import { nativeHasher } from "../../crypto/tree-hasher.ts"
import { checkLog } from "../../log/fsck.ts"
import { backupLog, openLogReads } from "../../storage/log-engine.ts"
import { closing } from "../command/closers.ts"
import { Falsehood } from "../command/exit-code.ts"
import type { Terminal } from "../command/terminal.ts"
import { logDirectory } from "./data-directory.ts"
import { sourceFromReads } from "./fsck-source.ts"
import { checkStoredMessages } from "./message-check.ts"

interface BackupOptions {
  readonly data: string
  readonly out: string
}

export function backupCommand(command: Command, terminal: Terminal): void {
  command
    .requiredOption("--data <dir>", "the log's data directory")
    .requiredOption("--out <file>", "the copy to make; must not exist")
    .addHelpText(
      "after",
      `
Example:
  countersign backup --data /var/lib/countersign --out /backup/log-$(date +%F).db

The copy holds neither the keys nor the head guard. A log that is started on an old copy refuses to
run as long as the guard is newer: that is what keeps it from forking.`,
    )
    .action(async (options: BackupOptions) => {
      const { database } = logDirectory(options.data)
      if (existsSync(options.out)) refuse("conflict", `${options.out} is there already`)
      await backupLog(database, options.out)
      const report = await closing(openLogReads(options.out), async (reads) => {
        const source = sourceFromReads(reads, await reads.head())
        const entries = await checkLog({ source, hasher: nativeHasher })
        const { findings } = await checkStoredMessages(reads)
        return { ...entries, findings: [...entries.findings, ...findings] }
      })
      const [finding] = report.findings
      if (finding !== undefined) {
        const { what, where, reason } = finding
        throw new Falsehood(new Refusal("mismatch", `the copy: ${what} ${where} ${reason}`))
      }
      terminal.stdout.write(`copied ${report.entries} entries to ${options.out}\n`)
    })
}
