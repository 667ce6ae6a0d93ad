// The Sigstore bundle of a submission and what the log answered to it. Checks nothing: whoever has the
// answer from a log verifies it first.
import { digestOf } from "../core/base/digest.ts"
import { refuse } from "../core/base/errors.ts"
import { formatBase64, parseBase64 } from "../core/base/text.ts"
import type { Hash } from "../core/tree/hash.ts"
import type { InclusionProof } from "../core/tree/proof.ts"
import type { EntryKind } from "../entry/entry.ts"
import type { EntryRequest } from "../entry/request.ts"
import { parseDigest } from "../entry/signature.ts"
import { readVerifierKeyText, type VerifierKeyText } from "../entry/verifier-key.ts"
import type { BundleVerifier, SigstoreBundle } from "./bundle.ts"

function bundleVerifier(text: VerifierKeyText): BundleVerifier {
  const key = readVerifierKeyText(text)
  return key.form === "certificate"
    ? { form: "certificate", der: key.der }
    : { form: "hint", hint: formatBase64(digestOf("sha256", key.spki)) }
}

function contentOf(request: EntryRequest): Pick<SigstoreBundle, "verifier" | "content"> {
  if (request.kind === "hashedrekord") {
    const { hash, bytes } = parseDigest(request.digest)
    const content = {
      form: "message-signature",
      messageDigest: { hash, digest: bytes },
      signature: parseBase64(request.signature, "signature"),
    } as const
    return { verifier: bundleVerifier(request), content }
  }
  const { payload, payloadType, signatures } = request.envelope
  const [verifier, otherVerifier] = request.verifiers
  const [only, other] = signatures
  if ((verifier === undefined || only === undefined || other) ?? otherVerifier) {
    return refuse("unsupported", "a bundle holds an envelope with one signature and one key")
  }
  const content = {
    form: "dsse",
    payload: parseBase64(payload, "payload"),
    payloadType,
    signature: parseBase64(only.sig, "signature"),
    ...(only.keyid !== undefined && { keyid: only.keyid }),
  } as const
  return { verifier: bundleVerifier(verifier), content }
}

/** What became of a submission: the verified parts of its receipt. */
export interface LoggedSubmission {
  readonly index: number
  readonly body: Uint8Array
  readonly proof: InclusionProof
  readonly checkpoint: string
}

/**
 * The bundle of a submission that was logged; `logged` is its verified receipt. Refuses `unsupported` for several
 * signatures or keys.
 *
 * @example
 * ```ts
 * import { readFileSync } from "node:fs"
 * import { bundleOfSubmission, createLogClient, parseTrustedRoot, signingLog } from "countersign/client"
 * import type { EntryRequest } from "countersign/client"
 *
 * const request: EntryRequest = JSON.parse(readFileSync("request.json", "utf8"))
 * const receipt = await createLogClient({ url: "http://localhost:3000" }).submit(request)
 * const trustedRoot = parseTrustedRoot(readFileSync("trusted_root.json", "utf8"))
 * const { logId } = signingLog(receipt.checkpoint, trustedRoot)
 * console.log(bundleOfSubmission(request, receipt, logId).entries.length) // 1
 * ```
 */
export function bundleOfSubmission(
  request: EntryRequest,
  logged: LoggedSubmission,
  logId: Hash,
): SigstoreBundle {
  const { index, body, proof, checkpoint } = logged
  const entry = {
    index,
    logId,
    kind: request.kind satisfies EntryKind,
    version: "0.0.2",
    proof: { ...proof, checkpoint },
    body,
  }
  return { ...contentOf(request), entries: [entry] }
}
