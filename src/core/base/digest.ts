// The digests that signatures are made over (FIPS 180-4), computed by noble. A server that has a
// faster SHA-256 hands it in where it matters; the tree has its own hasher (hash.ts).
import { sha1 } from "@noble/hashes/legacy.js"
import { sha256, sha384, sha512 } from "@noble/hashes/sha2.js"

/** The hashes that signatures are made over (FIPS 180-4). */
export type HashName = "sha256" | "sha384" | "sha512"

/** Digest lengths in bytes. */
export const digestLength: Readonly<Record<HashName, number>> = {
  sha256: 32,
  sha384: 48,
  sha512: 64,
}

/** Every hash, from the shortest. */
export const hashNames = Object.keys(digestLength) as readonly HashName[]

export function isHashName(name: string): name is HashName {
  return Object.hasOwn(digestLength, name)
}

const functions = { sha256, sha384, sha512 } as const

/** The digest of `bytes`, about 15 MB a second; for large inputs use the platform's own. */
export function digestOf(hash: HashName, bytes: Uint8Array): Uint8Array {
  return functions[hash](bytes)
}

/** SHA-1, as Git names its objects; nothing here relies on it. */
export function sha1Of(bytes: Uint8Array): Uint8Array {
  return sha1(bytes)
}
