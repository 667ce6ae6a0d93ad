// `countersign redact`: takes an attestation away that a stopped log keeps beside an entry. The entry, the
// tree and every proof stay; that it was taken away, and when, stays to be seen.

import { existsSync } from "node:fs"
import { Command } from "commander"
import { refuse } from "../../core/base/errors.ts"
import { lockDataDirectory } from "../../storage/disk/process-lock.ts"
import { redactAttachment } from "../../storage/log-engine.ts"
import { decimalArgument } from "../command/log-options.ts"
import type { Terminal } from "../command/terminal.ts"
import { dataDirectory } from "./data-directory.ts"

interface RedactOptions {
  readonly data: string
  readonly index: number
}

export function redactCommand(terminal: Terminal): Command {
  return new Command("redact")
    .description("delete the attestation that a stopped log keeps with an entry")
    .requiredOption("--data <dir>", "the log's data directory")
    .requiredOption("--index <n>", "the entry's place, counted from 0", decimalArgument)
    .addHelpText(
      "after",
      `
The entry stays in the tree: its body, its proofs and what it is found by. Only the attestation
goes; backups that were made before still have it.

Example:
  countersign redact --data /var/lib/countersign --index 42`,
    )
    .action(({ data, index }: RedactOptions) => {
      const { path, database } = dataDirectory(data)
      if (!existsSync(database)) refuse("not-found", `expected a log, found no ${database}`)
      const lock = lockDataDirectory(path)
      try {
        redactAttachment(database, index, Date.now())
      } finally {
        lock.release()
      }
      terminal.stdout.write(`the attestation of entry ${index} is gone\n`)
    })
}
