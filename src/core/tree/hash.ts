// RFC 6962 section 2.1 hashing: leaf, node, empty root, and the head (size and root) of a tree.
// The hasher is a value, so that a server can hand in its native SHA-256; the portable one is noble's.
import { sha256 } from "@noble/hashes/sha2.js"
import { concat } from "../base/bytes.ts"
import { bug, refuse } from "../base/errors.ts"

export const HASH_SIZE = 32

/** The mark of {@link Hash} in the type system; nothing of it exists at run time. */
export declare const hashBrand: unique symbol
/** 32 bytes that are a node of some tree. Made by a hasher or by {@link asHash}. */
export type Hash = Uint8Array & { readonly [hashBrand]: true }

/**
 * Marks 32 bytes as a hash without copying them. Refuses `malformed` for another length; `what` names the bytes
 * in its message.
 *
 * @example
 * ```ts
 * import { createHash } from "node:crypto"
 * import { asHash } from "countersign/verify"
 *
 * const leafHash = asHash(createHash("sha256").update("\0body").digest())
 * console.log(leafHash.length) // 32
 * ```
 */
export function asHash(bytes: Uint8Array, what = "hash"): Hash {
  if (bytes.length !== HASH_SIZE) {
    refuse("malformed", `${what}: expected ${HASH_SIZE} bytes, found ${bytes.length}`)
  }
  return bytes as Hash
}

/** Size and root of a tree, unsigned. `size` is an integer from 0 to 2^53-1. */
export interface Head {
  readonly size: number
  readonly root: Hash
}

/** SHA-256 with the domain separation of RFC 6962. */
export interface TreeHasher {
  /** SHA-256(0x00 || body). */
  leaf(body: Uint8Array): Hash
  /** SHA-256(0x01 || left || right). */
  node(left: Hash, right: Hash): Hash
  /** The node over the 64 bytes at `from[left]`, written to the 32 bytes at `to[at]`. */
  nodeInto(from: Uint8Array, left: number, to: Uint8Array, at: number): void
}

const LEAF = Uint8Array.of(0)
const NODE = Uint8Array.of(1)

/** The hasher of any JavaScript engine, about five times slower than Node's own. */
export const portableHasher: TreeHasher = {
  leaf: (body) => asHash(sha256(concat(LEAF, body))),
  node: (left, right) => asHash(sha256(concat(NODE, left, right))),
  nodeInto(from, left, to, at) {
    to.set(sha256(concat(NODE, from.subarray(left, left + 2 * HASH_SIZE))), at)
  },
}

/** RFC 6962 section 2.1: the root of the tree without entries is SHA-256 of nothing. */
export const EMPTY_ROOT: Hash = asHash(sha256(new Uint8Array(0)))

/** The head of the tree without entries. */
export const EMPTY_HEAD: Head = { size: 0, root: EMPTY_ROOT }

/** Guards the places where a size or an index enters by a number instead of by text. */
export function assertSize(value: number, what: string): void {
  if (!Number.isSafeInteger(value) || value < 0) bug(`${what} is not a size: ${value}`)
}
