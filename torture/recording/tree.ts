// RFC 6962 by code of its own, so that what is held to the program does not come from it.
import { createHash } from "node:crypto"

function sha256(...parts: readonly Uint8Array[]): Buffer {
  const hash = createHash("sha256")
  for (const part of parts) hash.update(part)
  return hash.digest()
}

const LEAF = Uint8Array.of(0)
const NODE = Uint8Array.of(1)

export function leafHash(body: Uint8Array): Buffer {
  return sha256(LEAF, body)
}

/** The roots at rising sizes, from the leaf hashes; undefined where there are fewer leaves. */
export function rootsAt(
  sizes: readonly number[],
  leaves: readonly Buffer[],
): ReadonlyMap<number, string | undefined> {
  const roots = new Map<number, string | undefined>()
  /** Whole subtrees from the left, largest first, with the number of their leaves. */
  const stack: { readonly width: number; readonly hash: Buffer }[] = []
  const fold = (): Buffer =>
    stack.length === 0
      ? sha256()
      : stack.map(({ hash }) => hash).reduceRight((right, left) => sha256(NODE, left, right))
  let at = 0
  for (const size of sizes) {
    for (; at < Math.min(size, leaves.length); at++) {
      let node = { width: 1, hash: leaves[at] as Buffer }
      for (let last = stack.at(-1); last?.width === node.width; last = stack.at(-1)) {
        stack.pop()
        node = { width: node.width * 2, hash: sha256(NODE, last.hash, node.hash) }
      }
      stack.push(node)
    }
    roots.set(size, size > leaves.length ? undefined : fold().toString("hex"))
  }
  return roots
}
