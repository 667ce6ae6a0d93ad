// `countersign submit`: logs what is signed already, verifies the receipts and writes a bundle for each. What is logged
// is decided from the flags before any file is read. With --key it signs first, as `countersign sign` does.
import { credentialOptions, logOption } from "../command/log-options.ts"
import { networkOptions } from "../command/network.ts"
import {
  type Called,
  defineCommand,
  jsonOption,
  optional,
  type ValuesOf,
} from "../command/options.ts"
import { trustOptions } from "../command/trust-options.ts"
import { openPrivateKey, passphraseOption } from "./keys/open-private-key.ts"
import { jobsOf, namedFile, placeOptions } from "./places.ts"
import { detachedRequest, envelopeRequest } from "./requests.ts"
import { type Signing, submitAll } from "./sending.ts"
import { asSubmitted } from "./signed.ts"
import { hashedrekordRequest } from "./signed-digest.ts"

const submitOptions = [
  logOption(),
  optional("--artifact <file...>", "the file that was signed, or with --key one to sign"),
  optional("--signature <file>", "signature over the artifact, DER or base64"),
  optional("--public-key <file>", "public key or certificate that verifies the signature"),
  optional("--envelope <file>", "signed DSSE envelope instead of an artifact"),
  optional(
    "--key <file>",
    "private key to sign the artifacts with: countersign sign is its name now",
  ),
  passphraseOption(),
  ...placeOptions,
  optional("--witnessed", "wait until witnesses have cosigned (default with a policy's quorum)"),
  jsonOption(),
  ...trustOptions,
  ...credentialOptions,
  ...networkOptions,
] as const

type SubmitOptions = ValuesOf<typeof submitOptions>

const USAGE =
  "error: give --artifact with --key, or --artifact with --signature and --public-key, or --envelope with --public-key"

/** What the flags mean, opening what is needed only once; a usage error if they mean none or several. */
function requestsFor(
  artifacts: readonly string[],
  options: SubmitOptions,
  called: Called,
): () => Promise<Signing> {
  const { key = "", signature = "", publicKey = "" } = options
  const inputs = ["artifact", "key", "signature", "publicKey", "envelope"] as const
  switch (inputs.filter((name) => options[name] !== undefined).join()) {
    case "artifact,key":
      return async () => {
        const { verifier, signFile } = await openPrivateKey(key, options, called)
        return async (path) => asSubmitted(hashedrekordRequest(verifier, await signFile(path)))
      }
    case "artifact,signature,publicKey":
      if (artifacts.length > 1) called.command.error("error: one signature is over one artifact")
      return async () => async (path) =>
        asSubmitted(await detachedRequest(path, signature, publicKey))
    case "publicKey,envelope":
      return async () => async (path) => asSubmitted(await envelopeRequest(path, publicKey))
    default:
      return called.command.error(USAGE)
  }
}

export const submitCommand = defineCommand({
  options: submitOptions,
  help: `
Examples:
  countersign submit --log https://log.example.com --artifact app.tar.gz \\
    --signature app.sig --public-key signer.pub --bundle app.sigstore.json
  countersign submit --log https://log.example.com --envelope att.json --public-key signer.pub

Folders for bundles are made, and looked at, before anything is sent. A bundle is written only if
the receipt holds. One that is there is kept if it holds for the same thing, key and log, so that
the same command may be run again; any other is overwritten only with --force. The same signature
is one entry, however often it is submitted. If no answer comes, the same is sent again, and then
the log is asked for the entry. Exits with 1 if an artifact was not logged, or was not witnessed in
time with --witnessed, with 3 if a receipt is false.`,
  async run(options, called) {
    const { command } = called
    const { artifact, envelope = "" } = options
    const artifacts = artifact ?? [envelope]
    const open = requestsFor(artifacts, options, called)
    const jobs = jobsOf(artifacts.map(namedFile), options, command)
    await submitAll(called, jobs, open, options)
  },
})
