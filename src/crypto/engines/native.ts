// The fast engine of signature verification: OpenSSL, off the event loop. ECDSA and RSA over a digest go
// to the digest threads, messages to libuv's threads by node:crypto. Ed25519ph, which neither knows, is
// left to the portable engine.
import { type KeyObject, verify } from "node:crypto"
import { Trouble } from "../../core/base/errors.ts"
import type { SignatureCheck, SignatureVerifier } from "../../entry/entry.ts"
import { hashOfCheck } from "../../entry/portable-verification.ts"
import { startDigestThreads } from "./digest-thread.ts"
import { createGate } from "./gate.ts"
import { createMessageKeys, isPlausible } from "./message-keys.ts"
import { createPortableVerifier } from "./portable.ts"

export interface NativeVerifierOptions {
  /** Messages handed to libuv at once; the others wait. 32 fills every thread. */
  readonly maxInFlight?: number
  /** Imported keys that are kept, at most some 20 KB each. */
  readonly maxKeys?: number
  /** The file of an OpenSSL to call for digests, where the one inside the process hides itself. */
  readonly library?: string
  /** Told when a thread has ended by itself; only a new engine verifies digests again. */
  readonly onBroken?: (reason: Trouble) => void
}

const MOST_IN_FLIGHT = 32
const MOST_KEYS = 4096

function verifyMessage(
  check: SignatureCheck,
  message: Uint8Array,
  key: KeyObject,
): Promise<boolean> {
  const isPure = check.algorithm === "PKIX_ED25519"
  const hash = isPure ? null : hashOfCheck(check)
  return new Promise((resolve, reject) => {
    verify(hash, message, key, check.signature, (error, holds) => {
      if (error) reject(new Trouble("busy", "signature verification failed", { cause: error }))
      else resolve(holds)
    })
  })
}

/**
 * Makes the engine after a self-test with known answers. Rejects with trouble where the OpenSSL of the
 * process cannot be called or answers wrongly. The bytes of a check must not change until `verify`
 * settles.
 */
export async function createNativeVerifier(
  options: NativeVerifierOptions = {},
): Promise<SignatureVerifier> {
  const maxKeys = options.maxKeys ?? MOST_KEYS
  const data = { maxKeys, library: options.library ?? null }
  const digests = await startDigestThreads(data, options.onBroken ?? (() => {}))
  const gate = createGate(options.maxInFlight ?? MOST_IN_FLIGHT)
  const keys = createMessageKeys(maxKeys)
  const portable = createPortableVerifier()
  let isClosed = false

  async function verifySigned(check: SignatureCheck): Promise<boolean> {
    const { algorithm, spki, signature, signed } = check
    if (algorithm === "PKIX_ED25519_PH") return await portable.verify(check)
    if (signed.form === "digest") {
      if (algorithm === "PKIX_ED25519") return false
      return await digests.verify({ algorithm, spki, signature, digest: signed.digest })
    }
    const key = keys.find(check)
    if (key === undefined || !isPlausible(check, key)) return false
    return await gate.run(() => verifyMessage(check, signed.message, key.keyObject))
  }

  return {
    engine: `native (OpenSSL ${process.versions.openssl} through koffi)`,
    async verify(check) {
      if (isClosed) throw new Trouble("busy", "the signature verifier is closed")
      return await verifySigned(check)
    },
    async close() {
      isClosed = true
      await gate.idle()
      await digests.close()
      await portable.close()
    },
  }
}
