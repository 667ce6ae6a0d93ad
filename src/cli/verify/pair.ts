// One bundle, read and held against one artifact. That digests were given which do not suffice is no fault of the bundle.
import type { ArtifactDigests } from "../../client/verify/artifact.ts"
import { type HashName, hashNames } from "../../core/base/digest.ts"
import { Refusal, unlessRefused } from "../../core/base/errors.ts"
import { IN_TOTO_PAYLOAD_TYPE } from "../../entry/statement/pae.ts"
import { readSubjects } from "../../entry/statement/subjects.ts"
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

/** Names of hashes by which a subject could be the artifact, of which no digest was given. */
function missingFor({ content }: SigstoreBundle, given: ArtifactDigests): readonly HashName[] {
  if (content.form !== "dsse" || content.payloadType !== IN_TOTO_PAYLOAD_TYPE) return []
  const subjects = unlessRefused(() => readSubjects(content.payload)) ?? []
  const missing = subjects
    .map(({ digests }) => hashNames.filter((hash) => digests[hash] !== undefined))
    .filter((hashes) => !hashes.some((hash) => given[hash] !== undefined))
  return hashNames.filter((hash) => missing.some((hashes) => hashes.includes(hash)))
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
  try {
    return { outcome: "verified", verified: await judge.judge(bundle, digests) }
  } catch (error) {
    if (!(error instanceof Refusal) || error.code !== "mismatch") throw error
    const missing = missingFor(bundle, digests)
    throw missing.length === 0 ? error : wanting(missing)
  }
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
