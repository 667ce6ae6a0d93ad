// The Sigstore bundle of a submission and what the log answered to it, also when only the entry is left.
// Checks nothing: whoever has the answer from a log verifies it first.
import { digestOf } from "../core/base/digest.ts"
import { formatBase64 } from "../core/base/text.ts"
import type { Vkey } from "../core/note/note.ts"
import type { Hash } from "../core/tree/hash.ts"
import type { InclusionProof } from "../core/tree/proof.ts"
import type { EntryRequest } from "../entry/kinds/registry.ts"
import { bundleContent, recordedRequest } from "../entry/kinds/request.ts"
import { readVerifierKeyText, type VerifierKeyText } from "../entry/verifier-key.ts"
import type { BundleVerifier, SigstoreBundle } from "./bundle.ts"
import { logIdOf } from "./trusted-root.ts"

function bundleVerifier(text: VerifierKeyText): BundleVerifier {
  const key = readVerifierKeyText(text)
  return key.form === "certificate"
    ? { form: "certificate", der: key.der }
    : { form: "hint", hint: formatBase64(digestOf("sha256", key.spki)) }
}

/** What became of a submission: the verified parts of its receipt. */
export interface LoggedSubmission {
  readonly index: number
  readonly body: Uint8Array
  readonly proof: InclusionProof
  readonly checkpoint: string
}

/**
 * The bundle of a submission that was logged; `logged` is its verified receipt. Refuses `unsupported` for what no
 * bundle can hold, such as several signatures.
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
  const { kind, version, key, content } = bundleContent(request)
  const entry = { index, logId, kind, version, proof: { ...proof, checkpoint }, body }
  const verifier = bundleVerifier(key)
  return { version: "0.3", verifier, content, entries: [entry], timestamps: [] }
}

/**
 * The bundle of an entry that the log made itself; `envelope` is what was kept of it, already held against
 * the body. Refuses `unsupported` for what no bundle can hold, and for an entry whose envelope is missing.
 */
export function bundleOfEntry(
  logged: LoggedSubmission,
  logKey: Vkey,
  envelope?: Uint8Array,
): SigstoreBundle {
  return bundleOfSubmission(recordedRequest(logged.body, envelope), logged, logIdOf(logKey))
}
