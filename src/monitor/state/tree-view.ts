// The monitor's own tree of a log, rebuilt from its entries: the judge asks it for roots and proofs at any size.
import type { Hash, Head } from "../../core/tree/hash.ts"

export interface TreeView {
  /** As far as the tree is verified against a signed head. */
  readonly head: Head
  /** The root of the first `size` entries; refuses `beyond-tree`. */
  rootAt(size: number): Promise<Hash>
  consistency(oldSize: number, newSize: number): Promise<readonly Hash[]>
  inclusion(index: number, size: number): Promise<readonly Hash[]>
  leafHash(index: number): Promise<Hash>
}
