// C2SP tlog-policy: the file that says which logs are trusted and which witnesses must have cosigned,
// and checking a checkpoint's note against it. Carries the URLs along without reading them.
import { parseUtf8, utf8 } from "../base/bytes.ts"
import { refuse, shown } from "../base/errors.ts"
import { LONGEST_POLICY } from "../base/limits.ts"
import { present } from "../base/present.ts"
import { formatHex, parseDecimal } from "../base/text.ts"
import { type Checkpoint, type CheckpointText, parseCheckpoint } from "./checkpoint.ts"
import { checkpointRule, readCosignatures } from "./cosignature.ts"
import {
  isWitnessKey,
  type Note,
  openNote,
  parseVkey,
  type SignatureRule,
  type Vkey,
} from "./note.ts"
import { type Origin, parseOrigin } from "./origin.ts"
import { logKeysOf } from "./policy-origins.ts"

/** A trusted log, by one of its keys. */
export interface PolicyLog {
  readonly vkey: Vkey
  readonly url?: string
  /** The first lines of its checkpoints, where they are not the name of the key. */
  readonly origins?: readonly Origin[]
}

/** A witness by the name that groups know it by, and its key of type 4 or 6. */
export interface PolicyWitness {
  readonly name: string
  readonly vkey: Vkey
  readonly url?: string
}

/** Witnesses and groups of which so many must have cosigned. */
export interface PolicyGroup {
  readonly name: string
  /** How many members must have cosigned, from 1 to all of them. */
  readonly threshold: number
  readonly members: readonly string[]
}

/**
 * A read policy (C2SP tlog-policy). Names are those of the file: octets, one character (U+0000 to U+00FF) each.
 * Groups stand in the order of the file, so each one only has members that stand before it.
 */
export interface Policy {
  readonly logs: readonly PolicyLog[]
  readonly witnesses: readonly PolicyWitness[]
  readonly groups: readonly PolicyGroup[]
  /** The name of a witness or a group, or `none`. */
  readonly quorum: string
}

const NONE = "none"

/** What has been read so far; `defined` holds witnesses and groups, `placed` those in a group. */
class Draft {
  readonly logs: (PolicyLog & { origins?: readonly Origin[] })[] = []
  readonly witnesses: PolicyWitness[] = []
  readonly groups: PolicyGroup[] = []
  readonly logKeys = new Set<string>()
  readonly witnessKeys = new Set<string>()
  readonly defined = new Set<string>()
  readonly placed = new Set<string>()
  quorum: string | undefined
}

function refuseLine(expected: string, found: string): never {
  return refuse("malformed", `policy: expected ${expected}, found ${shown(found)}`)
}

function textOf(octets: string): string {
  const bytes = Uint8Array.from(octets, (octet) => octet.charCodeAt(0))
  return parseUtf8(bytes, "policy")
}

/** Adds a key to a set; refuses one that is there under whatever name, key ID or type. */
function addKey(keys: Set<string>, vkey: Vkey): void {
  const key = formatHex(vkey.publicKey)
  if (keys.has(key)) refuseLine("every key once", vkey.name)
  keys.add(key)
}

function define(draft: Draft, name: string): void {
  if (name === NONE || draft.defined.has(name)) refuseLine("a name that is not taken", name)
  draft.defined.add(name)
}

function readLog(draft: Draft, fields: readonly string[]): void {
  const [vkeyText, url] = fields
  if (vkeyText === undefined || fields.length > 2) refuseLine("log VKEY [URL]", fields.join(" "))
  const vkey = parseVkey(textOf(vkeyText))
  addKey(draft.logKeys, vkey)
  draft.logs.push({ vkey, ...present({ url: url && textOf(url) }) })
}

/** Of other programs' a comment, so that they read the policy as well. */
const ORIGIN_LINE = /^#countersign:origin[ \t]+(.+)$/

/** The grammar of C2SP separates by blanks and has no place for an origin that holds some. */
function readOrigin(draft: Draft, octets: string): void {
  const log = draft.logs.at(-1) ?? refuseLine("a log line above its origin", octets)
  const origin = parseOrigin(textOf(octets))
  if (log.origins?.includes(origin)) refuseLine("every origin once", origin)
  log.origins = [...(log.origins ?? []), origin]
}

