// The fast engine of signature verification: OpenSSL, off the event loop. ECDSA and RSA over a digest go
// to the digest threads, messages to libuv's threads by node:crypto; what is costly waits in a lane of its own.
import { Trouble } from "../../core/base/errors.ts"
import type { SignatureVerifier } from "../../entry/entry.ts"
import { createCostlyVerification, verifyMessage } from "./costly.ts"
import { startDigestThreads } from "./digest-thread.ts"
import { createDispatch, MOST_KEYS } from "./dispatch.ts"

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

/** Runs tasks, `limit` at once; the others wait in line. */
function createGate(limit: number): <T>(task: () => Promise<T>) => Promise<T> {
  const waiting: (() => void)[] = []
  let underWay = 0

  // A place is handed on without being given up, so that nobody can slip in between.
  const leave = () => {
    const start = waiting.shift()
    if (start === undefined) underWay -= 1
    else start()
  }

  return async (task) => {
    if (underWay < limit) underWay += 1
    else await new Promise<void>((resolve) => waiting.push(resolve))
    try {
      return await task()
    } finally {
      leave()
    }
  }
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
  const library = options.library ?? null
  const onBroken = options.onBroken ?? (() => {})
  const digests = await startDigestThreads({ maxKeys, library, isPatient: false }, onBroken)
  const gate = createGate(options.maxInFlight ?? MOST_IN_FLIGHT)
  const costly = createCostlyVerification(library, onBroken)
  const dispatch = createDispatch(maxKeys, {
    never: Promise.resolve(false),
    digest: (check, by) => costly.digest(check, by) ?? digests.verify(check),
    message: (check, by) => costly.message(check, by) ?? gate(() => verifyMessage(check)),
    portable: costly.portable,
  })
  let isClosed = false
  let underWay = 0
  const onIdle: (() => void)[] = []

  return {
    engine: `native (OpenSSL ${process.versions.openssl} through koffi)`,
    async verify(check, by) {
      if (isClosed) throw new Trouble("busy", "the signature verifier is closed")
      underWay += 1
      try {
        return await dispatch(check, by)
      } finally {
        underWay -= 1
        if (underWay === 0) for (const resolve of onIdle) resolve()
      }
    },
    async close() {
      isClosed = true
      if (underWay > 0) await new Promise<void>((resolve) => onIdle.push(resolve))
      await digests.close()
      await costly.close()
    },
  }
}
