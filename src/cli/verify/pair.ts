// One bundle, read and held against one artifact. That digests were given which do not suffice is no fault of the bundle.
import type { ArtifactDigests } from "../../client/verify/artifact.ts"
import type { HashName } from "../../core/base/digest.ts"
import { Refusal } from "../../core/base/errors.ts"
import { parseAnyBundle, type SigstoreBundle } from "../../sigstore/bundle.ts"
import type { Artifact } from "./artifacts.ts"
import type { GivenBundle } from "./bundle-files.ts"
import type { Judge } from "./judge.ts"
import { type Verdict, verdictFrom } from "./verdict.ts"

/** A refusal is a verdict. */
export function parseGiven({ text }: GivenBundle): SigstoreBundle | Verdict {
  try {
    if (text instanceof Refusal) throw text
    return parseAnyBundle(text)
  } catch (error) {
    return verdictFrom(error)
  }
}

export function isVerdict(parsed: SigstoreBundle | Verdict): parsed is Verdict {
  return "outcome" in parsed
}

function wanting(hashes: readonly HashName[]): Refusal {
  const digests = hashes.map((hash) => `${hash}:HEX`).join(" or ")
  return new Refusal(
    "unsupported",
    `the bundle states other digests of its artifact than the one that was given: give ${digests} to --digest, behind a comma, or the file to --artifact`,
  )
}

/** Refuses `unsupported` if the digests that were given cannot tell whether the bundle is about them. */
function assertEnough(
  bundle: SigstoreBundle,
  needed: readonly HashName[],
  given: ArtifactDigests,
): void {
  if (bundle.content.form !== "message-signature") return
  const missing = needed.filter((hash) => given[hash] === undefined)
  if (missing.length > 0) throw wanting(missing)
}

async function judgeDigests(
  judge: Judge,
  bundle: SigstoreBundle,
  artifact: Artifact,
): Promise<Verdict> {
  const needed = judge.hashesOf(bundle)
  const digests = await artifact.digests(needed)
  assertEnough(bundle, needed, digests)
  return { outcome: "verified", verified: await judge.judge(bundle, digests) }
}

/** Rejects only for a bug. */
export async function judgePair(
  judge: Judge,
  bundle: SigstoreBundle,
  artifact: Artifact,
): Promise<Verdict> {
  try {
    return await judgeDigests(judge, bundle, artifact)
  } catch (error) {
    if (!(error instanceof Refusal)) return verdictFrom(error)
    const { explained } = await import("./explaining.ts")
    return verdictFrom(await explained(error, bundle, artifact, judge))
  }
}