function readWitness(draft: Draft, fields: readonly string[]): void {
  const [name, vkeyText, url] = fields
  if (name === undefined || vkeyText === undefined || fields.length > 3) {
    refuseLine("witness NAME VKEY [URL]", fields.join(" "))
  }
  const vkey = parseVkey(textOf(vkeyText))
  if (!isWitnessKey(vkey)) refuseLine("a witness key of type 4 or 6", vkey.name)
  addKey(draft.witnessKeys, vkey)
  define(draft, name)
  draft.witnesses.push({ name, vkey, ...present({ url: url && textOf(url) }) })
}

function thresholdOf(text: string, members: number): number {
  if (text === "any") return 1
  if (text === "all") return members
  const threshold = parseDecimal(text, "policy group")
  return threshold >= 1 && threshold <= members
    ? threshold
    : refuseLine(`a number of members from 1 to ${members}`, text)
}

function readGroup(draft: Draft, fields: readonly string[]): void {
  const [name, threshold, ...members] = fields
  if (name === undefined || threshold === undefined || members.length === 0) {
    refuseLine("group NAME all|any|NUMBER MEMBER…", fields.join(" "))
  }
  for (const member of members) {
    if (!draft.defined.has(member)) refuseLine("a member defined above", member)
    // SPEC: a name is a member at most once in the whole file.
    if (draft.placed.has(member)) refuseLine("a member of no other group", member)
    draft.placed.add(member)
  }
  define(draft, name)
  draft.groups.push({ name, threshold: thresholdOf(threshold, members.length), members })
}

function readQuorum(draft: Draft, fields: readonly string[]): void {
  const [name] = fields
  if (name === undefined || fields.length > 1) refuseLine("quorum NAME", fields.join(" "))
  if (draft.quorum !== undefined) refuseLine("one quorum line", name)
  if (name !== NONE && !draft.defined.has(name)) refuseLine("a quorum defined above", name)
  draft.quorum = name
}

const readers: ReadonlyMap<string, typeof readLog> = new Map([
  ["log", readLog],
  ["witness", readWitness],
  ["group", readGroup],
  ["quorum", readQuorum],
])

function readLine(draft: Draft, line: string): void {
  const origin = ORIGIN_LINE.exec(line)?.[1]
  if (origin !== undefined) readOrigin(draft, origin)
  const [keyword, ...fields] = line.split(/[ \t]+/).filter((field) => field !== "")
  if (keyword === undefined || keyword.startsWith("#")) return
  const read = readers.get(keyword) ?? refuseLine("log, witness, group or quorum", keyword)
  read(draft, fields)
}

/** One character an octet, so that the syntax needs no knowledge of Unicode. */
function octetsOf(bytes: Uint8Array): string {
  let octets = ""
  for (const byte of bytes) octets += String.fromCharCode(byte)
  return octets
}

const ALLOWED = /^[\t\n -~\u0080-\u00ff]*$/

/**
 * Reads a policy file (C2SP tlog-policy). Refuses `malformed`, `unsupported` for a key type, `too-large` above
 * 1 MiB. The last line needs its line feed: without it a cut file could read as another policy.
 *
 * @example
 * ```ts
 * import { readFileSync } from "node:fs"
 * import { parsePolicy } from "countersign/verify"
 *
 * const { quorum, witnesses } = parsePolicy(readFileSync("log.policy"))
 * console.log(quorum, witnesses.length) // w1 1
 * ```
 */
export function parsePolicy(input: Uint8Array | string): Policy {
  const bytes = typeof input === "string" ? utf8(input) : input
  if (bytes.length > LONGEST_POLICY) {
    refuse("too-large", `policy: expected up to ${LONGEST_POLICY} bytes, found ${bytes.length}`)
  }
  const octets = octetsOf(bytes)
  if (!ALLOWED.test(octets)) refuseLine("no control characters but tab and line feed", octets)
  if (!octets.endsWith("\n")) refuseLine("a line feed at the end", octets.slice(-20))
  const draft = new Draft()
  for (const line of octets.split("\n")) readLine(draft, line)
  const { logs, witnesses, groups, quorum } = draft
  return { logs, witnesses, groups, quorum: quorum ?? refuseLine("a quorum line", "none") }
}

