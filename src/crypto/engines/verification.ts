// Chooses the engine of signature verification: native where it works, else portable, and says which.
import { Trouble } from "../../core/base/errors.ts"
import type { SignatureVerifier } from "../../entry/entry.ts"
import { createNativeVerifier, type NativeVerifierOptions } from "./native.ts"
import { createPortableVerifier } from "./portable.ts"

export type VerificationEngine = "auto" | "native" | "portable"

interface VerificationOptions extends Pick<NativeVerifierOptions, "library" | "onBroken"> {
  /** `auto` by default. */
  readonly engine?: VerificationEngine
}

async function createNative(options: VerificationOptions): Promise<SignatureVerifier> {
  try {
    return await createNativeVerifier(options)
  } catch (cause) {
    if (cause instanceof Trouble) throw cause
    throw new Trouble("busy", `native verification: ${String(cause)}`, { cause })
  }
}

/**
 * Makes the engine. With `native` it rejects with trouble where that one cannot work; with `auto` it
 * falls back, and `engine` says why.
 */
export async function createSignatureVerifier(
  options: VerificationOptions = {},
): Promise<SignatureVerifier> {
  if (options.engine === "portable") return createPortableVerifier()
  if (options.engine === "native") return createNative(options)
  try {
    return await createNative(options)
  } catch (error) {
    if (!(error instanceof Trouble)) throw error
    const portable = createPortableVerifier()
    return { ...portable, engine: `${portable.engine}, because ${error.message}` }
  }
}
