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
    const verifier = new Verifier(trust, key !== undefined && !isTimed ? { timestampThreshold: 0 } : {})
    const policy = { subjectAlternativeName: identity, extensions: { issuer } }
    verifier.verify(entity, key === undefined ? policy : undefined)
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}
