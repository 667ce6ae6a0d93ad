// Whom a verifier trusts, in the three forms in which people keep that, and opening a checkpoint with it.
// Keys and origins come from here only, never from the log or from a bundle.
import { equalBytes, readU32 } from "../core/base/bytes.ts"
import { refuse, shown } from "../core/base/errors.ts"
import { formatHex } from "../core/base/text.ts"
import { openCheckpoint, parseCheckpoint } from "../core/note/checkpoint.ts"
import { type Note, parseNote, parseVkey } from "../core/note/note.ts"
import { type Origin, parseOrigin } from "../core/note/origin.ts"
import { type Cosignature, checkPolicy, type Policy } from "../core/note/policy.ts"
import type { Hash, Head } from "../core/tree/hash.ts"
import type { PinnedLog } from "../sigstore/trusted-root.ts"

/** Pinned logs; a policy, which may demand witnesses; or the bare verifier keys of one log. */
export type Trust =
  | { readonly trustedRoot: readonly PinnedLog[] }
  | { readonly policy: Policy }
  | { readonly vkeys: readonly string[]; readonly origin: string }

/** A head under a signature that is trusted. */
export interface TrustedHead extends Head {
  readonly origin: Origin
  /** Of the policy's witnesses; empty without a policy. */
  readonly cosignatures: readonly Cosignature[]
}

/** Found by `logId` if that is given, else by the origin. */
function pinnedLog(logs: readonly PinnedLog[], origin: string, logId: Hash | undefined): PinnedLog {
  const found = logs.find((log) =>
    logId === undefined ? log.origin === origin : equalBytes(log.logId, logId),
  )
  const sought = logId === undefined ? shown(origin) : `with the ID ${formatHex(logId)}`
  return found ?? refuse("untrusted", `the trusted root has no log ${sought}`)
}

/** Opens a checkpoint by a policy or by bare keys. */
function openByKeys(
  envelope: string,
  note: Note,
  trust: Exclude<Trust, { trustedRoot: unknown }>,
): TrustedHead {
  if ("policy" in trust) {
    const { checkpoint, cosignatures } = checkPolicy(trust.policy, note)
    return { ...checkpoint, cosignatures }
  }
  const [vkeys, origin] = [trust.vkeys.map(parseVkey), parseOrigin(trust.origin)]
  return { ...openCheckpoint(envelope, vkeys, origin), cosignatures: [] }
}

/**
 * Opens a checkpoint. `logId`, if given, must name the pinned log, or under a policy or bare keys one of
 * the checkpoint's own signature lines. Refuses `malformed`; `untrusted` for an unknown log or a missing
 * quorum; `mismatch` for another origin or ID; `bad-signature`.
 */
export function openTrusted(envelope: string, trust: Trust, logId?: Hash): TrustedHead {
  const note = parseNote(envelope)
  if ("trustedRoot" in trust) {
    const log = pinnedLog(trust.trustedRoot, parseCheckpoint(note.text).origin, logId)
    return { ...openCheckpoint(envelope, [log.vkey], log.origin), cosignatures: [] }
  }
  const head = openByKeys(envelope, note, trust)
  const named = (keyId: number) =>
    note.signatures.some((line) => line.name === head.origin && line.keyId === keyId)
  if (logId !== undefined && !named(readU32(logId, 0))) {
    refuse("mismatch", `the checkpoint has no signature of the log with the ID ${formatHex(logId)}`)
  }
  return head
}

/** A head that is signed by a pinned key, or else one of which that is not known. */
export interface OpenedHead extends TrustedHead {
  readonly isPinned: boolean
}

/** As {@link openTrusted}; without trust the checkpoint is only read, and `isPinned` is false. */
export function openHead(envelope: string, trust: Trust | undefined): OpenedHead {
  if (trust !== undefined) return { ...openTrusted(envelope, trust), isPinned: true }
  const checkpoint = parseCheckpoint(parseNote(envelope).text)
  return { ...checkpoint, cosignatures: [], isPinned: false }
}

/**
 * The log of a trusted root that signed this checkpoint. Refuses `malformed`, `untrusted` for a log that is not
 * pinned, `bad-signature`.
 *
 * @example
 * ```ts
 * import { readFileSync } from "node:fs"
 * import { parseTrustedRoot, signingLog } from "countersign/client"
 *
 * const trustedRoot = parseTrustedRoot(readFileSync("trusted_root.json", "utf8"))
 * console.log(signingLog(readFileSync("checkpoint", "utf8"), trustedRoot).origin) // localhost
 * ```
 */
export function signingLog(envelope: string, trustedRoot: readonly PinnedLog[]): PinnedLog {
  const { origin } = openTrusted(envelope, { trustedRoot })
  return pinnedLog(trustedRoot, origin, undefined)
}
