// `countersign witness init` makes a new witness, never done implicitly; `countersign witness vkeys` prints the
// keys of one, for the policies of those who rely on it.
import type { Command } from "commander"
import { parseOrigin } from "../../core/note/origin.ts"
import { readPassphrase } from "../command/key-files.ts"
import { dataOption, passphraseOption } from "../command/options.ts"
import type { Terminal } from "../command/terminal.ts"
import { createWitnessFiles, openWitnessKeys, witnessDirectory } from "./directory.ts"
import { readWitness } from "./reads.ts"

interface InitOptions {
  readonly data: string
  readonly name: string
  readonly mlDsa?: boolean
  readonly guard?: string
  readonly url?: string
  readonly passphraseFile?: string
}

interface VkeysOptions {
  readonly data: string
  readonly url?: string
  readonly passphraseFile?: string
}

/** The keys, and for each the line that names the witness in a policy (C2SP tlog-policy). */
function keyLines(vkeys: readonly string[], url: string | undefined): string {
  const address = url === undefined ? "" : ` ${url}`
  return [
    ...vkeys.map((vkey) => `verifier key: ${vkey}\n`),
    ...vkeys.map((vkey, i) => {
      const label = vkey.slice(0, vkey.indexOf("+")) + (i === 0 ? "" : "/ml-dsa-44")
      return `policy line: witness ${label} ${vkey}${address}\n`
    }),
  ].join("")
}

export function witnessInitCommand(command: Command, terminal: Terminal): void {
  command
    .requiredOption("--data <dir>", "directory for the witness's data")
    .requiredOption("--name <name>", "the name of its keys, for example witness.example.com")
    .option("--ml-dsa", "also make an ML-DSA-44 key, which withstands quantum computers")
    .option("--guard <file>", "where the guard is kept (default: DIR/guard/state)")
    .option("--url <url>", "the URL at which logs reach the witness, for the policy line")
    .option("--passphrase-file <file>", "encrypt the key files with the first line of this file")
    .addHelpText(
      "after",
      `
Example:
  countersign witness init --data /var/lib/witness --name witness.example.com \\
    --guard /srv/guard/witness.example.com --url https://witness.example.com

Never restore the data or the guard from an older copy: a witness that has lost them is made anew,
with new keys. Keep the guard on another disk or host than the data.`,
    )
    .action(async (options: InitOptions) => {
      const directory = witnessDirectory(options.data, options.guard)
      const vkeys = await createWitnessFiles(directory, {
        name: parseOrigin(options.name),
        mlDsa: options.mlDsa ?? false,
        passphrase: await readPassphrase(options.passphraseFile),
        time: Date.now(),
      })
      terminal.stdout.write(`made the witness ${options.name} in ${directory.path}\n`)
      terminal.stdout.write(`guard: ${directory.guard}\n${keyLines(vkeys, options.url)}`)
    })
}

export function witnessVkeysCommand(command: Command, terminal: Terminal): void {
  command
    .addOption(dataOption("witness"))
    .option("--url <url>", "the URL at which logs reach the witness, for the policy line")
    .addOption(passphraseOption())
    .addHelpText(
      "after",
      `
Example:
  countersign witness vkeys --data /var/lib/witness --url https://witness.example.com`,
    )
    .action(async ({ data, url, passphraseFile }: VkeysOptions) => {
      const directory = witnessDirectory(data)
      const identity = await readWitness(directory, async (reads) => reads.identity)
      const passphrase = await readPassphrase(passphraseFile)
      const keys = await openWitnessKeys(directory, identity, passphrase)
      await keys.close()
      terminal.stdout.write(keyLines(keys.vkeys, url))
    })
}
