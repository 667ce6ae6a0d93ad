// Whether bytes are the message of an entry, and by which digest all entries with the same one are found.
import { equalBytes } from "../../core/base/bytes.ts"
import { digestOf } from "../../core/base/digest.ts"
import { Refusal, unlessRefused } from "../../core/base/errors.ts"
import { formatHex } from "../../core/base/text.ts"
import { decodeBundle } from "../../core/tree/bundle.ts"
import type { TreeHasher } from "../../core/tree/hash.ts"
import { TILE_WIDTH, tileWidth } from "../../core/tree/tile.ts"
import type { HashName } from "../../entry/algorithm.ts"
import type { SignatureCheck } from "../../entry/entry.ts"
import { messageOf } from "../../entry/kinds/message.ts"
import { isPae, parsePae } from "../../entry/statement/pae.ts"
import type { LogSource } from "../follow/source.ts"
import type { OwnTree } from "../state/tree.ts"

/** The digest in the body that the message has; refuses for what is not the message of the entry. */
export type ProveMessage = (body: Uint8Array, bytes: Uint8Array) => string

/** `verify` says whether all of these signatures hold. */
export function createProof(verify: (checks: readonly SignatureCheck[]) => boolean): ProveMessage {
  return (body, bytes) => {
    const { digest, checks } = messageOf(body, bytes)
    if (verify(checks)) return digest
    throw new Refusal("bad-signature", "message: the entry's signature does not hold over it")
  }
}

/** The first of these messages that is the entry's. */
export function provenMessage(
  prove: ProveMessage,
  body: Uint8Array,
  messages: readonly Uint8Array[],
): Uint8Array | undefined {
  return messages.find((bytes) => unlessRefused(() => prove(body, bytes)) !== undefined)
}

const hashes: readonly HashName[] = ["sha256", "sha384", "sha512"]

/** Hashes bytes of any length; noble's way takes a second for 15 MB. */
export type Digest = (hash: HashName, bytes: Uint8Array) => Uint8Array

/** Every digest (`algorithm:hex`) under which an entry may have the message. */
export function digestsOfMessage(bytes: Uint8Array, digest: Digest = digestOf): readonly string[] {
  const own = hashes.map((hash) => `${hash}:${formatHex(digest(hash, bytes))}`)
  const payload = isPae(bytes) ? unlessRefused(() => parsePae(bytes).payload) : undefined
  return payload === undefined ? own : [...own, `sha256:${formatHex(digest("sha256", payload))}`]
}

/**
 * The body of an entry as the log gives it now; undefined unless it has the leaf hash that the monitor keeps. Rejects
 * with Trouble ("network") if the log cannot be read.
 */
export async function readBody(
  {
    source,
    own,
    hasher,
  }: {
    readonly source: LogSource
    readonly own: OwnTree
    readonly hasher: TreeHasher
  },
  index: number,
): Promise<Uint8Array | undefined> {
  if (index >= own.head.size) return undefined
  const block = Math.floor(index / TILE_WIDTH)
  const width = tileWidth({ level: 0, index: block }, own.head.size)
  const bytes = await source.bundle(block, width)
  const bodies = bytes && unlessRefused(() => decodeBundle(bytes, width))
  const body = bodies?.[index - block * TILE_WIDTH]
  const isOwn = body && equalBytes(hasher.leaf(body), await own.leafHash(index))
  return isOwn === true ? body : undefined
}
