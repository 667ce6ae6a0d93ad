// The artifact that a verifier holds in hand: its bytes, or the digests of a file too large to hold.
import { digestOf } from "../core/base/digest.ts"
import { refuse } from "../core/base/errors.ts"
import { digestLength, type HashName } from "../entry/algorithm.ts"

/** Digests of one artifact, each of its hash's length. */
export type ArtifactDigests = Readonly<Partial<Record<HashName, Uint8Array>>>

export interface Artifact {
  /** The artifact's digest; undefined if only others were given. */
  digest(hash: HashName): Uint8Array | undefined
  /** As `digest`, but refuses `malformed` if it was not given. */
  needDigest(hash: HashName): Uint8Array
}

/** Digests are computed when they are first asked for. Refuses `malformed` for one of wrong length. */
export function readArtifact(given: Uint8Array | ArtifactDigests): Artifact {
  const known: { [Hash in HashName]?: Uint8Array } = given instanceof Uint8Array ? {} : { ...given }
  for (const hash of ["sha256", "sha384", "sha512"] as const) {
    const found = known[hash]?.length ?? digestLength[hash]
    if (found !== digestLength[hash]) {
      refuse("malformed", `${hash} digest: expected ${digestLength[hash]} bytes, found ${found}`)
    }
  }
  function digest(hash: HashName): Uint8Array | undefined {
    if (given instanceof Uint8Array) known[hash] ??= digestOf(hash, given)
    return known[hash]
  }
  return {
    digest,
    needDigest: (hash) =>
      digest(hash) ??
      refuse("malformed", `artifact: its ${hash} digest is needed and was not given`),
  }
}
