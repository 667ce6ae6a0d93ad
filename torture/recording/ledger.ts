// What a log has told the world, kept outside of it: entries with their places, heads with their roots. Whatever
// happens to the log, it must hold afterwards.
import type { Receipt } from "./entries.ts"
import { rootsAt } from "./tree.ts"

export interface Ledger {
  acknowledged(receipt: Receipt): void
  /** The root in lower-case hex. */
  head(size: number, root: string): void
  /** The largest size under a signed head that anyone was given. */
  size(): number
  /** What is broken in a log with these leaf hashes; `heads` are those that it shows now. */
  hold(leaves: readonly Buffer[]): readonly string[]
}

/** The size and root (lower-case hex) of a signed checkpoint. */
export function headOf(checkpoint: string): { readonly size: number; readonly root: string } {
  const [, size = "", root = ""] = checkpoint.split("\n")
  return { size: Number(size), root: Buffer.from(root, "base64").toString("hex") }
}

export function createLedger(): Ledger {
  const entries = new Map<number, string>()
  const heads = new Map<number, string>()
  const forks: string[] = []

  function head(size: number, root: string): void {
    const other = heads.get(size) ?? root
    if (other !== root) forks.push(`two heads of size ${size}: ${other} and ${root}`)
    heads.set(size, root)
  }

  return {
    acknowledged({ index, leafHash, inclusionProof: { size, root }, checkpoint }) {
      const other = entries.get(index) ?? leafHash
      if (other !== leafHash) forks.push(`entry ${index} is ${other} and ${leafHash}`)
      entries.set(index, leafHash)
      head(size, root)
      const signed = headOf(checkpoint)
      head(signed.size, signed.root)
    },
    head,
    size: () => Math.max(0, ...heads.keys()),
    hold(leaves) {
      const broken = [...forks]
      for (const [index, leafHash] of entries) {
        const found = leaves[index]?.toString("hex")
        if (found !== leafHash)
          broken.push(`entry ${index}: expected ${leafHash}, found ${found ?? "none"}`)
      }
      const sizes = [...heads.keys()].sort((a, b) => a - b)
      for (const [size, root] of rootsAt(sizes, leaves)) {
        if (root !== heads.get(size)) {
          broken.push(
            `size ${size}: signed was ${heads.get(size)}, found ${root ?? "fewer entries"}`,
          )
        }
      }
      return broken
    },
  }
}
