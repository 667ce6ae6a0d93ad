// One bundle as a log gives it, verified: the entry that was asked for, every signature, the inclusion proof, the
// checkpoint, and that it is about the digest that was asked for. Leaves out whose the key is.
import type { LogClient } from "../../../client/log-client.ts"
import { verifyReceiptUnder } from "../../../client/receipt.ts"
import { equalBytes } from "../../../core/base/bytes.ts"
import { type HashName, isHashName } from "../../../core/base/digest.ts"
import { bug, refuse } from "../../../core/base/errors.ts"
import { formatBase64, parseHex } from "../../../core/base/text.ts"
import type { Hash } from "../../../core/tree/hash.ts"
import { formatEnvelope } from "../../../entry/dsse.ts"
import type { SignedContent } from "../../../entry/kinds/kind.ts"
import { recordedRequest } from "../../../entry/kinds/request.ts"
import { readRecorded, readSummary, summaryOf } from "../../../entry/kinds/summary.ts"
import { IN_TOTO_PAYLOAD_TYPE } from "../../../entry/statement/pae.ts"
import { isSubject, readSubjects } from "../../../entry/statement/subjects.ts"
import { formatSigstoreBundle, parseSigstoreBundle } from "../../../sigstore/bundle.ts"
import { bundleOfSubmission } from "../../../sigstore/submission-bundle.ts"
import { provenAnswer } from "../../command/exit-code.ts"
import type { Checkpoints } from "../checkpoints.ts"
import { assertSigned, receiptOf } from "../kept-bundles.ts"

/** By what an entry is asked for. */
export type Wanted =
  | { readonly index: number }
  | { readonly leafHash: Hash }
  /** `algorithm:hex` */
  | { readonly digest: string }

/** A bundle that holds. */
export interface FetchedBundle {
  readonly index: number
  readonly kind: string
  /** `sha256:` and the hex of the SHA-256 over the signer's SPKI. */
  readonly key: string
  readonly spki: Uint8Array
  readonly leafHash: Hash
  /** Of the tree under its checkpoint. */
  readonly size: number
  readonly isPinned: boolean
  readonly text: string
}

function envelopeOf(content: SignedContent): Uint8Array | undefined {
  if (content.form !== "dsse") return undefined
  const { payload, payloadType, signature, keyid } = content
  const signatures = [{ sig: formatBase64(signature), keyid }]
  return formatEnvelope({ payload: formatBase64(payload), payloadType, signatures })
}

/** Refuses `mismatch` for an entry that is about something else. */
function assertAbout(digest: string, content: SignedContent, body: Uint8Array): void {
  const summary = readSummary(body)
  if (summary.digest === digest || summary.payload === digest) return
  const [name = "", hex = ""] = digest.split(":")
  const hash: HashName = isHashName(name) ? name : bug(`${name} is no hash`)
  const bytes = parseHex(hex, "digest")
  const has = (asked: HashName) => (asked === hash ? bytes : undefined)
  const isStatement = content.form === "dsse" && content.payloadType === IN_TOTO_PAYLOAD_TYPE
  const subjects = isStatement ? readSubjects(content.payload) : []
  if (subjects.some((subject) => isSubject(subject, has))) return
  refuse("mismatch", `the log finds this entry by ${digest}, but its bundle is not about that`)
}

/** Rejects with what the log says, or with a falsehood for what it gives and does not hold. */
export async function fetchBundle(
  log: LogClient,
  checkpoints: Checkpoints,
  index: number,
  wanted: Wanted,
): Promise<FetchedBundle> {
  const given = await log.bundle(index)
  const bundle = provenAnswer(() => parseSigstoreBundle(given))
  const receipt = provenAnswer(() => receiptOf(bundle))
  const { head, logId } = await checkpoints.open(receipt.checkpoint)
  const fetched = provenAnswer(() => {
    const { body, leafHash } = receipt
    if (receipt.index !== index) {
      refuse("mismatch", `expected the bundle of entry ${index}, found that of ${receipt.index}`)
    }
    const recorded = readRecorded(body)
    const request = recordedRequest(body, envelopeOf(bundle.content))
    assertSigned(request)
    verifyReceiptUnder(head, request, receipt)
    const { signers } = summaryOf(recorded)
    if ("leafHash" in wanted && !equalBytes(wanted.leafHash, leafHash)) {
      refuse("mismatch", "the log's entry has another leaf hash than was asked for")
    }
    const [signature] = recorded.parts.signatures
    return {
      ...{ index, kind: recorded.name, leafHash, size: receipt.proof.size },
      isPinned: head.isPinned,
      key: signers[0]?.key ?? bug("an entry has no signer"),
      spki: signature?.key.spki ?? bug("an entry has no signature"),
      text: formatSigstoreBundle(bundleOfSubmission(request, receipt, logId)),
    }
  })
  // An entry that only an attached message ties to the digest is not false: its bundle does not show it.
  if ("digest" in wanted) assertAbout(wanted.digest, bundle.content, receipt.body)
  return fetched
}
