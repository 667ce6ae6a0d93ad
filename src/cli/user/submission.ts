// What `countersign submit` and `countersign revoke` send, made from files, and what they do with what becomes of it:
// verify the receipt, write the bundle, print the result, or say why there is none. One artifact's failure does
// not stop the others.
import { readKeyFile } from "../../client/key-file.ts"
import type { BatchOutcome, LogClient } from "../../client/log-client.ts"
import { type Receipt, verifyReceiptUnder } from "../../client/receipt.ts"
import { type OpenedHead, openHead, signingLog, type Trust } from "../../client/trust.ts"
import { bug, refuse } from "../../core/base/errors.ts"
import { asList, asObject, asText, optional, parseJson } from "../../core/base/json-value.ts"
import { LONGEST_BUNDLE, LONGEST_PEM } from "../../core/base/limits.ts"
import { present } from "../../core/base/present.ts"
import { formatBase64, formatHex } from "../../core/base/text.ts"
import type { Hash } from "../../core/tree/hash.ts"
import { algorithms, digestAlgorithm } from "../../entry/algorithm.ts"
import { type DsseEnvelope, MOST_SIGNATURES } from "../../entry/dsse.ts"
import type { EntryRequest } from "../../entry/kinds/registry.ts"
import { parseAnyBase64 } from "../../entry/rekor-v1/lenient-base64.ts"
import { LONGEST_SIGNATURE } from "../../entry/signature.ts"
import type { VerifierKey, VerifierKeyText } from "../../entry/verifier-key.ts"
import { formatSigstoreBundle } from "../../sigstore/bundle.ts"
import { bundleOfSubmission } from "../../sigstore/submission-bundle.ts"
import { type PinnedLog, parseTrustedRoot } from "../../sigstore/trusted-root.ts"
import { exitCodeOf, provenAnswer } from "../command/exit-code.ts"
import { digestFile, readBytes, readText, writeWhole } from "../command/file.ts"
import { assertPassphrase, readPassphrase } from "../command/key-files.ts"
import { openLog } from "../command/log-options.ts"
import type { Called } from "../command/options.ts"
import { type FileSignature, type PrivateKey, readPrivateKey } from "../command/private-key.ts"
import { createProgress, type Progress } from "../command/progress.ts"
import { needsWitnesses, remarkPinning } from "../command/trust-options.ts"

const LONGEST_SIGNATURE_FILE = 4 * LONGEST_SIGNATURE

function keyText({ form, der }: VerifierKey): VerifierKeyText {
  return { [form]: formatBase64(der) }
}

/** A signature over a file or a text, by this key. */
export function hashedrekordRequest(
  key: VerifierKey,
  { hash, digest, signature }: FileSignature,
): EntryRequest {
  return {
    kind: "hashedrekord",
    digest: `${hash}:${formatHex(digest)}`,
    signature: formatBase64(signature),
    ...keyText(key),
  }
}

/** Opens a PEM private key; the passphrase is the first line of its file. */
export async function openPrivateKey(path: string, passphraseFile?: string): Promise<PrivateKey> {
  const passphrase = await readPassphrase(passphraseFile)
  const pem = await readText(path, "private key", LONGEST_PEM)
  assertPassphrase(pem, `private key ${path}`, passphrase)
  return readPrivateKey(pem, passphrase)
}

async function readKey(path: string): Promise<VerifierKey> {
  return readKeyFile(await readBytes(path, "public key", LONGEST_PEM), `public key ${path}`)
}

/** No signature in DER or by Ed25519 or RSA consists of these characters alone. */
const TEXT = /^[\t\n\r -~]*$/
const BYTE_ORDER_MARK = /^\u00ef\u00bb\u00bf/

/** A signature file is base64 text in any alphabet and in lines of any width, or the bare bytes. */
async function readSignature(path: string): Promise<Uint8Array> {
  const bytes = await readBytes(path, "signature", LONGEST_SIGNATURE_FILE)
  const text = Buffer.from(bytes).toString("latin1").replace(BYTE_ORDER_MARK, "")
  return TEXT.test(text)
    ? parseAnyBase64(text.replaceAll(/[\r\n]/g, "").trim(), `signature ${path}`)
    : bytes
}

export async function detachedRequest(
  artifact: string,
  signaturePath: string,
  keyPath: string,
): Promise<EntryRequest> {
  const key = await readKey(keyPath)
  const signature = await readSignature(signaturePath)
  const { hash } = algorithms[digestAlgorithm[key.keyType]]
  const { [hash]: digest } = await digestFile(artifact, [hash])
  return hashedrekordRequest(key, { hash, digest: digest ?? bug(`no ${hash} digest`), signature })
}

