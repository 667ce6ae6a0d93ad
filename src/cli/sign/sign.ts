// `countersign sign`: signs files, or statements about files and images, logs the signatures, verifies the receipts and
// writes a bundle for each. Every signature is deterministic, so the same command is the same entry.
import type { Command } from "commander"
import { Refusal, Trouble } from "../../core/base/errors.ts"
import { EXIT_FAILURE } from "../command/exit-code.ts"
import { credentialOptions, logOption } from "../command/log-options.ts"
import { networkOptions } from "../command/network.ts"
import {
  type Called,
  defineCommand,
  jsonOption,
  mandatory,
  optional,
  parsed,
  type ValuesOf,
} from "../command/options.ts"
import { registryOptions } from "../command/registry-options.ts"
import { trustOptions } from "../command/trust-options.ts"
import type { Images } from "./images.ts"
import { openPrivateKey, passphraseOption } from "./keys/open-private-key.ts"
import { type Job, jobsOf, namedFile, placeOptions } from "./places.ts"
import { type Signing, submitAll } from "./sending.ts"
import { asSubmitted } from "./signed.ts"
import { hashedrekordRequest } from "./signed-digest.ts"
import {
  fileSubject,
  type Predicate,
  parsePredicateType,
  parseStatementKind,
  readPredicate,
  SIGNED_PREDICATE,
  signStatement,
} from "./statements.ts"

const imageOptions = [
  optional("--image <reference...>", "the image to sign: HOST/REPOSITORY@sha256:HEX"),
  optional("--registry <url>", "where the registry of --image is, if not at https://HOST"),
  optional("--own-digest-only", "do not ask the registry; name an image by its own digest alone"),
  optional("--push", "put the bundle of an image into its registry, beside the image"),
  ...registryOptions,
] as const

const signOptions = [
  logOption(),
  optional("--artifact <file...>", "the file to sign"),
  mandatory("--key <file>", "private key: PEM, cosign.key or OpenSSH's"),
  passphraseOption(),
  optional("--statement", "sign a statement about each file, not the file itself"),
  optional("--predicate <file>", "JSON object that the statement says of its subject"),
  parsed(
    "--predicate-type <type>",
    "URI of the predicate's type, or a short name such as slsaprovenance1",
    parsePredicateType,
  ),
  parsed(
    "--entry-kind <kind>",
    "log a statement as dsse or, as cosign 3 needs it, hashedrekord (default for images)",
    parseStatementKind,
  ),
  ...imageOptions,
  ...placeOptions,
  optional("--witnessed", "wait until witnesses have cosigned (default with a policy's quorum)"),
  jsonOption(),
  ...trustOptions,
  ...credentialOptions,
  ...networkOptions,
] as const

type SignOptions = ValuesOf<typeof signOptions>

/** Usage errors for flags that mean nothing together. */
function assertMeaning(options: SignOptions, command: Command): void {
  const { artifact = [], image = [], predicate, predicateType, push, ownDigestOnly } = options
  if (artifact.length + image.length === 0) command.error("error: give --artifact or --image")
  if ((predicate === undefined) !== (predicateType === undefined)) {
    command.error("error: give --predicate and --predicate-type together")
  }
  if (image.length === 0 && (push || ownDigestOnly)) {
    command.error("error: --push and --own-digest-only belong to --image")
  }
  if (new Set(image).size !== image.length) command.error("error: an image is given twice")
}

async function predicateOf({ predicate, predicateType }: SignOptions): Promise<Predicate> {
  if (predicate === undefined || predicateType === undefined) return SIGNED_PREDICATE
  return await readPredicate(predicate, predicateType)
}

/** Whether a statement is signed: about every image, and about files where flags ask for one. */
function isStatement(artifact: string, { image = [], statement, predicate }: SignOptions): boolean {
  return statement === true || predicate !== undefined || image.includes(artifact)
}

