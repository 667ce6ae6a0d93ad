// Cutting a partial tile or entry bundle (C2SP tlog-tiles) out of a wider one, which has the same beginning.
import { readU16 } from "../base/bytes.ts"
import { HASH_SIZE } from "./hash.ts"
import type { TileResource } from "./tile.ts"

/** The first `width` hashes or entries of a resource that may hold more. */
export function cutResource({ kind, width }: TileResource, bytes: Uint8Array): Uint8Array {
  if (kind === "tile") return bytes.subarray(0, width * HASH_SIZE)
  let at = 0
  for (let i = 0; i < width && at + 2 <= bytes.length; i++) at += 2 + readU16(bytes, at)
  return bytes.subarray(0, at)
}
