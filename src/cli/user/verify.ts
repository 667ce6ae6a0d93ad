// `countersign verify`: verifies a Sigstore bundle offline.
import { Command } from "commander"
import { readKeyFile } from "../../client/key-file.ts"
import { neededHashes, type VerifiedEntry, verifyBundle } from "../../client/verify.ts"
import { LONGEST_BUNDLE, LONGEST_PEM } from "../../core/base/limits.ts"
import { formatHex } from "../../core/base/text.ts"
import { parseSigstoreBundle } from "../../sigstore/bundle.ts"
import { digestFile } from "../command/artifact-digest.ts"
import { Falsehood, proven } from "../command/exit-code.ts"
import { cosignatureFields } from "../command/fetched-head.ts"
import { readBytes, readText } from "../command/file.ts"
import { jsonOption, readTrust, trustOptions } from "../command/log-options.ts"
import { createOutput, formatJson, type Output } from "../command/output.ts"
import type { Terminal } from "../command/terminal.ts"
import { headsOption } from "./heads.ts"
import { rememberCheckpoint } from "./remembered-heads.ts"

interface VerifyOptions {
  readonly bundle: string
  readonly artifact: string
  readonly key: string
  readonly subject?: readonly string[]
  readonly json?: boolean
  readonly heads?: string
}

function printVerified(output: Output, entry: VerifiedEntry): void {
  const { index, origin, size, root, leafHash, kind, algorithm, cosignatures } = entry
  output.result(
    `verified: entry ${index} of ${origin}`,
    [
      ["tree size", size],
      ["kind", kind],
      ["algorithm", algorithm],
      ["leaf hash", formatHex(leafHash)],
      ...cosignatureFields(entry),
    ],
    { verified: true, origin, index, size, root, leafHash, kind, algorithm, cosignatures },
  )
}

async function verifyFiles(options: VerifyOptions, command: Command): Promise<VerifiedEntry> {
  const trust =
    (await readTrust(command)) ?? command.error("error: give --trusted-root or --policy")
  const key = await readBytes(options.key, "key", LONGEST_PEM)
  readKeyFile(key, `key ${options.key}`)
  const bundle = await readText(options.bundle, "bundle", LONGEST_BUNDLE)
  const hashes = proven(() => neededHashes(bundle, key))
  const artifact = await digestFile(options.artifact, hashes)
  const subjects = options.subject
  const verified = proven(() =>
    verifyBundle({ bundle, artifact, key, trust, ...(subjects && { subjects }) }),
  )
  const checkpoint = parseSigstoreBundle(bundle).entries[0]?.proof?.checkpoint
  if (options.heads !== undefined && checkpoint !== undefined) {
    await rememberCheckpoint(options.heads, checkpoint, trust)
  }
  return verified
}

export function verifyCommand(terminal: Terminal): Command {
  const command = new Command("verify")
    .description("verify a bundle offline: artifact, signature, log entry, proof and checkpoint")
    .requiredOption("--bundle <file>", "the Sigstore bundle")
    .requiredOption("--artifact <file>", "what was signed, or what the attestation is about")
    .requiredOption("--key <file>", "the signer's public key or certificate, PEM or DER")
    .option("--subject <name...>", "the attestation must know the artifact by one of these names")
    .addOption(headsOption("remember the log's head in this file (see countersign heads)"))
    .addOption(jsonOption())
    .addHelpText(
      "after",
      `
Example:
  countersign verify --bundle app.tar.gz.sigstore.json --artifact app.tar.gz \\
    --key signer.pub --trusted-root trusted_root.json

Nothing is asked of any network. Exits with 3 and the reason if the bundle does not hold.`,
    )
    .action(async (options: VerifyOptions) => {
      try {
        printVerified(createOutput(terminal, options.json), await verifyFiles(options, command))
      } catch (error) {
        if (error instanceof Falsehood && options.json) {
          const { code, message } = error.cause
          terminal.stdout.write(`${formatJson({ verified: false, code, reason: message })}\n`)
        }
        throw error
      }
    })
  for (const option of trustOptions) command.addOption(option)
  return command
}
