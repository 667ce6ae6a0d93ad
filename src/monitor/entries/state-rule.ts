// Whether an entry is understood: what it is about is known, and it was judged by that. A signature over a digest says
// nothing of what was signed, and of an attestation the body has only a digest. What cannot be verified is never taken
// for what its body claims.
import { unlessRefused } from "../../core/base/errors.ts"
import { asBytes } from "../../core/base/json-value.ts"
import { formatHex } from "../../core/base/text.ts"
import { dssePae } from "../../entry/dsse.ts"
import type { SignatureCheck } from "../../entry/entry.ts"
import { messageCheck } from "../../entry/signature.ts"
import type { Watch } from "../watch/watch.ts"
import type { EntryState } from "./entry-states.ts"
import { isMine } from "./ledger-rule.ts"
import type { Examination } from "./reading.ts"
import type { SignerMatch, SubjectMatch } from "./watch-index.ts"

/** Whether every signature was verified, not only some of them. */
function isVerified({ checks, claim }: Examination): boolean {
  return checks.length > 0 && checks.length >= claim.keys.length
}

type Verify = (checks: readonly SignatureCheck[]) => boolean

/**
 * Whether every signature over an envelope holds with SHA-256 or with the hash of its key. Signers with larger curves do
 * the one or the other and the body does not say which, so that it is no check that could fail.
 */
function isVerifiedEitherWay({ claim, payload }: Examination, verify: Verify): boolean {
  if (payload === undefined) return false
  const message = dssePae(payload.payloadType, payload.payload)
  return claim.signatures.every(({ key, content }) => {
    const signature = unlessRefused(() => asBytes(content, "signature"))
    if (signature === undefined) return false
    const own = messageCheck(key, signature, message)
    return verify([own]) || verify([messageCheck(key, signature, message, "sha256")])
  })
}

/** Whether a ledger has the entry itself, whatever can be verified of it. */
function isVouchedFor({ leafHash }: Examination, signed: readonly SignerMatch[]): boolean {
  return signed.some(({ signer: { mine } }) => mine?.leafHashes.has(formatHex(leafHash)) === true)
}

export function createStateRule({ shipments }: Watch, verify: Verify) {
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
      const isHarmless = entry.hasMessage && about.length === 0
      if (isHarmless || isVerifiedEitherWay(entry, verify)) return "understood"
      return entry.isAwaited ? "pending" : "opaque"
    }
    const isUnderstood = entry.hasMessage || about.length > 0 || isKnown(entry, signed)
    return isUnderstood ? "understood" : "opaque"
  }
}
