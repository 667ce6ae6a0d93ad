// `countersign redact`: takes an attestation away that a stopped log keeps beside an entry. The entry, the
// tree and every proof stay; that it was taken away, and when, stays to be seen.
import type { Command } from "commander"
import { lockDataDirectory } from "../../storage/disk/process-lock.ts"
import { redactAttachment } from "../../storage/log-engine.ts"
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
The entry stays in the tree, with its body, its proofs and the terms that it is found by. Only the
attestation is deleted; earlier backups still have it.

Example:
  countersign redact --data /var/lib/countersign --index 42`,
    )
    .action(({ data, index }: RedactOptions) => {
      const { path, database } = assertLog(dataDirectory(data))
      const lock = lockDataDirectory(path)
      try {
        redactAttachment(database, index, Date.now())
      } finally {
        lock.release()
      }
      terminal.stdout.write(`the attestation of entry ${index} is gone\n`)
    })
}
