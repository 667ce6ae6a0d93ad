// `countersign redact`: takes away what a stopped log keeps beside an entry: the attestation that came with it and
// the message that was attached to it. The entry, the tree and every proof stay; that something was taken away,
// and when, stays to be seen.
import type { Command } from "commander"
import { unlessRefused } from "../../core/base/errors.ts"
import { readSummary } from "../../entry/kinds/summary.ts"
import type { LogReads } from "../../log/ports/store.ts"
import { lockDataDirectory } from "../../storage/disk/process-lock.ts"
import { auditFile, recordedly } from "../../storage/files/audit-file.ts"
import { assertSettled, openLogStore, redactEntry } from "../../storage/log-engine.ts"
import { closing } from "../command/closers.ts"
import { dataOption, decimalArgument } from "../command/options.ts"
import type { Terminal } from "../command/terminal.ts"
import { assertLog, dataDirectory } from "./data-directory.ts"

interface RedactOptions {
  readonly data: string
  readonly index: number
}

export function redactCommand(command: Command, terminal: Terminal): void {
  command
    .addOption(dataOption("log"))
    .requiredOption("--index <n>", "the entry's place, counted from 0", decimalArgument)
    .addHelpText(
      "after",
      `
The entry stays in the tree, with its body, its proofs and the terms that came with it. Only the
attestation is deleted, and the message that was attached to the entry; earlier backups still have
them. The log remembers the digest and never takes such a message again. One message serves all
entries with the same digest, so it is gone for them too: they count as opaque from then on.

Example:
  countersign redact --data /var/lib/countersign --index 42`,
    )
    .action(async ({ data, index }: RedactOptions) => {
      const { path, database } = assertLog(dataDirectory(data))
      const lock = lockDataDirectory(path)
      try {
        assertSettled(database)
        const digest = await closing(openLogStore(database), (store) => digestIn(store, index))
        const about = { index, ...(digest !== undefined && { digest }) }
        await recordedly(auditFile(path), { event: "redacted", about }, () =>
          redactEntry(database, { index, digest }, Date.now()),
        )
      } finally {
        lock.release()
      }
      terminal.stdout.write(`the attestation and the message of entry ${index} are gone\n`)
    })
}

/** The digest that messages of an entry have; undefined for a body that has none, or beyond the tree. */
async function digestIn(store: LogReads, index: number): Promise<string | undefined> {
  const [body] = await store.bodies(index, index + 1)
  const summary = body && unlessRefused(() => readSummary(body))
  return summary?.digest ?? summary?.payload
}
