// Merkle trees as RFC 6962 defines them, written from its section 2.1 with node:crypto alone, so that nothing of the
// program that is judged judges it. Hashes are Buffers of 32 bytes; every function computes only.
import { createHash } from "node:crypto"

/** MTH({}) of RFC 6962, section 2.1. */
export const EMPTY = createHash("sha256").digest()

export function leafHash(body: Uint8Array): Buffer {
  return createHash("sha256").update(Buffer.of(0)).update(body).digest()
}

function nodeHash(left: Buffer, right: Buffer): Buffer {
  return createHash("sha256").update(Buffer.of(1)).update(left).update(right).digest()
}

/** The root of an inclusion proof (RFC 9162, section 2.1.3.2); undefined if it has not the form of one. */
export function rootOfInclusion(
  { leaf, index, size }: { readonly leaf: Buffer; readonly index: number; readonly size: number },
  path: readonly Buffer[],
): Buffer | undefined {
  if (index < 0 || index >= size) return undefined
  let [node, last, hash] = [BigInt(index), BigInt(size) - 1n, leaf]
  for (const step of path) {
    if (last === 0n) return undefined
    if ((node & 1n) === 1n || node === last) {
      hash = nodeHash(step, hash)
      while ((node & 1n) === 0n && node !== 0n) {
        node >>= 1n
        last >>= 1n
      }
    } else hash = nodeHash(hash, step)
    node >>= 1n
    last >>= 1n
  }
  return last === 0n ? hash : undefined
}

export interface TreeHead {
  readonly size: number
  readonly root: Buffer
}

/** Whether the proof leads from the older head to the newer one (RFC 9162, section 2.1.4.2). */
export function isConsistent(from: TreeHead, to: TreeHead, proof: readonly Buffer[]): boolean {
  if (from.size > to.size) return false
  if (from.size === to.size) return proof.length === 0 && from.root.equals(to.root)
  if (from.size === 0) return proof.length === 0 && from.root.equals(EMPTY)
  let node = BigInt(from.size) - 1n
  let last = BigInt(to.size) - 1n
  while ((node & 1n) === 1n) {
    node >>= 1n
    last >>= 1n
  }
  const rest = [...proof]
  // A perfect older tree is its own first hash, which the proof leaves out.
  const first = node === 0n ? from.root : rest.shift()
  if (first === undefined) return false
  let [older, newer] = [first, first]
  for (const step of rest) {
    if (last === 0n) return false
    if ((node & 1n) === 1n || node === last) {
      older = nodeHash(step, older)
      newer = nodeHash(step, newer)
      while ((node & 1n) === 0n && node !== 0n) {
        node >>= 1n
        last >>= 1n
      }
    } else newer = nodeHash(newer, step)
    node >>= 1n
    last >>= 1n
  }
  return last === 0n && older.equals(from.root) && newer.equals(to.root)
}

/** A tree that grows by leaves: the roots of its perfect subtrees, the largest one first. */
export interface Growing {
  readonly size: number
  add(leaf: Buffer): void
  root(): Buffer
}

export function createGrowing(): Growing {
  const peaks: { readonly hash: Buffer; readonly leaves: number }[] = []
  let size = 0
  return {
    get size() {
      return size
    },
    add(leaf) {
      size += 1
      let peak = { hash: leaf, leaves: 1 }
      for (let left = peaks.at(-1); left?.leaves === peak.leaves; left = peaks.at(-1)) {
        peaks.pop()
        peak = { hash: nodeHash(left.hash, peak.hash), leaves: 2 * peak.leaves }
      }
      peaks.push(peak)
    },
    root() {
      const hashes = peaks.map(({ hash }) => hash)
      const last = hashes.pop()
      return last === undefined
        ? EMPTY
        : hashes.reduceRight((right, left) => nodeHash(left, right), last)
    },
  }
}
