// `countersign revoke`: logs that a key is revoked, signed by that key itself. Monitors take no entry of it
// for good that comes later in the log.
import { utf8 } from "../../core/base/bytes.ts"
import { digestOf } from "../../core/base/digest.ts"
import { revocationText } from "../../entry/revocation.ts"
import { sha256Text } from "../../entry/search-terms.ts"
import { credentialOptions, logOption } from "../command/log-options.ts"
import { networkOptions } from "../command/network.ts"
import { defineCommand, jsonOption, mandatory, optional } from "../command/options.ts"
import { trustOptions } from "../command/trust-options.ts"
import { openPrivateKey, passphraseOption } from "./keys/open-private-key.ts"
import { assertApart } from "./places.ts"
import { submitAll } from "./sending.ts"
import { asSubmitted } from "./signed.ts"
import { hashedrekordRequest } from "./signed-digest.ts"

export const revokeCommand = defineCommand({
  options: [
    logOption(),
    mandatory("--key <file>", "private key that is to be revoked"),
    passphraseOption(),
    optional("--bundle <file>", "where the bundle goes (default: KEY.revocation.sigstore.json)"),
    optional("--force", "overwrite a bundle that is there already"),
    optional("--yes", "really revoke it: this cannot be undone"),
    jsonOption(),
    ...trustOptions,
    ...credentialOptions,
    ...networkOptions,
  ],
  help: `
The entry is a signature over "countersign-revocation/v1" and the key's fingerprint, so anyone who
has the key can recognise it. Monitors report every later entry by the key; what counts is the order
of entries, not time.

Example:
  countersign revoke --log https://log.example.com --key stolen.pem --yes`,
  async run(options, called) {
    const { log: url, key: file, bundle, yes } = options
    const { verifier, signBytes } = await openPrivateKey(file, options, called)
    const fingerprint = sha256Text(digestOf("sha256", verifier.spki))
    if (yes !== true) {
      called.command.error(
        `error: this revokes the key ${fingerprint} in ${url} for good; add --yes to do it`,
      )
    }
    const request = hashedrekordRequest(verifier, signBytes(utf8(revocationText(fingerprint))))
    const job = {
      artifact: `revocation of ${fingerprint}`,
      bundlePath: bundle ?? `${file}.revocation.sigstore.json`,
    }
    assertApart([job.bundlePath], called.command)
    await submitAll(called, [job], async () => async () => asSubmitted(request), options)
  },
})
