// Inclusion and consistency proofs of RFC 6962 section 2.1.1 and 2.1.2 (the same as RFC 9162 section
// 2.1.3 and 2.1.4): planned, computed, and checked. Plan, then compute: `plan…` names the nodes that a
// proof needs, `proofFromNodes` folds their hashes. Checking computes the root that a proof implies.
import { equalBytes } from "../base/bytes.ts"
import { refuse } from "../base/errors.ts"
import { type Hash, type Head, portableHasher, type TreeHasher } from "./hash.ts"
import {
  consistencyRanges,
  foldNodes,
  inclusionRanges,
  type NodeId,
  rangeNodes,
  splitPoint,
} from "./tree.ts"

/** An inclusion proof (RFC 6962, section 2.1.1) as it travels: with the head that it claims to lead to. */
export interface InclusionProof extends Head {
  readonly index: number
  readonly hashes: readonly Hash[]
}

/** One list of adjacent nodes for each hash of a proof; the nodes fold into that hash. */
export type ProofPlan = readonly (readonly NodeId[])[]

/** False for NaN, fractions and negative numbers, which comparing alone would let through. */
function isIndexBelow(index: number, size: number): boolean {
  return Number.isSafeInteger(index) && Number.isSafeInteger(size) && index >= 0 && index < size
}

/** What a proof for `index` in the tree of `size` entries is made of. Refuses index >= size. */
export function planInclusion(index: number, size: number): ProofPlan {
  if (!isIndexBelow(index, size)) {
    refuse("beyond-tree", `expected an index below the size ${size}, found ${index}`)
  }
  return inclusionRanges(index, size).map(rangeNodes)
}

/** What a proof from `oldSize` to `newSize` is made of. Refuses oldSize > newSize. */
export function planConsistency(oldSize: number, newSize: number): ProofPlan {
  if (!isIndexBelow(oldSize, newSize) && oldSize !== newSize) {
    refuse("malformed", `expected an old size up to the new size ${newSize}, found ${oldSize}`)
  }
  return consistencyRanges(oldSize, newSize).map(rangeNodes)
}

/** Turns a plan into the proof. `hashOf` gives the hash of each node that the plan names. */
export function proofFromNodes(
  plan: ProofPlan,
  hashOf: (node: NodeId) => Hash,
  hasher: TreeHasher,
): Hash[] {
  return plan.map((nodes) => foldNodes(nodes.map(hashOf), hasher))
}

/**
 * The root that an inclusion proof implies for `leafHash` at `index` in a tree of `size` entries.
 * Refuses `bad-proof` if the path is too short or too long, or if index >= size. At most 53 hashes.
 */
export function rootFromInclusion(
  leafHash: Hash,
  index: number,
  size: number,
  path: readonly Hash[],
  hasher: TreeHasher = portableHasher,
): Hash {
  if (!isIndexBelow(index, size)) {
    refuse("bad-proof", `index ${index} is not in a tree of ${size} entries`)
  }
  if (size === 1) {
    return path.length === 0 ? leafHash : refuse("bad-proof", "inclusion proof is too long")
  }
  const sibling = path.at(-1) ?? refuse("bad-proof", "inclusion proof is too short")
  const below = path.slice(0, -1)
  const split = splitPoint(size)
  if (index < split) {
    return hasher.node(rootFromInclusion(leafHash, index, split, below, hasher), sibling)
  }
  return hasher.node(
    sibling,
    rootFromInclusion(leafHash, index - split, size - split, below, hasher),
  )
}

interface Roots {
  readonly old: Hash
  readonly new: Hash
}

