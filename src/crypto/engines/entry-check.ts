// Signature verification on the calling thread, for a monitor that reads entries one after the other: the
// same engines and the same strict rules as the server's (native.ts), without handing anything over. What
// neither OpenSSL nor node:crypto can do goes to the portable code.
import { verify } from "node:crypto"
import { Trouble } from "../../core/base/errors.ts"
import type { SignatureCheck } from "../../entry/entry.ts"
import { verifyPortably } from "../../entry/portable-verification.ts"
import { createDigestKeys } from "./digest-keys.ts"
import { createDispatch, MOST_KEYS } from "./dispatch.ts"
import type { NativeVerifierOptions } from "./native.ts"
import { type ImportKey, loadOpenSsl } from "./openssl.ts"
import type { VerificationEngine } from "./verification.ts"

/** Keys of digests and of messages are kept, `maxKeys` of each. */
export interface EntryCheckOptions extends Pick<NativeVerifierOptions, "maxKeys" | "library"> {
  /** `auto` by default: portable where OpenSSL cannot be called for digests. */
  readonly engine?: VerificationEngine
}

export interface EntryCheck {
  /** For people, for example `native (OpenSSL 3.0.19 through koffi)`. */
  readonly engine: string
  /** Whether every signature holds; false for every malformed input. True for no checks at all. */
  verify(checks: readonly SignatureCheck[]): boolean
  /** Gives the imported keys back; nothing may be verified afterwards. */
  close(): void
}

const portable: EntryCheck = {
  engine: "portable (JavaScript)",
  verify: (checks) => checks.every(verifyPortably),
  close: () => {},
}

function createNative(importKey: ImportKey, maxKeys: number): EntryCheck {
  const digestKeys = createDigestKeys(importKey, maxKeys)
  const holds = createDispatch(maxKeys, {
    never: false,
    digest: digestKeys.holds,
    message: ({ key, hash, message, signature }) => verify(hash, message, key, signature),
    portable: verifyPortably,
  })
  return {
    engine: `native (OpenSSL ${process.versions.openssl} through koffi)`,
    verify: (checks) => checks.every((check) => holds(check)),
    close: () => digestKeys.clear(),
  }
}

/**
 * Makes the engine after a self-test with known answers. With `native` it throws trouble where OpenSSL
 * cannot be called; with `auto` it falls back, and `engine` says why.
 */
export function createEntryCheck(options: EntryCheckOptions = {}): EntryCheck {
  if (options.engine === "portable") return portable
  try {
    return createNative(loadOpenSsl(options.library ?? null), options.maxKeys ?? MOST_KEYS)
  } catch (error) {
    if (options.engine === "native" || !(error instanceof Trouble)) throw error
    return { ...portable, engine: `${portable.engine}, because ${error.message}` }
  }
}
