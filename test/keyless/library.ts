// The second opinion: the whole of `@sigstore/verify`, its own code for log entries included, over the same cases.
import { createPublicKey } from "node:crypto"
import { bundleFromJSON } from "@sigstore/bundle"
import { TrustedRoot } from "@sigstore/protobuf-specs"
import { toSignedEntity, toTrustMaterial, Verifier } from "@sigstore/verify"
import type { Case } from "./case.ts"

/** Undefined if the library takes the bundle; else why it does not. */
export function libraryRefusal(given: Case): string | undefined {
  const { artifact, identity, issuer, key } = given
  try {
    const bundle = bundleFromJSON(JSON.parse(given.bundle))
    const root = TrustedRoot.fromJSON(JSON.parse(given.trustedRoot))
    const trust = toTrustMaterial(root, () => {
      if (key === undefined) throw new Error("a key is not asked for")
      return { publicKey: createPublicKey(key), validFor: () => true }
    })
    const isMessage = bundle.content.$case === "messageSignature"
    const entity = toSignedEntity(bundle, isMessage ? Buffer.from(artifact) : undefined)
    const isTimed = entity.timestamps.length > 0
    // Of a key the library wants a time as well, which an entry of version 2 has not.
    const verifier = new Verifier(
      trust,
      key !== undefined && !isTimed ? { timestampThreshold: 0 } : {},
    )
    const policy = { subjectAlternativeName: identity, extensions: { issuer } }
    verifier.verify(entity, key === undefined ? policy : undefined)
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

/** Where the library is known to say something else than we do, and why. */
export const disputes: ReadonlyMap<string, string> = new Map([
  [
    "v2: an attestation as its PAE",
    "the library holds the payload's digest against that of the PAE",
  ],
  ["v1: dsse: another artifact", "whether an attestation is about the artifact is not its matter"],
  [
    "v1: intoto: another artifact",
    "whether an attestation is about the artifact is not its matter",
  ],
  ["v2: dsse: another artifact", "whether an attestation is about the artifact is not its matter"],
  ["v1: another size in the proof", "it takes the checkpoint's size and leaves the proof's unread"],
  ["v2: another size in the proof", "it takes the checkpoint's size and leaves the proof's unread"],
  ["v2: a negative index", "it takes the proof's index and leaves the entry's unread"],
  ["v1: a certificate that is an authority's", "it asks nothing of the leaf"],
  ["v2: a certificate that is an authority's", "it asks nothing of the leaf"],
  ["v1: a certificate for servers", "it asks nothing of the leaf"],
  ["v2: a certificate for servers", "it asks nothing of the leaf"],
  ["v1: a log's key without a beginning", "to it the key is valid from 1970 on"],
  ["v2: a log's key without a beginning", "to it the key is valid from 1970 on"],
  [
    "v2: an authority of timestamps without a beginning",
    "to it the authority is valid from 1970 on",
  ],
  [
    "v2: a log's key that was believed until before",
    "it holds no window against entries without a time",
  ],
])
