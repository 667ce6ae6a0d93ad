// `countersign backup`: a consistent copy of the database of a running or stopped log, checked by
// recomputing it. Keys and head guard are left out on purpose.

import { existsSync } from "node:fs"
import type { Command } from "commander"
import { Refusal, refuse } from "../../core/base/errors.ts"
import { nativeHasher } from "../../crypto/tree-hasher.ts"
import { checkLog } from "../../log/fsck.ts"
import { readGuardFile } from "../../storage/files/guard-file.ts"
import { backupLog, openLogReads } from "../../storage/log-engine.ts"
import { closing } from "../command/closers.ts"
import { Falsehood } from "../command/exit-code.ts"
import type { Terminal } from "../command/terminal.ts"
import { logDirectory } from "./data-directory.ts"
import { checkStoredMessages, sourceFromReads } from "./fsck-source.ts"
import { guardIfThere, lookGuarded, notComparedText, unlikeGuard } from "./standing.ts"

interface BackupOptions {
  readonly data: string
  readonly out: string
  readonly guard?: string
  readonly behindGuard?: true
}

export function backupCommand(command: Command, terminal: Terminal): void {
  command
    .requiredOption("--data <dir>", "the log's data directory")
    .requiredOption("--out <file>", "the copy to make; must not exist")
    .option(
      "--guard <file>",
      "the log's head guard, which is compared (default: DIR/guard/head, if it is there)",
    )
    .option("--behind-guard", "copy also a log that lacks what its head guard says was signed")
    .addHelpText(
      "after",
      `
A copy of a log that lacks entries which were signed is no backup of it, and is refused. Without a
guard that cannot be told, and is said.

Example:
  countersign backup --data /var/lib/countersign --out /backup/log-$(date +%F).db

The copy holds neither the keys nor the head guard. A log that is started on an old copy refuses to
run as long as the guard is newer: that is what keeps it from forking.`,
    )
    .action(async (options: BackupOptions) => {
      const { database, guard } = logDirectory(options.data, options.guard)
      if (existsSync(options.out)) refuse("conflict", `${options.out} is there already`)
      // Read first: a log that runs moves its database on before its guard.
      const guarded = options.guard === undefined ? guardIfThere(guard) : readGuardFile(guard)
      lookGuarded(database, guarded)
      const unlike =
        guarded && (await closing(openLogReads(database), (reads) => unlikeGuard(reads, guarded)))
      if (unlike !== undefined && options.behindGuard !== true) {
        refuse(
          "conflict",
          `${database}: ${unlike}. Nothing was copied; --behind-guard copies it as it is`,
        )
      }
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
      const remark = guarded === undefined ? notComparedText(guard) : unlike
      terminal.stdout.write(
        `copied ${report.entries} entries to ${options.out}${remark === undefined ? "" : `; ${remark}`}\n`,
      )
    })
}
