// Who judges a bundle: by the key of its signer, or by the identity in its certificate. What each needs of the artifact,
// and what both say of a bundle that holds.
import type { Trust } from "../../client/trust.ts"
import type { ArtifactDigests } from "../../client/verify/artifact.ts"
import { portableEngine, type VerifierEngine } from "../../client/verify/engine.ts"
import { hashesOf, type VerifiedBundle, verifyParsed } from "../../client/verify/verify.ts"
import type { HashName } from "../../core/base/digest.ts"
import { present } from "../../core/base/present.ts"
import type { VerifierKey } from "../../entry/verifier-key.ts"
import type { SigstoreBundle } from "../../sigstore/bundle.ts"

/** Who signed, by a certificate that was verified. */
export interface Signer {
  readonly identity: string
  readonly issuer?: string
  readonly extensions: Readonly<Record<string, string | undefined>>
}

/** A time at which the certificate was looked at, and who says so. */
export interface SigningTime {
  readonly source: "log" | "timestamp-authority"
  readonly time: Date
}

export interface Verified extends VerifiedBundle {
  readonly signer?: Signer
  readonly times?: readonly SigningTime[]
  /** The notes under which its entries were proven. */
  readonly checkpoints: readonly string[]
}

/** With the checkpoints of the entries that hold. */
export function withCheckpoints<T extends VerifiedBundle>(
  bundle: SigstoreBundle,
  verified: T,
): T & Pick<Verified, "checkpoints"> {
  const checkpoints = verified.entries.flatMap(
    ({ position }) => bundle.entries[position]?.proof?.checkpoint ?? [],
  )
  return { ...verified, checkpoints }
}

export type Thing = Uint8Array | ArtifactDigests

export interface Judge {
  /** The hashes by which the artifact's digest is needed. Refuses as `judge`. */
  hashesOf(bundle: SigstoreBundle): readonly HashName[]
  /** Refuses with the first reason why the bundle does not hold, or cannot be judged. */
  judge(bundle: SigstoreBundle, thing: Thing): Promise<Verified>
}

/** A judge, and whom the command line trusts. */
export interface Trusting {
  readonly judge: Judge
  readonly trust: Trust
}

/** So many bundles are verified sooner than the faster engine is loaded. */
const FEW = 8

/** Verifies by a key, with portable code as long as it is about a few bundles. */
export function createKeyedJudge(
  key: VerifierKey,
  trust: Trust,
  subjects: readonly string[] | undefined,
): Judge {
  let engine: VerifierEngine = portableEngine
  let judged = 0

  async function engineForOneMore(): Promise<VerifierEngine> {
    judged += 1
    if (judged === FEW) engine = (await import("./native-engine.ts")).createNativeEngine()
    return engine
  }

  return {
    hashesOf: (bundle) => hashesOf(bundle, key),
    async judge(bundle, artifact) {
      const check = { artifact, trust, engine: await engineForOneMore(), ...present({ subjects }) }
      return withCheckpoints(bundle, verifyParsed(bundle, key, check))
    },
  }
}
