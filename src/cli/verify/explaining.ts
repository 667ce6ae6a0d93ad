// Why a bundle is not of the artifact whose file is at hand: the usual mistakes that a digest alone does not show, looked
// for after it was refused. Words only: the bundle stays refused. Nothing of files that are longer than 256 KiB.
import { equalBytes } from "../../core/base/bytes.ts"
import { digestOf, hashNames } from "../../core/base/digest.ts"
import { Refusal, unlessRefused } from "../../core/base/errors.ts"
import { LONGEST_READING, otherEnd } from "../../entry/signature-diagnosis.ts"
import { IN_TOTO_PAYLOAD_TYPE } from "../../entry/statement/pae.ts"
import { readSubjects } from "../../entry/statement/subjects.ts"
import type { SigstoreBundle } from "../../sigstore/bundle.ts"
import { readBytes } from "../command/file.ts"
import type { Artifact } from "./artifacts.ts"
import type { Judge } from "./judge.ts"

/** The artifact, if it is short enough to be read in other ways. */
async function shortArtifact({ path }: Artifact): Promise<Uint8Array | undefined> {
  if (path === undefined) return undefined
  try {
    return await readBytes(path, "artifact", LONGEST_READING)
  } catch {
    return undefined
  }
}

/** The digests that a bundle states of its artifact. */
function statedBy({ content }: SigstoreBundle): readonly Uint8Array[] {
  if (content.form === "message-signature") return [content.messageDigest?.digest ?? []].flat()
  if (content.payloadType !== IN_TOTO_PAYLOAD_TYPE) return []
  const subjects = unlessRefused(() => readSubjects(content.payload)) ?? []
  return subjects.flatMap(({ digests }) => hashNames.flatMap((hash) => digests[hash] ?? []))
}

function withOtherEnd(error: Refusal, bundle: SigstoreBundle, artifact: Uint8Array): Refusal {
  const [other, end] = otherEnd(artifact)
  const own = hashNames.map((hash) => digestOf(hash, other))
  const isOther = statedBy(bundle).some((each) => own.some((digest) => equalBytes(digest, each)))
  if (!isOther) return error
  const message = `${error.message}; it is about the artifact ${end}`
  return new Refusal(error.code, message, { cause: error })
}

/** The same refusal, in as many words as the artifact's bytes allow. */
export async function explained(
  error: Refusal,
  bundle: SigstoreBundle,
  file: Artifact,
  judge: Judge,
): Promise<Refusal> {
  const isSignature = error.code === "bad-signature" && bundle.content.form === "message-signature"
  if (error.code !== "mismatch" && !isSignature) return error
  const artifact = await shortArtifact(file)
  if (artifact === undefined) return error
  if (!isSignature) return withOtherEnd(error, bundle, artifact)
  try {
    await judge.judge(bundle, artifact)
  } catch (again) {
    if (again instanceof Refusal && again.code === error.code) return again
  }
  return error
}
