// What a watched signer's key signs must stand in its ledger, if there is one: `not-mine`. An entry is there by its leaf
// hash, by what it is about (its digest, or a subject of its statement), or by the signature itself, because anyone who
// has seen a signature can log it again.
import { formatHex } from "../../core/base/text.ts"
import type { Hash } from "../../core/tree/hash.ts"
import { recordedBytes } from "../watch/ledger-document.ts"
import { digestOfHex } from "../watch/list.ts"
import { markOf } from "../watch/signature-mark.ts"
import type { Ledger } from "../watch/watch.ts"
import type { Examination, ReadEntry } from "./reading.ts"
import type { Remark } from "./remark.ts"
import type { EntryFacts, SignerMatch } from "./watch-index.ts"

/** An entry as a ledger is asked for it. */
type LedgerQuestion = Pick<ReadEntry, "facts" | "claim"> & { readonly leafHash: Hash }

/** Statements call hashes by many names; digits of one length are of one hash here, forty of a commit. */
function digestOfStated(digest: string): string {
  const hex = digest.slice(digest.indexOf(":") + 1)
  return digestOfHex(hex) ?? (hex.length === 40 ? `gitCommit:${hex}` : digest)
}

function isAboutMine({ digests, subjects }: EntryFacts, mine: Ledger): boolean {
  return (
    digests.some((digest) => mine.digests.has(digest)) ||
    subjects.some((subject) =>
      subject.digests.some((digest) => mine.digests.has(digestOfStated(digest))),
    )
  )
}

/** Whether a signature by this key is in the ledger. */
function isSignatureMine({ facts, claim }: LedgerQuestion, key: string, mine: Ledger): boolean {
  if (mine.signatures.size === 0) return false
  return claim.signatures.some((recorded, i) => {
    if (facts.signers[i]?.key !== key) return false
    const bytes = recordedBytes(recorded.content)
    return bytes !== undefined && mine.signatures.has(markOf(bytes, recorded.key.keyType))
  })
}

/** Whether the ledger has the entry that was signed by this key (`sha256:hex`). */
export function isMine(mine: Ledger, entry: LedgerQuestion, key: string): boolean {
  return (
    mine.leafHashes.has(formatHex(entry.leafHash)) ||
    isAboutMine(entry.facts, mine) ||
    isSignatureMine(entry, key, mine)
  )
}

/** Whether what was asked for may yet show that the entry is about something in the ledger. */
function mayBeMine({ isAwaited, hasMessage }: Examination, mine: Ledger): boolean {
  return isAwaited && !hasMessage && mine.digests.size > 0
}

/** One remark for each watched signer that did not sign this, as far as its ledger knows. */
export function signerRemarks(
  entry: Examination,
  matches: readonly SignerMatch[],
): readonly Remark[] {
  return matches.flatMap(({ signer, by }): readonly Remark[] => {
    const { name: watched, mine } = signer
    if (mine === undefined || isMine(mine, entry, by.key) || mayBeMine(entry, mine)) return []
    const summary = `entry ${entry.index} is signed by ${watched} (${by.key}) and is not in its ledger: ${entry.facts.digests.join(", ")}`
    return [{ kind: "not-mine", watched, summary }]
  })
}
