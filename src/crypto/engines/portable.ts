// The engine of signature verification for platforms whose OpenSSL cannot be called: the portable code in
// worker threads, so that the event loop does not wait for it. About 40 times slower than native.
import { Piscina } from "piscina"
import { Trouble } from "../../core/base/errors.ts"
import { present } from "../../core/base/present.ts"
import type { SignatureCheck, SignatureVerifier, Signed } from "../../entry/entry.ts"
import { workerFile } from "./worker-file.ts"

const IDLE_MILLISECONDS = 5_000

/** Posting a view would copy the whole buffer behind it. */
function posted({ algorithm, spki, signature, signed }: SignatureCheck): SignatureCheck {
  const copy: Signed =
    signed.form === "digest"
      ? {
          ...present({ hash: signed.hash }),
          form: "digest",
          digest: Uint8Array.from(signed.digest),
        }
      : { ...signed, message: Uint8Array.from(signed.message) }
  const bytes = { spki: Uint8Array.from(spki), signature: Uint8Array.from(signature) }
  return { algorithm, ...bytes, signed: copy }
}

/** Makes the engine. Its threads, `maxThreads` at most, start when they are needed and end when they are not. */
export function createPortableVerifier(maxThreads = 2): SignatureVerifier {
  let threads: Piscina<SignatureCheck, boolean> | undefined
  let isClosed = false
  return {
    engine: "portable (JavaScript)",
    async verify(check) {
      if (isClosed) throw new Trouble("busy", "the signature verifier is closed")
      threads ??= new Piscina({
        filename: workerFile("engines/portable-worker"),
        name: "verifyPortably",
        minThreads: 0,
        maxThreads,
        idleTimeout: IDLE_MILLISECONDS,
      })
      try {
        return await threads.run(posted(check))
      } catch (cause) {
        throw new Trouble("busy", "a thread for signature verification failed", { cause })
      }
    },
    async close() {
      isClosed = true
      await threads?.close()
    },
  }
}