function readEnvelope(text: string, what: string): DsseEnvelope {
  const value = parseJson(text, what, LONGEST_BUNDLE)
  // SPEC: consumers MUST ignore members that they do not know (DSSE v1, envelope).
  const envelope = asObject(value, what, ["payload", "payloadType", "signatures"])
  const signatures = asList(envelope.signatures, `${what}: signatures`, MOST_SIGNATURES)
  return {
    payload: asText(envelope.payload, `${what}: payload`),
    payloadType: asText(envelope.payloadType, `${what}: payloadType`),
    signatures: signatures.map((signature, i) => {
      const place = `${what}: signatures[${i}]`
      const { sig, keyid } = asObject(signature, place, ["sig", "keyid"])
      const name = optional(keyid, (it) => asText(it, `${place}.keyid`))
      return { sig: asText(sig, `${place}.sig`), ...present({ keyid: name }) }
    }),
  }
}

export async function envelopeRequest(path: string, keyPath: string): Promise<EntryRequest> {
  const key = await readKey(keyPath)
  const envelope = readEnvelope(
    await readText(path, "envelope", LONGEST_BUNDLE),
    `envelope ${path}`,
  )
  return { kind: "dsse", envelope, verifiers: [keyText(key)] }
}

/** One artifact (or envelope) and where its bundle goes. */
export interface Job {
  readonly artifact: string
  readonly bundlePath: string
}

export interface Submission {
  readonly log: LogClient
  /** Whether to wait for witnesses; undefined leaves it to the log. */
  readonly waiting: { readonly witnessed?: boolean }
  /** Taken away before anything is printed; it comes back with the next step. */
  readonly progress: Progress
  keep(job: Job, request: EntryRequest, outcome: BatchOutcome): Promise<void>
  /** Says why a job has no bundle and remembers it for the exit code; a bug is thrown on. */
  fail(job: Job, error: unknown): void
}

/** A checkpoint that holds, and the log ID that its bundles bear. */
interface OpenedCheckpoint {
  readonly checkpoint: string
  readonly head: OpenedHead
  readonly logId: Hash
  readonly logs: readonly PinnedLog[]
}

async function bundleLogs(log: LogClient, trust: Trust | undefined): Promise<readonly PinnedLog[]> {
  if (trust !== undefined && "trustedRoot" in trust) return trust.trustedRoot
  return parseTrustedRoot(await log.trustedRoot())
}

/** Refuses `try-later` for an entry that is in the log, but not yet under a witnessed checkpoint. */
function assertWitnessed({ index, witnessed }: Receipt): void {
  if (witnessed !== false) return
  refuse(
    "try-later",
    `entry ${index} is in the log, but witnesses have not cosigned its checkpoint in time; submit it ` +
      `again for the same index, or fetch its bundle later`,
  )
}

/** `wantsWitnesses` says that a receipt is no good before witnesses have cosigned. */
export async function openSubmission(
  called: Called,
  { what, total }: { readonly what: string; readonly total: number },
  wantsWitnesses = false,
): Promise<Submission> {
  const { log, trust, terminal, output } = await openLog(called)
  const { stderr: stream, now } = terminal
  const progress = createProgress({ stream, now, what, total })
  // Who verifies with a quorum can only use what witnesses have cosigned, and so waits for that.
  const isWitnessed = wantsWitnesses || needsWitnesses(trust)
  let last: OpenedCheckpoint | undefined
  let hasRemarked = false

  async function open(checkpoint: string): Promise<OpenedCheckpoint> {
    if (last?.checkpoint === checkpoint) return last
    const head = provenAnswer(() => openHead(checkpoint, trust))
    if (!hasRemarked) remarkPinning(output, head.isPinned)
    hasRemarked = true
    const logs = last?.logs ?? (await bundleLogs(log, trust))
    const { logId } = provenAnswer(() => signingLog(checkpoint, logs))
    last = { checkpoint, head, logId, logs }
    return last
  }

  function print({ artifact, bundlePath }: Job, receipt: Receipt, isPinned: boolean): void {
    progress.end()
    const { index, leafHash, proof, isNew } = receipt
    output.result(
      `${artifact}: entry ${index}${isNew === false ? " (logged before)" : ""}`,
      [
        ["tree size", proof.size],
        ["leaf hash", formatHex(leafHash)],
        ["bundle", bundlePath],
      ],
      { artifact, index, isNew, size: proof.size, leafHash, isPinned, bundle: bundlePath },
    )
  }

  function fail({ artifact }: Job, error: unknown): void {
    const code = exitCodeOf(error)
    if (code === undefined || !(error instanceof Error)) throw error
    progress.end()
    output.remark(`${artifact}: ${error.message}`)
    terminal.fail(code)
  }

  return {
    log,
    waiting: isWitnessed ? { witnessed: true } : {},
    progress,
    fail,
    async keep(job, request, outcome) {
      try {
        if ("error" in outcome) throw outcome.error
        const { receipt } = outcome
        if (isWitnessed) assertWitnessed(receipt)
        const { head, logId } = await open(receipt.checkpoint)
        provenAnswer(() => verifyReceiptUnder(head, request, receipt))
        const text = formatSigstoreBundle(bundleOfSubmission(request, receipt, logId))
        await writeWhole(job.bundlePath, `${text}\n`, "bundle")
        print(job, receipt, head.isPinned)
      } catch (error) {
        fail(job, error)
      }
    },
  }
}
