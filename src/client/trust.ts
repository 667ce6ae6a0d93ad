// Whom a verifier trusts, in the three forms in which people keep that, and opening a checkpoint with it.
// Keys and origins come from here only, never from the log or from a bundle.
import { equalBytes, readU32 } from "../core/base/bytes.ts"
import { bug, refuse, shown } from "../core/base/errors.ts"
import { formatHex } from "../core/base/text.ts"
import {
  type CheckpointText,
  parseCheckpoint,
  parseCheckpointText,
} from "../core/note/checkpoint.ts"
import { checkpointRule } from "../core/note/cosignature.ts"
import {
  lineOf,
  type Note,
  openNote,
  parseNote,
  parseVkey,
  type SignatureRule,
  type Vkey,
} from "../core/note/note.ts"
import { type Origin, parseOrigin } from "../core/note/origin.ts"
import { type Cosignature, checkCosigned, type Policy } from "../core/note/policy.ts"
import { logKeysOf } from "../core/note/policy-origins.ts"
import type { Hash, Head } from "../core/tree/hash.ts"
import { logIdOf, type PinnedLog, rekorLogId, type UnusableLog } from "../sigstore/trusted-root.ts"

/** Pinned logs; a policy, which may demand witnesses; or the bare verifier keys of one log. */
export type Trust =
  | {
      readonly trustedRoot: readonly PinnedLog[]
      /** Logs that the file pins too and that cannot be judged here. */
      readonly unusable?: readonly UnusableLog[]
    }
  | { readonly policy: Policy }
  | { readonly vkeys: readonly string[]; readonly origin: string }

/** A head under a signature that is trusted. */
export interface TrustedHead extends Head {
  readonly origin: Origin
  /** Of the policy's witnesses; empty without a policy. */
  readonly cosignatures: readonly Cosignature[]
}

/** `HOST - TREEID`: the name of a tree of Rekor v1, in which a log of several trees (shards) has it from its own. */
const TREE_NAME = /^(\S+) - [0-9]+$/

/** Whether a checkpoint's first line is that of Rekor v1. */
export function isTreeName(origin: string): boolean {
  return TREE_NAME.test(origin)
}

/** `HOST` in the name of a tree, under which the log signs it. */
export function treeHost(origin: string): string | undefined {
  return TREE_NAME.exec(origin)?.[1]
}

/** What the first line of a checkpoint names, and the name on the log's signature line below it. */
interface HeadName {
  readonly origin: Origin
  readonly keyName: string
}

function nameOf({ origin }: CheckpointText): HeadName {
  const host = treeHost(origin)
  if (host === undefined) {
    const own = parseOrigin(origin)
    return { origin: own, keyName: own }
  }
  // Two spaces are all that sets it apart from an origin.
  return { origin: origin as Origin, keyName: host }
}

/**
 * Whether the log's checkpoints may bear this name. A log of Rekor v1 writes the name by which its own server knows
 * itself, which a trusted root does not state: there the key decides. SPEC: C2SP signed-note and rekor-tiles: the name
 * of every other log is part of what its key is known by.
 */
function bears({ origin }: PinnedLog, { origin: line, keyName }: HeadName): boolean {
  return isTreeName(line) || origin === keyName
}

/** Whether this is an ID of the log's key, as Rekor v1 or v2 has it. */
export function isLogId({ logId, vkey, spki }: PinnedLog, id: Hash): boolean {
  return [logId, logIdOf(vkey), rekorLogId(spki)].some((own) => equalBytes(own, id))
}

/**
 * The log of this ID, or without one all of this name: one log has several keys, one after the other. Where an ID is there
 * twice the name decides.
 */
function pinnedLogs(
  logs: readonly PinnedLog[],
  name: HeadName,
  logId: Hash | undefined,
): readonly PinnedLog[] {
  const named = logs.filter((log) => bears(log, name))
  const found = named.filter((log) => logId === undefined || isLogId(log, logId))
  if (found.length > 0) return found
  const other = logId && logs.find((log) => isLogId(log, logId))
  if (other !== undefined) {
    refuse("mismatch", `expected a checkpoint of ${other.origin}, found one of ${name.origin}`)
  }
  const sought = logId === undefined ? shown(name.origin) : `with the ID ${formatHex(logId)}`
  return refuse("untrusted", `the trusted root has no log ${sought}`)
}

