// The artifacts that bundles are held against: files, whose digests are computed when they are first needed, and
// digests that were given in their place.
import type { ArtifactDigests } from "../../client/verify/artifact.ts"
import { type HashName, hashNames, isHashName } from "../../core/base/digest.ts"
import { refuse } from "../../core/base/errors.ts"
import { formatHex, parseHex } from "../../core/base/text.ts"
import { readDigest } from "../../core/base/written-digest.ts"
import { digestFile } from "../command/file.ts"

export interface Artifact {
  /** A path, or digests, for people. */
  readonly name: string
  /** Undefined for one of which only digests were given. */
  readonly path?: string
  /** Its digests by these hashes, and others that are known; without those that were not given. Throws trouble ("disk"). */
  digests(hashes: readonly HashName[]): Promise<ArtifactDigests>
}

export function fileArtifact(path: string): Artifact {
  let known: ArtifactDigests = {}
  return {
    name: path,
    path,
    async digests(hashes) {
      const missing = hashes.filter((hash) => known[hash] === undefined)
      if (missing.length > 0) known = { ...known, ...(await digestFile(path, missing)) }
      return known
    },
  }
}

/** Of digests by different hashes, with commas between them, of one artifact. Refuses `malformed`, `unsupported`. */
export function digestArtifact(text: string): Artifact {
  const known: { [Hash in HashName]?: Uint8Array } = {}
  for (const each of text.split(",")) {
    const written = readDigest(each.trim())
    const [hash = "", hex = ""] = written.split(":")
    if (!isHashName(hash)) {
      return refuse(
        "unsupported",
        `digest: expected one by ${hashNames.join(", ")}, found ${written}`,
      )
    }
    if (known[hash] !== undefined) {
      refuse(
        "malformed",
        `digest: expected one ${hash} digest of an artifact, found two; give --digest once for each artifact`,
      )
    }
    known[hash] = parseHex(hex, "digest")
  }
  const name = Object.entries(known)
    .map(([hash, digest]) => `${hash}:${formatHex(digest)}`)
    .join(",")
  return { name, digests: async () => known }
}
