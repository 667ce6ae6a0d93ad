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
  /** Timestamps of other authorities than those that are trusted, or that a key has no need of. */
  readonly timestampsPassedOver: number
  /** The notes under which its entries were proven. */
  readonly checkpoints: readonly string[]
}

/** The checkpoints of the entries that hold. */
export function checkpointsOf(
  bundle: SigstoreBundle,
  { entries }: VerifiedBundle,
): readonly string[] {
  return entries.flatMap(({ position }) => bundle.entries[position]?.proof?.checkpoint ?? [])
}

export interface Judge {
  /** The hashes by which the artifact's digest is needed. Refuses as `judge`. */
  hashesOf(bundle: SigstoreBundle): readonly HashName[]
  /** Refuses with the first reason why the bundle does not hold, or cannot be judged. */
  judge(bundle: SigstoreBundle, thing: Uint8Array | ArtifactDigests): Promise<Verified>
}

/** A judge, and whom the command line trusts. */
export interface Trusting {
  readonly judge: Judge
  readonly trust: Trust
}

/** So many bundles are verified sooner than the faster engine is loaded. */
const FEW = 8

/** The engine for one bundle more: portable code for a few, the platform's own behind these. */
export function createEngines(): () => Promise<VerifierEngine> {
  let engine: VerifierEngine = portableEngine
  let judged = 0
  return async () => {
    judged += 1
    if (judged === FEW) engine = (await import("./native-engine.ts")).createNativeEngine()
    return engine
  }
}

/** Judges by a key. */
export function createKeyedJudge(
  key: VerifierKey,
  trust: Trust,
  subjects: readonly string[] | undefined,
): Judge {
  const nextEngine = createEngines()
  return {
    hashesOf: (bundle) => hashesOf(bundle, key),
    async judge(bundle, artifact) {
      const check = { artifact, trust, engine: await nextEngine(), ...present({ subjects }) }
      const verified = verifyParsed(bundle, key, check)
      const timestampsPassedOver = bundle.timestamps.length
      return { ...verified, timestampsPassedOver, checkpoints: checkpointsOf(bundle, verified) }
    },
  }
}