/** Who cosigned, by key name, and when, in Unix seconds. */
export interface Cosignature {
  readonly name: string
  readonly time: number
}

/** A checkpoint that a policy accepts, with the cosignatures of the policy's witnesses on it. */
export interface VerifiedCheckpoint {
  readonly checkpoint: Checkpoint
  readonly cosignatures: readonly Cosignature[]
}

/** The witnesses and groups that have cosigned, if these witnesses did. */
function satisfied(policy: Policy, cosigned: readonly PolicyWitness[]): ReadonlySet<string> {
  const names = new Set(cosigned.map((witness) => witness.name))
  for (const { name, threshold, members } of policy.groups) {
    if (members.filter((member) => names.has(member)).length >= threshold) names.add(name)
  }
  return names
}

/** Whether the quorum is reached when these witnesses of the policy have cosigned. */
export function isQuorum(policy: Policy, cosigned: readonly PolicyWitness[]): boolean {
  return policy.quorum === NONE || satisfied(policy, cosigned).has(policy.quorum)
}

/** The quorum with all of its members and their members. */
function namesOfQuorum(policy: Policy): ReadonlySet<string> {
  const names = new Set([policy.quorum])
  for (const { name, members } of policy.groups.toReversed()) {
    if (names.has(name)) for (const member of members) names.add(member)
  }
  return names
}

function refuseQuorum(policy: Policy, cosigned: readonly PolicyWitness[]): never {
  const names = satisfied(policy, cosigned)
  const wanted = namesOfQuorum(policy)
  const missing = policy.witnesses
    .filter((witness) => wanted.has(witness.name) && !names.has(witness.name))
    .map((witness) => `${witness.name} (${witness.vkey.name})`)
  return refuse(
    "untrusted",
    `the quorum ${policy.quorum} is not reached; missing cosignatures: ${missing.join(", ")}`,
  )
}

/**
 * The cosignatures of a checkpoint by a policy, as {@link checkPolicy}, where the log's keys are those under `keyName` and
 * signature lines are verified by `holds`.
 */
export function checkCosigned(
  policy: Policy,
  note: Note,
  head: CheckpointText,
  keyName: string,
  holds: SignatureRule = checkpointRule(head),
): readonly Cosignature[] {
  const vkeysOf = (those: readonly { readonly vkey: Vkey }[]) => those.map(({ vkey }) => vkey)
  const ownKeys = logKeysOf(policy.logs, head.origin, keyName)
  if (ownKeys.length === 0) refuse("untrusted", `the policy names no log ${shown(keyName)}`)
  openNote(note, ownKeys, holds)
  const times = readCosignatures(note, head, vkeysOf(policy.witnesses), holds)
  const cosigned = policy.witnesses.filter((witness) => times.has(witness.vkey))
  if (!isQuorum(policy, cosigned)) refuseQuorum(policy, cosigned)
  return Array.from(times, ([vkey, time]) => ({ name: vkey.name, time }))
}

/**
 * Checks that a log of the policy signed this checkpoint and that the quorum cosigned it (C2SP tlog-policy).
 * Refuses `malformed`; `bad-signature` if a line of a key of the policy does not hold; `untrusted` with the
 * names of what is missing.
 *
 * @example
 * ```ts
 * import { readFileSync } from "node:fs"
 * import { checkPolicy, parseNote, parsePolicy } from "countersign/audit"
 *
 * const policy = parsePolicy(readFileSync("log.policy"))
 * const { checkpoint, cosignatures } = checkPolicy(policy, parseNote(readFileSync("checkpoint")))
 * console.log(checkpoint.size, cosignatures[0]?.name) // 5 w1.localhost
 * ```
 */
export function checkPolicy(policy: Policy, note: Note): VerifiedCheckpoint {
  const checkpoint = parseCheckpoint(note.text)
  return { checkpoint, cosignatures: checkCosigned(policy, note, checkpoint, checkpoint.origin) }
}
