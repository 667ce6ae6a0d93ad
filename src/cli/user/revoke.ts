// `countersign revoke`: logs that a key is revoked, signed by that key itself. Monitors take no entry of it
// for good that comes later in the log.
import { type Command, Option } from "commander"
import { digestOf } from "../../core/base/digest.ts"
import { revocationText } from "../../entry/revocation.ts"
import { sha256Text } from "../../entry/search-terms.ts"
import { logOption, openLog } from "../command/log-options.ts"
import { addOptions, jsonOption } from "../command/options.ts"
import { createProgress } from "../command/progress.ts"
import type { Terminal } from "../command/terminal.ts"
import { needsWitnesses, trustOptions } from "../command/trust-options.ts"
import { createReceiptKeeper } from "./receipt-keeping.ts"
import { openPrivateKey, signedTextRequest } from "./submission-request.ts"

interface RevokeOptions {
  readonly log: string
  readonly key: string
  readonly passphraseFile?: string
  readonly bundle?: string
  readonly yes?: boolean
}

async function revoke(options: RevokeOptions, command: Command, terminal: Terminal): Promise<void> {
  const key = await openPrivateKey(options.key, options.passphraseFile)
  const fingerprint = sha256Text(digestOf("sha256", key.verifier.spki))
  if (options.yes !== true) {
    command.error(
      `error: this revokes the key ${fingerprint} in ${options.log} for good; add --yes to do it`,
    )
  }
  const named = await openLog(command, terminal)
  // Who verifies with a quorum can only use what witnesses have cosigned.
  const isWitnessed = needsWitnesses(named.trust)
  const { stderr: stream, now } = terminal
  const progress = createProgress({ stream, now, what: "revoke", total: 1 })
  const keeper = createReceiptKeeper({ ...named, isWitnessed, terminal, progress })
  const request = signedTextRequest(revocationText(fingerprint), key)
  const job = {
    artifact: `revocation of ${fingerprint}`,
    bundlePath: options.bundle ?? `${options.key}.revocation.sigstore.json`,
  }
  const waiting = isWitnessed ? { witnessed: true } : {}
  await keeper.keep(job, request, { receipt: await named.log.submit(request, waiting) })
}

export function revokeCommand(command: Command, terminal: Terminal): void {
  addOptions(command, [
    logOption(),
    new Option("--key <file>", "PEM private key that is to be revoked").makeOptionMandatory(),
    new Option("--passphrase-file <file>", "first line: the passphrase of the private key"),
    new Option("--bundle <file>", "where the bundle goes (default: KEY.revocation.sigstore.json)"),
    new Option("--yes", "really revoke it: this cannot be undone"),
    jsonOption(),
    ...trustOptions,
  ])
    .addHelpText(
      "after",
      `
The entry is a signature over "countersign-revocation/v1" and the key's fingerprint, so anyone who
has the key can recognise it. Monitors report every later entry by the key; what counts is the order
of entries, not time.

Example:
  countersign revoke --log https://log.example.com --key stolen.pem --yes`,
    )
    .action((options: RevokeOptions) => revoke(options, command, terminal))
}
