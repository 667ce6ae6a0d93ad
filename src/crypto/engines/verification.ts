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

/**
 * Makes the engine. With `native` it rejects with trouble where that one cannot work; with `auto` it
 * falls back, and `engine` says why.
 */
export async function createSignatureVerifier(
  options: VerificationOptions = {},
): Promise<SignatureVerifier> {
  if (options.engine === "portable") return createPortableVerifier()
  try {
    return await createNativeVerifier(options)
  } catch (cause) {
    const trouble =
      cause instanceof Trouble
        ? cause
        : new Trouble("busy", `native verification: ${String(cause)}`, { cause })
    if (options.engine === "native") throw trouble
    const portable = createPortableVerifier()
    return { ...portable, engine: `${portable.engine}, because ${trouble.message}` }
  }
}
