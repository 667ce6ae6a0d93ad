// Why a log did not take a signature. Whoever signed has the artifact at hand, so here the usual mistakes can be told that
// a log cannot see from a digest.
import { Refusal } from "../../core/base/errors.ts"
import type { EntryRequest } from "../../entry/kinds/registry.ts"
import { proposeEntry } from "../../entry/kinds/request.ts"
import { verifyPortably } from "../../entry/portable-verification.ts"
import { explainSignature, LONGEST_READING } from "../../entry/signature-diagnosis.ts"
import { readVerifierKeyText } from "../../entry/verifier-key.ts"
import { adviceOnChain } from "../command/chain-advice.ts"
import { readBytes } from "../command/file.ts"

/** The artifact, if it is short enough to be read in other ways. */
async function shortArtifact(path: string): Promise<Uint8Array | undefined> {
  try {
    return await readBytes(path, "artifact", LONGEST_READING)
  } catch {
    return undefined
  }
}

function adviceOn(request: EntryRequest): string | undefined {
  if (!("certificate" in request) || request.certificate === undefined) return undefined
  return adviceOnChain(readVerifierKeyText({ certificate: request.certificate }).der)
}

/** The log's refusal of a signature with the reason for it; the same one where there are several to blame. */
export async function explainedRefusal(
  error: Refusal,
  request: EntryRequest,
  artifactPath: string,
): Promise<Refusal> {
  const [checks = [], ...others] = proposeEntry(request).claims
  const [check] = checks
  if (check === undefined || checks.length > 1 || others.length > 0) return error
  const isDigest = check.signed.form === "digest"
  const artifact = isDigest ? await shortArtifact(artifactPath) : undefined
  const why = explainSignature(check, verifyPortably, artifact)
  const advice = adviceOn(request)
  // The log has explained what it could from the digest alone.
  const [own = ""] = error.message.split("; ", 1)
  return new Refusal(
    "bad-signature",
    [own, why, advice].filter((part) => part !== undefined).join("; "),
    { cause: error },
  )
}
