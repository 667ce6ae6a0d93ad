// What was signed, as the log gets it and as its bundle shows it: of an envelope the log may get no more than a signature
// over the digest of its signed bytes.
import type { EntryRequest } from "../../entry/kinds/registry.ts"
import { bundleContent } from "../../entry/kinds/request.ts"
import type { SigstoreBundle } from "../../sigstore/bundle.ts"
import { bundleOfSubmission, type LoggedSubmission } from "../../sigstore/submission-bundle.ts"

export interface Signed {
  /** What is sent. */
  readonly request: EntryRequest
  /** What the bundle holds; by the same key, with the same signature. */
  readonly shown: EntryRequest
}

/** Of what the bundle shows as the log gets it. */
export function asSubmitted(request: EntryRequest): Signed {
  return { request, shown: request }
}

/** As bundleOfSubmission, with the content that is shown. */
export function bundleOfSigned(
  { request, shown }: Signed,
  logged: LoggedSubmission,
  logId: Parameters<typeof bundleOfSubmission>[2],
): SigstoreBundle {
  const bundle = bundleOfSubmission(request, logged, logId)
  return { ...bundle, content: bundleContent(shown).content }
}
