// `countersign encrypt-keys`: writes the key files of a log, a witness, a signer or a monitor anew, under a new passphrase,
// under the old one with today's cost of guessing it, or without one.
import { existsSync } from "node:fs"
import { basename, join } from "node:path"
import { refuse } from "../../core/base/errors.ts"
import { auditFile, recordAct } from "../../storage/files/audit-file.ts"
import { readNewPassphrase, readPassphrase } from "../command/key-files.ts"
import { defineCommand, gathered, mandatory, optional, parsed } from "../command/options.ts"
import { draftRewritten, type Rewriting } from "./rewriting.ts"

const NAMES = ["ecdsa.pem", "ed25519.pem", "ml-dsa-44.seed"]

interface Passphrases {
  readonly passphraseFile?: string
  readonly newPassphraseFile?: string
  readonly removePassphrase?: true
}

function rewritingOf(options: Passphrases): Rewriting {
  const { passphraseFile, newPassphraseFile, removePassphrase } = options
  if (removePassphrase && newPassphraseFile !== undefined) {
    refuse("malformed", "give either --new-passphrase-file or --remove-passphrase")
  }
  const before = readPassphrase(passphraseFile)
  if (removePassphrase) return { before, after: undefined }
  const after = readNewPassphrase(newPassphraseFile ?? passphraseFile)
  if (after !== undefined) return { before, after }
  const advice = "--new-passphrase-file FILE, or --passphrase-file FILE to keep the one they have"
  return refuse("malformed", `expected a passphrase to encrypt the keys with; give ${advice}`)
}

function keyFiles(data: string, others: readonly string[] = []): readonly string[] {
  const own = NAMES.map((name) => join(data, "keys", name)).filter((file) => existsSync(file))
  const files = [...own, ...others]
  if (files.length > 0) return files
  return refuse(
    "not-found",
    `expected key files in ${join(data, "keys")}, found none; name them with --key`,
  )
}

export const encryptKeysCommand = defineCommand({
  options: [
    mandatory("--data <dir>", "the data directory of a log, a witness, a signer or a monitor"),
    parsed("--key <file>", "a key file that is not in DIR/keys", gathered(String)),
    optional("--passphrase-file <file>", "first line: the passphrase that the files have"),
    optional("--new-passphrase-file <file>", "first line: the passphrase that they get"),
    optional("--remove-passphrase", "leave the files without a passphrase"),
  ],
  help: `
Examples:
  countersign encrypt-keys --data /var/lib/countersign --passphrase-file passphrase
  countersign encrypt-keys --data /var/lib/countersign --passphrase-file old \\
    --new-passphrase-file new

The keys stay the same, and what runs goes on: it has read them already. If this is stopped halfway,
every file is whole; give the same command again. Copies of the old files, in backups and in unused
blocks of the disk, still open as before: what must not be guessed from them needs new keys.`,
  async run({ data, key, ...passphrases }, { terminal }) {
    const rewriting = rewritingOf(passphrases)
    const isEncrypted = rewriting.after !== undefined
    const drafts = []
    try {
      for (const file of keyFiles(data, key)) drafts.push(draftRewritten(file, rewriting))
      for (const { file, place } of drafts) {
        const about = { file: basename(file), encrypted: isEncrypted }
        recordAct(auditFile(data), { event: "key-rewritten", about })
        place()
        terminal.stdout.write(`${file}: ${isEncrypted ? "encrypted" : "not encrypted any more"}\n`)
      }
    } finally {
      for (const { discard } of drafts) discard()
    }
  },
})
