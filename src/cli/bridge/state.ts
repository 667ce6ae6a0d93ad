// What a bridge remembers of a registry: every place where it saw signatures, the entries that they belong to, and who
// has their messages. One file, replaced as a whole, under a checksum; what cannot be read is refused and never taken
// for an empty memory, or everything lost would look as if it had never been there.
import { createHash } from "node:crypto"
import { existsSync } from "node:fs"
import type { TagUse } from "../../client/registry/reference.ts"
import { assertAtMost, Refusal, refuse, Trouble } from "../../core/base/errors.ts"
import {
  asInteger,
  asList,
  asObject,
  asText,
  optional,
  parseJson,
} from "../../core/base/json-value.ts"
import { present } from "../../core/base/present.ts"
import { syncNameOf } from "../../storage/disk/durable-file.ts"
import { readText, writeWhole } from "../command/file.ts"

/** One signature in a place. */
export interface KeptSignature {
  /** SHA-256 over message and signature, in hex. */
  readonly id: string
  readonly form: string
  /** Whether the log has ever answered about it; without an answer nothing is known. */
  readonly isAsked: boolean
  /** The entry of the log that has it; absent if none was found. */
  readonly index?: number
  /** The URLs of those who have its message. */
  readonly given: readonly string[]
}

/** A referrer, or a layer under one of cosign's tags. */
export interface KeptPart {
  readonly repository: string
  readonly subject: string
  readonly use: TagUse
  readonly key: string
  /** Digests of copies: of a referrer its manifest first, of a layer its descriptor, then the manifest. */
  readonly copies: readonly string[]
  readonly mediaType: string
  readonly signatures: readonly KeptSignature[]
  readonly unloggable?: string
  readonly unreadable?: string
  /** In RFC 3339, as all times. */
  readonly firstSeen: string
  /** Since when it is gone though its subject is there. */
  readonly lostSince?: string
  /** Whether it is gone together with its subject. */
  readonly isGone?: true
}

/** What the memory is of: it says nothing about another registry or another log. */
interface BridgeIdentity {
  readonly registry: string
  readonly origin: string
}

export interface BridgeState {
  readonly identity: BridgeIdentity
  /** By {@link partId}. */
  readonly parts: Map<string, KeptPart>
}

export const MOST_PARTS = 100_000
const LONGEST_STATE = 512 * 1024 * 1024
/** Of one part. */
export const MOST_SIGNATURES = 1_024
/** Of one part; beyond that only its manifest is copied. */
export const MOST_COPIES = 64
const HEADER = /^countersign registry bridge 1 sha256:([0-9a-f]{64})\n/
const uses: readonly TagUse[] = ["referrers", "sig", "att"]

export function partId({
  repository,
  subject,
  use,
  key,
}: Pick<KeptPart, "repository" | "subject" | "use" | "key">): string {
  return `${repository} ${subject} ${use} ${key}`
}

/** The place of a part for people: the digest of a referrer, or cosign's tag and the digest of a layer. */
export function placeOf({ use, key }: KeptPart): string {
  return use === "referrers" ? key : key.split(" ", 2).join(" ")
}

function asTexts(value: unknown, what: string): readonly string[] {
  return asList(value, what, MOST_SIGNATURES).map((text) => asText(text, what))
}

function readSignature(value: unknown): KeptSignature {
  const { id, form, index, given, isAsked } = asObject(value, "signature")
  return {
    isAsked: isAsked === true,
    id: asText(id, "signature.id"),
    form: asText(form, "signature.form"),
    given: asTexts(given, "signature.given"),
    ...present({ index: optional(index, (it) => asInteger(it, "signature.index")) }),
  }
}

function readPart(value: unknown): KeptPart {
  const part = asObject<string>(value, "part")
  const text = (name: string) => asText(part[name], `part.${name}`)
  const maybe = (name: string) => optional(part[name], (it) => asText(it, `part.${name}`))
  const use =
    uses.find((each) => each === part["use"]) ?? refuse("malformed", "part.use: expected a use")
  return {
    repository: text("repository"),
    subject: text("subject"),
    use,
    key: text("key"),
    copies: asTexts(part["copies"], "part.copies"),
    mediaType: text("mediaType"),
    signatures: asList(part["signatures"], "part.signatures", MOST_SIGNATURES).map(readSignature),
    firstSeen: text("firstSeen"),
    ...(part["isGone"] === true && { isGone: true }),
    ...present({
      unloggable: maybe("unloggable"),
      unreadable: maybe("unreadable"),
      lostSince: maybe("lostSince"),
    }),
  }
}

function parseState(text: string): BridgeState {
  const header = HEADER.exec(text)
  const json = text.slice(header?.[0].length ?? 0)
  if (header === null || createHash("sha256").update(json).digest("hex") !== header[1]) {
    refuse("malformed", "expected a bridge's state under its checksum, found other bytes")
  }
  const { registry, origin, parts } = asObject<string>(
    parseJson(json, "state", LONGEST_STATE),
    "state",
  )
  const read = asList(parts, "parts", MOST_PARTS).map(readPart)
  return {
    identity: { registry: asText(registry, "registry"), origin: asText(origin, "origin") },
    parts: new Map(read.map((part) => [partId(part), part])),
  }
}

/**
 * The state in a file, an empty one if there is none. Throws Trouble `damaged` for one that cannot be read; refuses
 * `conflict` for one of another registry or log.
 */
export async function readState(path: string, identity: BridgeIdentity): Promise<BridgeState> {
  if (!existsSync(path)) return { identity, parts: new Map() }
  const text = await readText(path, "bridge state", LONGEST_STATE)
  try {
    const state = parseState(text)
    const [found, expected] = [state.identity, identity]
    if (found.registry === expected.registry && found.origin === expected.origin) return state
    return refuse(
      "conflict",
      `${path}: expected the state of ${expected.registry} and the log ${expected.origin}, found that of ` +
        `${found.registry} and ${found.origin}; give each its own --data`,
    )
  } catch (error) {
    if (!(error instanceof Refusal) || error.code === "conflict") throw error
    throw new Trouble(
      "damaged",
      `${path} is damaged: ${error.message}. Put a good copy in its place, or move it away: what it ` +
        `remembers cannot be seen to be lost any more then`,
      { cause: error },
    )
  }
}

/** Replaces the file, durably. Throws trouble ("disk"); refuses `too-large` what could not be read again. */
export async function writeState(path: string, { identity, parts }: BridgeState): Promise<void> {
  const json = `${JSON.stringify({ ...identity, parts: [...parts.values()] })}\n`
  assertAtMost(LONGEST_STATE, json.length, `bridge state ${path}`, "characters")
  const sum = createHash("sha256").update(json).digest("hex")
  await writeWhole(path, `countersign registry bridge 1 sha256:${sum}\n${json}`, "bridge state")
  syncNameOf(path)
}
