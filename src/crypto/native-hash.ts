// The hashes that signatures are made over, by OpenSSL: hundreds of megabytes a second where noble has 15.
import { createHash } from "node:crypto"
import type { HashName } from "../core/base/digest.ts"

export function hashNatively(name: HashName, bytes: Uint8Array): Uint8Array {
  return createHash(name).update(bytes).digest()
}
