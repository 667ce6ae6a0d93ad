// The fast engine of signature verification: OpenSSL, off the event loop. ECDSA and RSA over a digest go
// through openssl.ts, messages through node:crypto. Ed25519ph, which neither knows, is left to the
// portable engine in its threads.
import { type KeyObject, verify } from "node:crypto"
import { ED25519_KEY_SIZE, ED25519_SIGNATURE_SIZE, isStrictPoint } from "../core/ed25519.ts"
import { bug, Trouble } from "../core/errors.ts"
import { algorithms, digestLength } from "../entry/algorithm.ts"
import type { SignatureCheck, SignatureVerifier } from "../entry/entry.ts"
import { hashOfCheck } from "../entry/portable-verification.ts"
import { createGate } from "./gate.ts"
import { createNativeKeys, type NativeKey } from "./native-keys.ts"
import { loadOpenSsl, RESIDENT_POOLS } from "./openssl.ts"
import { createPortableVerifier } from "./portable.ts"

export interface NativeVerifierOptions {
  /** Verifications handed to libuv at once; the others wait. 32 fills every thread. */
  readonly maxInFlight?: number
  /** Imported keys that are kept, at most some 20 KB each. */
  readonly maxKeys?: number
}

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

/** Node's OpenSSL accepts small-order points, under which one signature holds for any message. */
function isStrict(signature: Uint8Array, point: Uint8Array): boolean {
  return (
    signature.length === ED25519_SIGNATURE_SIZE &&
    isStrictPoint(point) &&
    isStrictPoint(signature.subarray(0, ED25519_KEY_SIZE))
  )
}

/** Whether OpenSSL may see the check at all: forms that fit the algorithm, and lengths. */
function isPlausible({ algorithm, signature, signed }: SignatureCheck, key: NativeKey): boolean {
  if (signature.length === 0) return false
  if (algorithm === "PKIX_ED25519") {
    return signed.form === "message" && key.point !== undefined && isStrict(signature, key.point)
  }
  // SPEC: EVP_PKEY_verify truncates a digest that is longer than the curve's order.
  const length = digestLength[algorithms[algorithm].hash]
  return signed.form === "message" || signed.digest.length === length
}

/**
 * Makes the engine after a self-test with known answers. Throws trouble where the OpenSSL of the
 * process cannot be called or answers wrongly. The bytes of a check must not change until `verify`
 * settles.
 */
export function createNativeVerifier(options: NativeVerifierOptions = {}): SignatureVerifier {
  const openSsl = loadOpenSsl()
  const gate = createGate(options.maxInFlight ?? RESIDENT_POOLS)
  const keys = createNativeKeys(openSsl, options.maxKeys ?? MOST_KEYS)
  const portable = createPortableVerifier()
  let isClosed = false

  // Finding a key and taking it into use happen in one step: a key that waits for its turn could be
  // freed before it comes.
  const verifyNow = async (check: SignatureCheck): Promise<boolean> => {
    const key = keys.find(check)
    if (key === undefined || !isPlausible(check, key)) return false
    const { signature, signed } = check
    if (signed.form === "message") return verifyMessage(check, signed.message, key.keyObject)
    const contexts = key.contexts ?? bug("a key without contexts was found for a digest")
    return contexts.run((context) => openSsl.verify(context, signature, signed.digest))
  }

  return {
    engine: `native (OpenSSL ${process.versions.openssl} through koffi)`,
    async verify(check) {
      if (isClosed) throw new Trouble("busy", "the signature verifier is closed")
      if (check.algorithm === "PKIX_ED25519_PH") return portable.verify(check)
      return gate.run(() => verifyNow(check))
    },
    async close() {
      isClosed = true
      await gate.idle()
      keys.clear()
      await portable.close()
    },
  }
}
