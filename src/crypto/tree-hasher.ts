// The hasher of the tree by node:crypto (RFC 6962 section 2.1), several times as fast as the portable one:
// the one-shot hash with a string result, which allocates no Buffer.
import { hash } from "node:crypto"
import { LONGEST_BODY } from "../core/base/limits.ts"
import { asHash, HASH_SIZE, type Hash, type TreeHasher } from "../core/tree/hash.ts"

/** SHA-256 as 32 characters, one a byte. */
const sha256 = (bytes: Uint8Array): string => hash("sha256", bytes, "binary")

function writeText(text: string, to: Uint8Array, at: number): void {
  for (let i = 0; i < HASH_SIZE; i++) to[at + i] = text.charCodeAt(i)
}

function hashOfText(text: string): Hash {
  const bytes = new Uint8Array(HASH_SIZE)
  writeText(text, bytes, 0)
  return asHash(bytes)
}

const NODE_PREFIX = 1
const nodeInput = new Uint8Array(1 + 2 * HASH_SIZE)
nodeInput[0] = NODE_PREFIX

const leafInput = new Uint8Array(1 + LONGEST_BODY)

function leafBytes(body: Uint8Array): Uint8Array {
  const bytes =
    body.length <= LONGEST_BODY
      ? leafInput.subarray(0, 1 + body.length)
      : new Uint8Array(1 + body.length)
  bytes.set(body, 1)
  return bytes
}

export const nativeHasher: TreeHasher = {
  leaf: (body) => hashOfText(sha256(leafBytes(body))),
  node(left, right) {
    nodeInput.set(left, 1)
    nodeInput.set(right, 1 + HASH_SIZE)
    return hashOfText(sha256(nodeInput))
  },
  nodeInto(from, left, to, at) {
    for (let i = 0; i < 2 * HASH_SIZE; i++) nodeInput[1 + i] = from[left + i] as number
    writeText(sha256(nodeInput), to, at)
  },
}
