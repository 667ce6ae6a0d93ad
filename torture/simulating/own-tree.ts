// The observer's own RFC 6962 tree: roots of every size of a growing list of leaves, and inclusion proofs. Hashes are
// strings of 32 characters, one a byte. Nothing of the program is used.
import { hash } from "node:crypto"

export type OwnHash = string

const sha256 = (text: string): OwnHash =>
  hash("sha256", Buffer.from(text, "latin1"), "binary" as "hex")

/** A body as text; twins have leaf hashes whose first 16 bytes are the same, which no real ones have. */
export function bodyOf(number: number, isTwin: boolean): Uint8Array {
  const text = `{"apiVersion":"1","kind":"simulated","n":"${number}${isTwin ? "T" : "N"}"}`
  return new Uint8Array(Buffer.from(text))
}

const [BRACE, T] = [0x7b, 0x54]
const TWIN_PREFIX = "sixteen bytes!!!"

export function isTwin(body: Uint8Array): boolean {
  return body[0] === BRACE && body[body.length - 3] === T
}

/** What a hasher makes of a leaf hash where twins are meant to be. */
export function twinned(leaf: Uint8Array): void {
  for (let i = 0; i < TWIN_PREFIX.length; i++) leaf[i] = TWIN_PREFIX.charCodeAt(i)
}

export const textOf = (bytes: Uint8Array): OwnHash =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1")

export function leafOf(body: Uint8Array): OwnHash {
  const leaf = sha256(`\u0000${textOf(body)}`)
  return isTwin(body) ? TWIN_PREFIX + leaf.slice(TWIN_PREFIX.length) : leaf
}

const nodeOf = (left: OwnHash, right: OwnHash): OwnHash => sha256(`\u0001${left}${right}`)
const EMPTY = sha256("")

/** The roots of the perfect trees that a tree consists of, largest first, and its own once somebody has asked. */
interface Range {
  readonly size: number
  readonly nodes: readonly OwnHash[]
  root: OwnHash | undefined
}

/** A list of leaves with what each of its beginnings consists of. */
export interface OwnTree {
  readonly leaves: OwnHash[]
  readonly ranges: Range[]
}

export function emptyTree(): OwnTree {
  return { leaves: [], ranges: [{ size: 0, nodes: [], root: EMPTY }] }
}

export function copyTree({ leaves, ranges }: OwnTree): OwnTree {
  return { leaves: leaves.slice(), ranges: ranges.slice() }
}

function longer(range: Range, leaf: OwnHash): Range {
  const nodes = [...range.nodes, leaf]
  for (let { size } = range; size % 2 === 1; size = (size - 1) / 2) {
    const right = nodes.pop() as OwnHash
    nodes.push(nodeOf(nodes.pop() as OwnHash, right))
  }
  return { size: range.size + 1, nodes, root: undefined }
}

function rootOfRange(range: Range): OwnHash {
  range.root ??= range.nodes.reduceRight((right, left) => nodeOf(left, right))
  return range.root
}

export function grow({ leaves, ranges }: OwnTree, leaf: OwnHash): void {
  ranges.push(longer(ranges[leaves.length] as Range, leaf))
  leaves.push(leaf)
}

/** Undefined beyond the tree. */
export function rootOf({ ranges }: OwnTree, size: number): OwnHash | undefined {
  const range = ranges[size]
  return range && rootOfRange(range)
}

/** The root that the whole tree would have with these leaves behind it. */
export function rootWith({ leaves, ranges }: OwnTree, more: readonly OwnHash[]): OwnHash {
  return rootOfRange(more.reduce(longer, ranges[leaves.length] as Range))
}

/** The root that an inclusion proof (RFC 9162, 2.1.3.2) leads to; undefined for one of another length. */
export function rootFromProof(
  leaf: OwnHash,
  index: number,
  size: number,
  hashes: readonly OwnHash[],
): OwnHash | undefined {
  let [at, last, root] = [index, size - 1, leaf]
  for (const each of hashes) {
    if (last === 0) return undefined
    if (at % 2 === 1 || at === last) {
      root = nodeOf(each, root)
      while (at % 2 === 0 && at !== 0) [at, last] = [at / 2, Math.floor(last / 2)]
    } else root = nodeOf(root, each)
    ;[at, last] = [Math.floor(at / 2), Math.floor(last / 2)]
  }
  return last === 0 ? root : undefined
}
