// Many bundles under one trust: what they share (checkpoints, keys, certificates) is verified or read once. The caches
// have bounds, and remember nothing that depends on the bundle.
import { formatBase64 } from "../../core/base/text.ts"
import type { SignatureRule } from "../../core/note/note.ts"
import { createVerifierKeyCache, rememberKeys, type VerifierKey } from "../../entry/verifier-key.ts"
import { parseAnyBundle, type SigstoreBundle } from "../../sigstore/bundle.ts"
import { readKeyFile } from "../key-file.ts"
import type { Trust } from "../trust.ts"
import { portableEngine, type VerifierEngine } from "./engine.ts"
import { type BundleCheck, type ParsedCheck, type VerifiedBundle, verifyWith } from "./verify.ts"

/** What is the same for all bundles, as in {@link BundleCheck}. */
export interface ManyOptions {
  readonly engine?: VerifierEngine
  /** The clock's, for each bundle anew, by default. */
  readonly now?: Date
}

/** Verifies one bundle after another, each as {@link verifyBundle} does. */
export interface ManyBundles {
  verify(check: Omit<BundleCheck, keyof ManyOptions | "trust">): VerifiedBundle
}

/** As {@link ManyBundles}, for bundles and keys that are read already. */
export type ParsedVerifier = (
  bundle: SigstoreBundle,
  key: VerifierKey,
  check: Omit<ParsedCheck, keyof ManyOptions | "trust">,
) => VerifiedBundle

const MOST_KEYS = 1_024
const MOST_LINES = 1_024
/** Longer notes are verified anew each time, so that the cache's size in bytes has a bound too. */
const LONGEST_TEXT = 4_096
const LONGEST_SIGNATURE = 4_096

/** Remembers which signature lines hold, and which do not; the oldest is forgotten. */
export function rememberLines(rule: SignatureRule): SignatureRule {
  const known = new Map<string, boolean>()
  return (vkey, text, signature) => {
    if (text.length > LONGEST_TEXT || signature.length > LONGEST_SIGNATURE) {
      return rule(vkey, text, signature)
    }
    // A key ID is four bytes, so the key itself must be part of the name.
    const { name, type, publicKey } = vkey
    const parts = [type, name, formatBase64(publicKey), formatBase64(signature), text]
    const line = parts.join("\n")
    const holds = known.get(line) ?? rule(vkey, text, signature)
    known.set(line, holds)
    const oldest = known.size > MOST_LINES ? known.keys().next() : undefined
    if (oldest?.done === false) known.delete(oldest.value)
    return holds
  }
}

/** As {@link createBundleVerifier}, for bundles and keys that are read already. */
export function createParsedVerifier(trust: Trust, options: ManyOptions = {}): ParsedVerifier {
  const { engine: given = portableEngine } = options
  const shared = {
    ...options,
    trust,
    engine: { ...given, checkLine: rememberLines(given.checkLine) },
  }
  const readKey = createVerifierKeyCache(MOST_KEYS)
  return (bundle, key, check) => verifyWith(bundle, key, { ...check, ...shared }, readKey)
}

/**
 * A verifier of many bundles under one trust, with caches of about 10 MB at most: a checkpoint that several share is
 * verified once. With the platform's own engine about 1 ms a bundle.
 *
 * @example
 * ```ts
 * import { readFileSync } from "node:fs"
 * import { createBundleVerifier, parseTrustedRoot } from "countersign/verify"
 *
 * const trustedRoot = parseTrustedRoot(readFileSync("trusted_root.json", "utf8"))
 * const { verify } = createBundleVerifier({ trustedRoot })
 * const bundle = readFileSync("artifact.txt.sigstore.json", "utf8")
 * const [artifact, key] = [readFileSync("artifact.txt"), readFileSync("signer.pub")]
 * console.log(verify({ bundle, artifact, key }).index) // 0
 * ```
 */
export function createBundleVerifier(trust: Trust, options: ManyOptions = {}): ManyBundles {
  const verifyParsed = createParsedVerifier(trust, options)
  const readText = rememberKeys(MOST_KEYS, readKeyFile)
  return {
    verify({ bundle, key, ...check }) {
      const own = typeof key === "string" ? readText(key) : readKeyFile(key)
      return verifyParsed(parseAnyBundle(bundle), own, check)
    },
  }
}
