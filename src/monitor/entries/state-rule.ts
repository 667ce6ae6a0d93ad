// Whether an entry is understood: what it is about is known, and it was judged by that. A signature over a digest says
// nothing of what was signed, and of an attestation the body has only a digest. What cannot be verified is never taken
// for what its body claims.
import { formatHex } from "../../core/base/text.ts"
import type { Watch } from "../watch/watch.ts"
import type { EntryState } from "./entry-states.ts"
import { isMine } from "./ledger-rule.ts"
import type { Examination } from "./reading.ts"
import type { SignerMatch, SubjectMatch } from "./watch-index.ts"

/** Whether every signature was verified, not only some of them. */
function isVerified({ checks, claim }: Examination): boolean {
  return checks.length > 0 && checks.length >= claim.keys.length
}

/** Whether a ledger has the entry itself, whatever can be verified of it. */
function isVouchedFor({ leafHash }: Examination, signed: readonly SignerMatch[]): boolean {
  return signed.some(({ signer: { mine } }) => mine?.leafHashes.has(formatHex(leafHash)) === true)
}

export function createStateRule({ shipments }: Watch) {
  function isKnown(entry: Examination, signed: readonly SignerMatch[]): boolean {
    const { digests } = entry.facts
    const isShipped = (digest: string): boolean =>
      shipments.some((list) => list.digests.has(digest) || list.foretold.has(digest))
    return (
      digests.some(isShipped) ||
      signed.some(({ signer: { mine }, by }) => mine !== undefined && isMine(mine, entry, by.key))
    )
  }

  /** The state of an entry whose signatures hold, as far as they can be verified. */
  return (
    entry: Examination,
    signed: readonly SignerMatch[],
    about: readonly SubjectMatch[],
  ): EntryState => {
    if (isVouchedFor(entry, signed)) return "understood"
    if (!isVerified(entry)) {
      // What is at hand and about nothing that is watched may be by whoever claims it.
      if (entry.hasMessage && about.length === 0) return "understood"
      return entry.isAwaited ? "pending" : "opaque"
    }
    const isUnderstood = entry.hasMessage || about.length > 0 || isKnown(entry, signed)
    return isUnderstood ? "understood" : "opaque"
  }
}
