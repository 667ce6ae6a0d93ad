// `countersign init`: makes a new log. Never done implicitly, except by `serve --dev`.
import type { Command } from "commander"
import { keyOptions, readNewPassphrase } from "../command/key-files.ts"
import type { Terminal } from "../command/terminal.ts"
import { createLogFiles, dataDirectory, type KeyPlaces, newOrigin } from "./data-directory.ts"
import { signerOption } from "./signing/signer-uri.ts"

interface InitOptions extends KeyPlaces {
  readonly data: string
  readonly origin: string
  readonly forceOrigin?: boolean
  readonly guard?: string
  readonly passphraseFile?: string
}

export function initCommand(command: Command, terminal: Terminal): void {
  command
    .requiredOption("--data <dir>", "directory for the log's data")
    .requiredOption("--origin <name>", "the log's name: the host name under which it is reached")
    .option("--force-origin", "take a name that is no host name, which clients may refuse")
    .option("--guard <file>", "where the head guard is kept (default: DIR/guard/head)")
    .option("--passphrase-file <file>", "encrypt the key files with the first line of this file")
    .addOption(keyOptions[0])
    .addOption(keyOptions[1])
    .addOption(signerOption())
    .addHelpText(
      "after",
      `
Examples:
  countersign init --data /var/lib/countersign --origin log.example.com \\
    --guard /srv/guard/log.example.com
  countersign init --data /var/lib/countersign --origin log.example.com \\
    --guard /srv/guard/log.example.com --signer unix:/run/countersign-signer/log.sock
  countersign init --data /var/lib/countersign --origin log.example.com \\
    --ecdsa-key ssh-agent:#SHA256:FINGERPRINT --ed25519-key ssh-agent:#SHA256:FINGERPRINT

Keys are made in DIR/keys, unless an option says where they are.

The guard is never part of a backup; keep it on another disk or host than the data.`,
    )
    .action(async (options: InitOptions) => {
      const directory = dataDirectory(options.data, options.guard, options)
      const keys = await createLogFiles(directory, {
        origin: newOrigin(options.origin, options.forceOrigin),
        passphrase: readNewPassphrase(options.passphraseFile),
        time: Date.now(),
      })
      terminal.stdout.write(`made the log ${keys.origin} in ${directory.path}\n`)
      terminal.stdout.write(`head guard: ${directory.guard}\n`)
      for (const vkey of keys.vkeys) terminal.stdout.write(`verifier key: ${vkey}\n`)
    })
}
