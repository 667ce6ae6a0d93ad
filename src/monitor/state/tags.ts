// Tags: eight bytes of a hash of the digest that an entry states, in blocks of 256 entries. By them all entries with one
// digest are found without reading the log again. They are derived and nobody signs them: whatever they lead to is compared.
import { digestOf } from "../../core/base/digest.ts"
import { parseHex } from "../../core/base/text.ts"

/** Entries of a block, as in an entry bundle. */
const BLOCK = 256
const TAG = 8
export const TAG_BLOCK_BYTES = BLOCK * TAG

/** Tags of one block; zeros stand for an entry whose digest is not known. */
export interface TagBlock {
  readonly block: number
  readonly tags: Uint8Array
}

/**
 * The tag of a digest, `algorithm:hex`; never all zeros. Hashed once more, because submitters choose the digests that
 * they sign: by a part of one they could fill the room in front of an entry that is looked for.
 */
export function tagOf(digest: string): Uint8Array {
  const value = parseHex(digest.slice(digest.indexOf(":") + 1), "digest")
  const tag = digestOf("sha256", value).slice(0, TAG)
  if (tag.every((byte) => byte === 0)) tag[TAG - 1] = 1
  return tag
}

export function setTag({ tags, block }: TagBlock, index: number, tag: Uint8Array): void {
  tags.set(tag, (index - block * BLOCK) * TAG)
}

/** The indexes of a block's entries that have this tag. */
export function taggedIn({ block, tags }: TagBlock, tag: Uint8Array): readonly number[] {
  const found: number[] = []
  for (let at = 0; at < tags.length; at += TAG) {
    if (tag.every((byte, i) => tags[at + i] === byte)) found.push(block * BLOCK + at / TAG)
  }
  return found
}
