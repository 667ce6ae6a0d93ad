// Who judges a bundle: by the key of its signer, or by the identity in its certificate. What each needs of the artifact,
// and what both say of a bundle that holds.
import type { Trust } from "../../client/trust.ts"
import type { ArtifactDigests } from "../../client/verify/artifact.ts"
import type { ParsedVerifier } from "../../client/verify/many.ts"
import { hashesOf, type VerifiedBundle, verifyParsed } from "../../client/verify/verify.ts"
import type { HashName } from "../../core/base/digest.ts"
import { Refusal } from "../../core/base/errors.ts"
import { present } from "../../core/base/present.ts"
import type { VerifierKey } from "../../entry/verifier-key.ts"
import type { SigstoreBundle } from "../../sigstore/bundle.ts"

/** Who signed, by a certificate that was verified. */
interface Signer {
  readonly identity: string
  readonly issuer?: string
  readonly extensions: Readonly<Record<string, string | undefined>>
}

/** A time at which the certificate was looked at, and who says so. */
interface SigningTime {
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

/** So many bundles are verified sooner than what is made for many is loaded. */
const FEW = 8

/** For each bundle `few`, and from the eighth on what `many` gives once. */
export function createChoice<T>(few: T, many: () => Promise<T>): () => Promise<T> {
  let judged = 0
  let chosen = few
  return async () => {
    judged += 1
    if (judged === FEW) chosen = await many()
    return chosen
  }
}

/** Says of a signature that does not hold under an authority's certificate that it may be the wrong one of a chain. */
async function withAdvice<T>({ form, der }: VerifierKey, verify: () => T): Promise<T> {
  try {
    return verify()
  } catch (error) {
    const isAbout = error instanceof Refusal && ["bad-signature", "mismatch"].includes(error.code)
    if (!isAbout || form !== "certificate") throw error
    // Words are loaded by nobody whose bundles hold.
    const { adviceOnChain } = await import("../command/chain-advice.ts")
    const advice = adviceOnChain(der)
    if (advice === undefined) throw error
    throw new Refusal(error.code, `${error.message}; ${advice}`, { cause: error })
  }
}

/** Judges by a key. */
export function createKeyedJudge(
  key: VerifierKey,
  trust: Trust,
  subjects: readonly string[] | undefined,
): Judge {
  const few: ParsedVerifier = (bundle, own, check) => verifyParsed(bundle, own, { ...check, trust })
  const nextVerifier = createChoice(few, async () =>
    (await import("./native-engine.ts")).createNativeVerifier(trust),
  )
  return {
    hashesOf: (bundle) => hashesOf(bundle, key),
    async judge(bundle, artifact) {
      const verify = await nextVerifier()
      const verified = await withAdvice(key, () =>
        verify(bundle, key, { artifact, ...present({ subjects }) }),
      )
      const timestampsPassedOver = bundle.timestamps.length
      return { ...verified, timestampsPassedOver, checkpoints: checkpointsOf(bundle, verified) }
    },
  }
}
