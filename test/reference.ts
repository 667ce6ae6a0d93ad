// The definitions of RFC 6962 section 2.1, written as they stand there: recursive, slow and without
// any code of src. What the tests compare the tree with.
import { createHash } from "node:crypto"
import type { Hash, TreeHasher } from "../src/core/tree/hash.ts"

export function sha256(...parts: readonly Uint8Array[]): Hash {
  const hash = createHash("sha256")
  for (const part of parts) hash.update(part)
  return new Uint8Array(hash.digest()) as Hash
}

const ZERO = Uint8Array.of(0)
const ONE = Uint8Array.of(1)

/** The hasher of src with Node's SHA-256, so that exhaustive tests take seconds. */
export const nodeHasher: TreeHasher = {
  leaf: (body) => sha256(ZERO, body),
  node: (left, right) => sha256(ONE, left, right),
  nodeInto: (from, left, to, at) => to.set(sha256(ONE, from.subarray(left, left + 64)), at),
}

/** The largest power of two smaller than n. */
function k(n: number): number {
  return 2 ** (Math.ceil(Math.log2(n)) - 1)
}

/** Section 2.1: MTH(D). */
export function mth(d: readonly Uint8Array[]): Hash {
  const n = d.length
  if (n === 0) return sha256()
  if (n === 1) return sha256(ZERO, d[0] as Uint8Array)
  return sha256(ONE, mth(d.slice(0, k(n))), mth(d.slice(k(n))))
}

/** MTH as a Buffer, for comparing with what a store or a log gives. */
export function referenceRoot(d: readonly Uint8Array[]): Buffer {
  return Buffer.from(mth(d))
}

/** Section 2.1.1: PATH(m, D). */
export function path(m: number, d: readonly Uint8Array[]): Hash[] {
  const n = d.length
  if (n === 1) return []
  return m < k(n)
    ? [...path(m, d.slice(0, k(n))), mth(d.slice(k(n)))]
    : [...path(m - k(n), d.slice(k(n))), mth(d.slice(0, k(n)))]
}

/** Section 2.1.2: PROOF(m, D) for 0 < m. */
export function proof(m: number, d: readonly Uint8Array[]): Hash[] {
  return subproof(m, d, true)
}

function subproof(m: number, d: readonly Uint8Array[], b: boolean): Hash[] {
  const n = d.length
  if (m === n) return b ? [] : [mth(d)]
  return m <= k(n)
    ? [...subproof(m, d.slice(0, k(n)), b), mth(d.slice(k(n)))]
    : [...subproof(m - k(n), d.slice(k(n)), false), mth(d.slice(0, k(n)))]
}

/** Bodies that all differ: `count` big-endian integers of two bytes. */
export function bodies(count: number): Uint8Array[] {
  return Array.from({ length: count }, (_, i) => Uint8Array.of(Math.floor(i / 256), i % 256))
}

/** The leaves of the accumulated vectors: body i is the single byte i. */
export function singleBytes(count: number): Uint8Array[] {
  return Array.from({ length: count }, (_, i) => Uint8Array.of(i))
}
