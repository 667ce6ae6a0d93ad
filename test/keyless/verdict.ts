// Our verdict on a case: by a certificate or by a key, with the artifact itself or its digest.
import { verifyBundle } from "../../src/client/verify/verify.ts"
import { Refusal } from "../../src/core/base/errors.ts"
import { parseKeylessTrust } from "../../src/keyless/trust.ts"
import { verifyKeyless } from "../../src/keyless/verify.ts"
import { parseAnyBundle } from "../../src/sigstore/bundle.ts"
import { parseTrustedRoot } from "../../src/sigstore/trusted-root.ts"
import { sha256 } from "../reference.ts"
import type { Case } from "./case.ts"

function verify(given: Case, artifact: Parameters<typeof verifyKeyless>[1]["artifact"]): void {
  const { bundle, trustedRoot, identity, issuer, key } = given
  if (key !== undefined) {
    verifyBundle({ bundle, artifact, key, trust: { trustedRoot: parseTrustedRoot(trustedRoot) } })
    return
  }
  verifyKeyless(parseAnyBundle(bundle), {
    artifact,
    trustedRoot: parseKeylessTrust(trustedRoot),
    identity: { identity, issuer },
  })
}

/** Undefined if it holds, else the refusal's code and message; other errors are thrown. */
export function refusalOf(given: Case, isByDigest: boolean): string | undefined {
  try {
    verify(given, isByDigest ? { sha256: sha256(given.artifact) } : given.artifact)
    return undefined
  } catch (error) {
    if (error instanceof Refusal) return `${error.code}: ${error.message}`
    throw error
  }
}
