// What is costly to verify: large curves, Ed25519ph, messages of megabytes. It has a lane of its own, in which senders
// take turns and which is bounded in weight, and threads that let all others go first: nobody's ECDSA P-256 waits for
// somebody's P-521. The threads start when there is something for them.
import { createHash, verify } from "node:crypto"
import { Trouble } from "../../core/base/errors.ts"
import type { HashName } from "../../entry/algorithm.ts"
import type { SignatureCheck } from "../../entry/entry.ts"
import { COSTLY, weightOf, weightOfBytes } from "../../entry/signature-cost.ts"
import type { DigestCheck } from "./digest-message.ts"
import { type DigestThreads, digestThreads, startDigestThreads } from "./digest-thread.ts"
import type { MessageCheck } from "./dispatch.ts"
import { createLane } from "./fair-queue.ts"
import { createPortableVerifier } from "./portable.ts"

/** What one thread verifies in some five seconds. */
const WEIGHT_A_THREAD = 60_000
/** Less than the keys of cheap checks: a verification takes as long as an import. */
const COSTLY_KEYS = 256
/** Longer messages are hashed elsewhere. */
const LONGEST_HASHED_HERE = 65_536

/** In one of libuv's threads. */
export function verifyMessage({ key, hash, message, signature }: MessageCheck): Promise<boolean> {
  return new Promise((resolve, reject) => {
    verify(hash, message, key, signature, (error, holds) => {
      if (error) reject(new Trouble("busy", "signature verification failed", { cause: error }))
      else resolve(holds)
    })
  })
}

/** Where a message is hashed first, the digest and the hash. */
function digestOf(hash: HashName, message: Uint8Array) {
  return { digest: createHash(hash).update(message).digest(), hash }
}

export function createCostlyVerification(
  library: string | null,
  onBroken: (reason: Trouble) => void,
) {
  const atOnce = digestThreads()
  const most = atOnce * WEIGHT_A_THREAD
  const lane = createLane({
    // A thread has its next check before it has answered the last one.
    ...{ atOnce: atOnce + 1, most, mostOfOne: most / 2 },
    what: "signatures that take long to verify",
  })
  const portable = createPortableVerifier()
  let threads: Promise<DigestThreads> | undefined

  function started(): Promise<DigestThreads> {
    threads ??= startDigestThreads({ maxKeys: COSTLY_KEYS, library, isPatient: true }, onBroken)
    return threads
  }

  async function verifyDigest(check: DigestCheck): Promise<boolean> {
    return await (await started()).verify(check)
  }

  function patiently(
    weight: number,
    by: string | undefined,
    task: () => Promise<boolean>,
  ): Promise<boolean> {
    return lane(weight, by ?? "", task)
  }

  return {
    /** Undefined if the check is not costly. Refuses `try-later` as the lane does, here and below. */
    digest(check: DigestCheck, by?: string): Promise<boolean> | undefined {
      const weight = weightOfBytes(check.algorithm)
      if (weight < COSTLY) return undefined
      return patiently(weight, by, () => verifyDigest(check))
    },
    /** Undefined if the check is not costly. */
    message(check: MessageCheck, by?: string): Promise<boolean> | undefined {
      const { algorithm, spki, hash, message, signature } = check
      const weight = weightOfBytes(algorithm, message.length)
      if (weight < COSTLY) return undefined
      if (hash === null || message.length > LONGEST_HASHED_HERE) {
        return patiently(weight, by, () => verifyMessage(check))
      }
      const digested = { algorithm, spki, signature, ...digestOf(hash, message) }
      return patiently(weight, by, () => verifyDigest(digested))
    },
    /** Of Ed25519ph. */
    portable(check: SignatureCheck, by?: string): Promise<boolean> {
      const { algorithm, spki, signature, signed } = check
      const weight = weightOf(check)
      if (signed.form === "message") return patiently(weight, by, () => portable.verify(check))
      const { digest } = signed
      return patiently(weight, by, () => verifyDigest({ algorithm, spki, signature, digest }))
    },
    /** Ends the threads; what they were asked must be answered. */
    async close(): Promise<void> {
      await (await threads?.catch(() => undefined))?.close()
      await portable.close()
    },
  }
}
