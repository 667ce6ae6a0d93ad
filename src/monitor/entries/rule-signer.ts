// What a watched signer's key signs must stand in its ledger, if there is one: `not-mine`.

import { formatHex } from "../../core/base/text.ts"
import type { Hash } from "../../core/tree/hash.ts"
import type { ExaminedEntry, ReadEntry } from "./reading.ts"
import type { Remark } from "./remark.ts"
import type { SignerMatch } from "./watch-index.ts"

/** Whether the ledger has the entry by its leaf hash or by the digest that it is about. */
export function isMine(
  mine: ReadonlySet<string>,
  leafHash: Hash,
  digests: readonly string[],
): boolean {
  const isDigestMine = digests.some((digest) => mine.has(digest.slice(digest.indexOf(":") + 1)))
  return isDigestMine || mine.has(formatHex(leafHash))
}

/** One remark for each watched signer that did not sign this, as far as its ledger knows. */
export function signerRemarks(
  { index, leafHash }: ExaminedEntry,
  { facts }: ReadEntry,
  matches: readonly SignerMatch[],
): readonly Remark[] {
  return matches.flatMap(({ signer, by }): readonly Remark[] => {
    if (signer.mine === undefined || isMine(signer.mine, leafHash, facts.digests)) return []
    const { name: watched } = signer
    const summary = `entry ${index} is signed by ${watched} (${by.key}) and is not in its ledger: ${facts.digests.join(", ")}`
    return [{ kind: "not-mine", watched, summary }]
  })
}
