// `countersign witness init` makes a new witness, never done implicitly; `countersign witness vkeys` prints the
// keys of one, for the policies of those who rely on it.
import { parseNewName } from "../../core/note/origin.ts"
import { ed25519KeyOption, readNewPassphrase, readPassphrase } from "../command/key-files.ts"
import {
  dataOption,
  defineCommand,
  mandatory,
  optional,
  passphraseOption,
} from "../command/options.ts"
import {
  createWitnessFiles,
  guardOption,
  openWitnessKeys,
  readWitness,
  witnessDirectory,
} from "./directory.ts"

const urlOption = optional(
  "--url <url>",
  "the URL at which logs reach the witness, for the policy line",
)

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

export const witnessInitCommand = defineCommand({
  options: [
    mandatory("--data <dir>", "directory for the witness's data"),
    mandatory("--name <name>", "the name of its keys, for example witness.example.com"),
    optional(
      "--force-name",
      "take a name that is no host name, which others may not be able to write",
    ),
    optional("--ml-dsa", "also make an ML-DSA-44 key, which withstands quantum computers"),
    guardOption,
    ed25519KeyOption,
    urlOption,
    optional("--passphrase-file <file>", "encrypt the key files with the first line of this file"),
  ],
  help: `
Example:
  countersign witness init --data /var/lib/witness --name witness.example.com \\
    --guard /srv/guard/witness.example.com --url https://witness.example.com

Never restore the data or the guard from an older copy: a witness that has lost them is made anew,
with new keys. Keep the guard on another disk or host than the data.`,
  async run(
    { data, name, forceName = false, mlDsa = false, guard, url, passphraseFile, ed25519Key },
    { terminal },
  ) {
    const directory = witnessDirectory(data, guard, ed25519Key)
    const vkeys = await createWitnessFiles(directory, {
      name: parseNewName(name, "name", forceName ? undefined : "--force-name"),
      mlDsa,
      passphrase: readNewPassphrase(passphraseFile),
      time: Date.now(),
    })
    terminal.stdout.write(`made the witness ${name} in ${directory.path}\n`)
    terminal.stdout.write(`guard: ${directory.guard}\n${keyLines(vkeys, url)}`)
  },
})

export const witnessVkeysCommand = defineCommand({
  options: [dataOption("witness"), urlOption, passphraseOption(), ed25519KeyOption],
  help: `
Example:
  countersign witness vkeys --data /var/lib/witness --url https://witness.example.com`,
  async run({ data, url, passphraseFile, ed25519Key }, { terminal }) {
    const directory = witnessDirectory(data, undefined, ed25519Key)
    const identity = await readWitness(directory, async (reads) => reads.identity)
    const passphrase = readPassphrase(passphraseFile)
    const keys = await openWitnessKeys(directory, identity, passphrase)
    await keys.close()
    terminal.stdout.write(keyLines(keys.vkeys, url))
  },
})