function signingOf(
  options: SignOptions,
  called: Called,
  predicate: Predicate,
  images: Images,
): () => Promise<Signing> {
  return async () => {
    const key = await openPrivateKey(options.key, options, called)
    return async (artifact) => {
      if (!isStatement(artifact, options)) {
        return asSubmitted(hashedrekordRequest(key.verifier, await key.signFile(artifact)))
      }
      const isImage = options.image?.includes(artifact) === true
      const subject = await (isImage ? images.subject(artifact) : fileSubject(artifact))
      const kind = options.entryKind ?? (isImage ? "hashedrekord" : "dsse")
      return signStatement(key, subject, predicate, kind)
    }
  }
}

/** Puts bundles beside their images; what goes wrong with one is no reason to leave out the others. */
async function push(
  jobs: readonly Job[],
  { type }: Predicate,
  images: Images,
  { output, terminal }: Called,
): Promise<void> {
  const annotations = {
    "dev.sigstore.bundle.content": "dsse-envelope",
    "dev.sigstore.bundle.predicateType": type,
  }
  for (const { artifact, bundlePath } of jobs) {
    try {
      await images.push(artifact, bundlePath, annotations)
      output.remark(`${artifact}: its bundle is in the registry`)
    } catch (error) {
      if (!(error instanceof Refusal || error instanceof Trouble)) throw error
      output.remark(`${artifact}: its bundle is not in the registry: ${error.message}`)
      terminal.fail(EXIT_FAILURE)
    }
  }
}

async function sign(options: SignOptions, called: Called): Promise<void> {
  assertMeaning(options, called.command)
  const { artifact = [], image = [] } = options
  // Whoever asks for help, or has mistyped an option, waits for none of this.
  const { createImages, namedImage } = await import("./images.ts")
  const named = [...artifact.map(namedFile), ...image.map(namedImage)]
  const jobs = jobsOf(named, options, called.command)
  const predicate = await predicateOf(options)
  const images = createImages(options, called.terminal)
  const open = signingOf(options, called, predicate, images)
  const done = await submitAll(called, jobs, open, options)
  const statements = done.filter((job) => isStatement(job.artifact, options))
  if (statements.length > 0) {
    const { attachStatements } = await import("./attaching.ts")
    await attachStatements(statements, called)
  }
  if (options.push !== true) return
  const pushed = statements.filter((job) => image.includes(job.artifact))
  await push(pushed, predicate, images, called)
}

export const signCommand = defineCommand({
  options: signOptions,
  help: `
Examples:
  countersign sign --log https://log.example.com --artifact app.tar.gz --key cosign.key
  countersign sign --log https://log.example.com --artifact dist/app.tgz dist/app.whl \\
    --key signer.pem --bundle-dir bundles --policy log.policy
  countersign sign --log https://log.example.com --artifact app.tar.gz --key signer.pem \\
    --predicate provenance.json --predicate-type slsaprovenance1
  countersign sign --log https://log.example.com --key signer.pem --push \\
    --image registry.example.com/acme/app@sha256:HEX

The same artifact and key (and predicate) are the same signature and the same entry, however often
they are signed: ECDSA is by RFC 6979, RSA by PKCS #1 v1.5, Ed25519 as it is. A statement names
its subject by SHA-256, SHA-384 and SHA-512; an image by those of its manifest, which is fetched.
Short names of predicate types are those of cosign's --type; the predicate is signed as it is. The
log is given the statement as a message, if it takes them, so that it can show what was signed.
With --entry-kind dsse it also keeps the envelope, for fetch-bundle; cosign 3 and sigstore-go do
not read such entries, sigstore-js reads no others. Ed25519 keys make them in any case.

Folders for bundles are made, and looked at, before anything is sent. A bundle that is there is kept
if it holds for the same thing, key and log, so that the same command may be run again; any other
is overwritten only with --force. If no answer comes, the same is sent again, and then the log is
asked for the entry. Exits with 1 if something was not logged or has no bundle, with 3 if a
receipt is false.`,
  run: sign,
})