/** The log's key as lines of this name have it. Rekor v1 names one of any type by its SPKI, and C2SP one of Ed25519 not. */
function lineKeys({ vkey, spki }: PinnedLog, name: string): readonly Vkey[] {
  const byKey = { ...vkey, name, keyId: readU32(rekorLogId(spki), 0) }
  return vkey.type === 1 && vkey.name === name ? [vkey, byKey] : [byKey]
}

/** Whether a policy or bare keys are about the log that this checkpoint names. Refuses `malformed`. */
export function isNamedBy(
  envelope: string,
  trust: Exclude<Trust, { trustedRoot: unknown }>,
): boolean {
  const { origin, keyName } = nameOf(parseCheckpointText(parseNote(envelope).text))
  if ("policy" in trust) return logKeysOf(trust.policy.logs, origin, keyName).length > 0
  return trust.origin === origin || trust.origin === keyName
}

/** What is read of a checkpoint before any signature is looked at. */
interface ReadCheckpoint extends HeadName {
  readonly note: Note
  readonly head: CheckpointText
  readonly holds: SignatureRule
}

function readCheckpoint(envelope: string, holds: SignatureRule | undefined): ReadCheckpoint {
  const note = parseNote(envelope)
  const head = parseCheckpointText(note.text)
  return { note, head, holds: holds ?? checkpointRule(head), ...nameOf(head) }
}

function openByKeys(
  { note, holds }: ReadCheckpoint,
  vkeys: readonly Vkey[],
): readonly Cosignature[] {
  openNote(note, vkeys, holds)
  return []
}

/** Opens a checkpoint by a trusted root, a policy or bare keys. */
function cosignaturesOf(read: ReadCheckpoint, trust: Trust, logId: Hash | undefined) {
  const { note, head, holds, keyName, origin } = read
  if ("trustedRoot" in trust) {
    const logs = pinnedLogs(trust.trustedRoot, read, logId)
    return openByKeys(
      read,
      logs.flatMap((log) => lineKeys(log, keyName)),
    )
  }
  if ("policy" in trust) return checkCosigned(trust.policy, note, head, keyName, holds)
  const own = parseOrigin(trust.origin)
  if (own === origin || own === keyName) return openByKeys(read, trust.vkeys.map(parseVkey))
  return refuse("mismatch", `expected a checkpoint of ${own}, found one of ${origin}`)
}

/** The names on the log's own lines: that of the head, and those of keys whose log has another origin. */
function keyNamesOf(trust: Trust, origin: string, keyName: string): readonly string[] {
  if ("trustedRoot" in trust) return [keyName]
  const vkeys =
    "policy" in trust ? logKeysOf(trust.policy.logs, origin, keyName) : trust.vkeys.map(parseVkey)
  return [keyName, ...vkeys.map(({ name }) => name)]
}

/**
 * Opens a checkpoint of Rekor v1 or v2, or of any log of C2SP. `logId`, if given, must name the pinned log, or under a
 * policy or bare keys one of the checkpoint's own signature lines; `holds` may be a faster rule that is as strict as the
 * portable one. Refuses `malformed`; `untrusted` for an unknown log or a missing quorum; `mismatch` for another origin or
 * ID; `bad-signature`.
 */
export function openTrusted(
  envelope: string,
  trust: Trust,
  logId?: Hash,
  holds?: SignatureRule,
): TrustedHead {
  const read = readCheckpoint(envelope, holds)
  const { note, origin, keyName } = read
  const { size, root } = read.head
  const cosignatures = cosignaturesOf(read, trust, logId)
  const names = keyNamesOf(trust, origin, keyName)
  const named = (keyId: number) =>
    note.signatures.some((line) => names.includes(line.name) && line.keyId === keyId)
  if (!("trustedRoot" in trust) && logId !== undefined && !named(readU32(logId, 0))) {
    refuse("mismatch", `the checkpoint has no signature of the log with the ID ${formatHex(logId)}`)
  }
  return { origin, size, root, cosignatures }
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
  openTrusted(envelope, { trustedRoot })
  const { note, keyName, ...name } = readCheckpoint(envelope, undefined)
  const logs = pinnedLogs(trustedRoot, { ...name, keyName }, undefined)
  const signed = (log: PinnedLog) =>
    lineKeys(log, keyName).some((vkey) => lineOf(vkey, note.signatures) !== undefined)
  return logs.find(signed) ?? bug("a checkpoint was opened that no log signed")
}
