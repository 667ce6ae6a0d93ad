// `countersign keys`: prints the log's public keys in the forms that verifiers are configured with.
import { type Command, Option } from "commander"
import { bug } from "../../core/base/errors.ts"
import { formatPem } from "../../core/base/pem.ts"
import type { LogPublicKeys } from "../../crypto/signers/log-signer.ts"
import { formatTrustedRoot } from "../../sigstore/trusted-root.ts"
import { openLogReads } from "../../storage/log-engine.ts"
import { keyOptions, readPassphrase } from "../command/key-files.ts"
import { addOptions, dataOption, passphraseOption } from "../command/options.ts"
import type { Terminal } from "../command/terminal.ts"
import { assertLog, dataDirectory, type KeyPlaces, readLogPublicKeys } from "./data-directory.ts"
import { signerOption } from "./signing/signer-uri.ts"

type PublicKeys = Omit<LogPublicKeys, "keyFingerprints">

type KeyFormat = "vkey" | "policy" | "pem" | "trusted-root"

interface KeysOptions extends KeyPlaces {
  readonly data: string
  readonly format: KeyFormat
  readonly url?: string
  readonly passphraseFile?: string
}

export function keysCommand(command: Command, terminal: Terminal): void {
  addOptions(command, [
    dataOption("log"),
    new Option("--format <form>", "how to print them")
      .choices(["vkey", "policy", "pem", "trusted-root"])
      .default("vkey"),
    new Option(
      "--url <url>",
      "the URL at which the log is reached, for a trusted root or a policy",
    ),
    passphraseOption(),
    ...keyOptions,
    signerOption(),
  ])
    .addHelpText(
      "after",
      `
Example:
  countersign keys --data ./data --format policy > log.policy
  countersign keys --data ./data --format trusted-root --url https://log.example.com`,
    )
    .action(async (options: KeysOptions) => {
      const directory = assertLog(dataDirectory(options.data, undefined, options))
      const reads = openLogReads(directory.database)
      const passphrase = readPassphrase(options.passphraseFile)
      const keys = await readLogPublicKeys(directory, reads.identity, passphrase)
      await reads.close()
      terminal.stdout.write(printed(keys, options, reads.identity.created))
    })
}

/**
 * A line for each key under which anyone verifies heads or promises of the log: what is signed under a key that a
 * monitor does not know convicts nobody. The Ed25519 key comes first; it is the one that every C2SP client knows.
 */
function logLines({ vkeys }: PublicKeys, url: string | undefined): string {
  const [ecdsa, ed25519] = vkeys
  const ordered = [ed25519 ?? bug("the log has no Ed25519 key"), ecdsa]
  const words = (vkey: string | undefined, i: number) =>
    i > 0 || url === undefined ? `log ${vkey}\n` : `log ${vkey} ${url}\n`
  return ordered.map(words).join("")
}

function printed(keys: PublicKeys, options: KeysOptions, created: number): string {
  const baseUrl = options.url ?? `https://${keys.origin}`
  switch (options.format) {
    case "vkey":
      return keys.vkeys.map((vkey) => `${vkey}\n`).join("")
    case "policy":
      return `${logLines(keys, options.url)}quorum none\n`
    case "pem":
      return formatPem({ label: "PUBLIC KEY", der: keys.ecdsaSpki })
    case "trusted-root":
      return formatTrustedRoot([{ baseUrl, spki: keys.ecdsaSpki, validFrom: new Date(created) }])
  }
}