/** `whole` says that this subtree begins the old tree, whose root the proof then leaves out. */
function rootsBelow(
  oldSize: number,
  newSize: number,
  whole: Hash | undefined,
  path: readonly Hash[],
  hasher: TreeHasher,
): Roots {
  if (oldSize === newSize) {
    const last = whole ?? path[0] ?? refuse("bad-proof", "consistency proof is too short")
    if (path.length !== (whole === undefined ? 1 : 0)) {
      refuse("bad-proof", "consistency proof is too long")
    }
    return { old: last, new: last }
  }
  const sibling = path.at(-1) ?? refuse("bad-proof", "consistency proof is too short")
  const below = path.slice(0, -1)
  const split = splitPoint(newSize)
  if (oldSize <= split) {
    const left = rootsBelow(oldSize, split, whole, below, hasher)
    return { old: left.old, new: hasher.node(left.new, sibling) }
  }
  const right = rootsBelow(oldSize - split, newSize - split, undefined, below, hasher)
  return { old: hasher.node(sibling, right.old), new: hasher.node(sibling, right.new) }
}

/**
 * The pair of roots that a consistency proof implies, given the old root. Requires 0 < oldSize <=
 * newSize; refuses `bad-proof` if the path is too short or too long.
 */
export function rootsFromConsistency(
  oldSize: number,
  newSize: number,
  oldRoot: Hash,
  path: readonly Hash[],
  hasher: TreeHasher = portableHasher,
): Roots {
  // An old size is a size if the last index of its tree is an index of the new one.
  if (!isIndexBelow(oldSize - 1, newSize)) {
    refuse("bad-proof", `no consistency proof leads from size ${oldSize} to size ${newSize}`)
  }
  return rootsBelow(oldSize, newSize, oldRoot, path, hasher)
}

/**
 * Checks that the entry with `leafHash` is at `index` under `head` (RFC 9162, section 2.1.3.2). Refuses
 * `bad-proof`.
 *
 * @example
 * ```ts
 * import { readFileSync } from "node:fs"
 * import { decodeBundle, parseCheckpoint, parseNote, parseTlogProof } from "countersign/audit"
 * import { portableHasher, verifyInclusion } from "countersign/audit"
 *
 * const [body = new Uint8Array()] = decodeBundle(readFileSync("entries"), 5)
 * const { index, path, checkpoint } = parseTlogProof(readFileSync("proof.txt"))
 * const head = parseCheckpoint(parseNote(checkpoint).text) // signed: see checkPolicy
 * verifyInclusion(portableHasher.leaf(body), index, head, path)
 * ```
 */
export function verifyInclusion(
  leafHash: Hash,
  index: number,
  head: Head,
  path: readonly Hash[],
  hasher: TreeHasher = portableHasher,
): void {
  const root = rootFromInclusion(leafHash, index, head.size, path, hasher)
  if (!equalBytes(root, head.root)) {
    refuse("bad-proof", `the inclusion proof does not lead to the root at size ${head.size}`)
  }
}

/**
 * Checks that the tree of `newer` begins with the tree of `older` (RFC 9162, section 2.1.4.2). Refuses
 * `bad-proof`. Size 0 is the beginning of every tree and takes an empty proof only.
 *
 * @example
 * ```ts
 * import { readFileSync } from "node:fs"
 * import { parseCheckpoint, parseNote, verifyConsistency } from "countersign/audit"
 * import { createLogClient } from "countersign/client"
 *
 * const log = createLogClient({ url: "http://localhost:3000" })
 * const older = parseCheckpoint(parseNote(readFileSync("older.checkpoint")).text)
 * const newer = parseCheckpoint(parseNote(readFileSync("checkpoint")).text)
 * verifyConsistency(older, newer, await log.consistency(older.size, newer.size))
 * ```
 */
export function verifyConsistency(
  older: Head,
  newer: Head,
  path: readonly Hash[],
  hasher: TreeHasher = portableHasher,
): void {
  if (older.size === 0) {
    // SPEC: the proof MUST be empty if the old size is zero (C2SP tlog-witness).
    if (path.length > 0) refuse("bad-proof", "a consistency proof from size 0 must be empty")
    return
  }
  const roots = rootsFromConsistency(older.size, newer.size, older.root, path, hasher)
  if (!equalBytes(roots.old, older.root) || !equalBytes(roots.new, newer.root)) {
    const beginning = `does not begin with the tree of size ${older.size}`
    refuse("bad-proof", `the tree of size ${newer.size} ${beginning}`)
  }
}
