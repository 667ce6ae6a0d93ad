// The observer's own digest over commits, written from what docs/format.md and log/commit-chain.ts say of it: rows in
// blocks of 256, each block with a digest, the digests in a chain, the end of the chain with the rows behind it.
import { hash } from "node:crypto"
import type { Hash } from "../../src/core/tree/hash.ts"
import type { CommitBlock, CommitRow, MadeLog } from "../../src/log/ports/store.ts"

const BLOCK = 256

const word = (step: string): Buffer => Buffer.from(`countersign commits 1 ${step}\n`)

function leaf(...parts: readonly Uint8Array[]): Uint8Array {
  return hash("sha256", Buffer.concat([Buffer.from([0]), ...parts]), "buffer")
}

function packed(rows: readonly CommitRow[]): Buffer {
  const bytes = Buffer.alloc(rows.length * 16)
  rows.forEach(({ size, time }, i) => {
    bytes.writeBigUInt64BE(BigInt(size), i * 16)
    bytes.writeBigUInt64BE(BigInt(time), i * 16 + 8)
  })
  return bytes
}

/** What covers these commits, and the blocks that they fill. */
export function coverOf(
  { origin, treeId, keyFingerprints, created }: MadeLog,
  rows: readonly CommitRow[],
): { readonly commits: Hash; readonly blocks: readonly CommitBlock[] } {
  const blocks: CommitBlock[] = []
  const made = JSON.stringify([origin, treeId, keyFingerprints, created])
  let chain = leaf(word("start"), Buffer.from(made))
  let at = 0
  for (; at + BLOCK <= rows.length; at += BLOCK) {
    const full = rows.slice(at, at + BLOCK)
    const size = full[BLOCK - 1]?.size ?? 0
    const digest = leaf(word("block"), packed(full))
    chain = leaf(word("link"), packed([{ size, time: 0 }]), chain, digest)
    blocks.push({ size, digest: new Uint8Array(digest) as Hash })
  }
  const commits = leaf(word("tail"), chain, packed(rows.slice(at)))
  return { commits: new Uint8Array(commits) as Hash, blocks }
}
