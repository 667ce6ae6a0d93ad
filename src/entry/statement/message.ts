// Messages: the bytes that a signature was made over, as far as they say what they are about. Of a hashedrekord entry
// the log has a hash of them only, so whoever has them can show what the entry is about. Follows DSSE v1 (PAE), the
// simple signing of containers, and gitsign (commit.ts). Leaves out artifacts, which say nothing of themselves.
import { assertAtMost, refuse } from "../../core/base/errors.ts"
import { LONGEST_PAYLOAD } from "../../core/base/limits.ts"
import { readSignedAttributes } from "./commit.ts"
import { isPae, parsePae } from "./pae.ts"
import { readStatement, type StatedSubject } from "./reading.ts"
import { readSuperset } from "./superset.ts"

/** `payload`: that of an envelope, without its type. */
type MessageForm = "dsse-pae" | "simple-signing" | "commit-id" | "commit-attributes" | "payload"

export interface Message {
  readonly form: MessageForm
  readonly payloadType?: string
  /** What is to be read of it: the payload of an envelope, or a text. */
  readonly payload?: Uint8Array
  /** What was signed, if more was given: attributes of a commit have the commit behind them. */
  readonly signed?: Uint8Array
  readonly subjects: readonly StatedSubject[]
  /** Readers may take other subjects out of it, and there are none here: see `readSuperset`. */
  readonly isOdd: boolean
}

/** The longest message that is no PAE, in bytes. */
const LONGEST_TEXT = 65_536

/** Bytes of the longest payload of an envelope, with its type. */
const LONGEST_MESSAGE = (LONGEST_PAYLOAD / 4) * 3 + 1024

/** What a payload is about. */
function readPayload(payload: Uint8Array): Pick<Message, "subjects" | "isOdd"> {
  const reading = readStatement(payload)
  return reading.form === "plain"
    ? { subjects: reading.subjects, isOdd: false }
    : { subjects: [], isOdd: true }
}

/** The payload of an envelope as a message; of any bytes. */
export function readPayloadMessage(payload: Uint8Array, payloadType?: string): Message {
  return {
    form: "payload",
    ...(payloadType !== undefined && { payloadType }),
    payload,
    ...readPayload(payload),
  }
}

const COMMIT_ID = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/
const latin1 = new TextDecoder("latin1")

function readCommitId(bytes: Uint8Array): Message | undefined {
  const id = bytes.length <= 64 ? latin1.decode(bytes) : ""
  if (!COMMIT_ID.test(id)) return undefined
  return { form: "commit-id", subjects: [{ digests: [`gitCommit:${id}`] }], isOdd: false }
}

/** With the commit behind them, which is hashed three times. */
const LONGEST_COMMIT = 262_144

function readAttributes(bytes: Uint8Array): Message | undefined {
  if (bytes.length > LONGEST_COMMIT) return undefined
  const read = readSignedAttributes(bytes)
  if (read === undefined) return undefined
  const { attributes, subject } = read
  return { form: "commit-attributes", signed: attributes, subjects: [subject], isOdd: false }
}

type Json = Readonly<Record<string, unknown>>

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value)
}

const MANIFEST_DIGEST = /^sha256:[0-9a-f]{64}$/

/** Undefined unless it is written as cosign writes it, members in any order. */
function readSimpleSigning(text: string): StatedSubject | undefined {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return undefined
  }
  if (JSON.stringify(value) !== text || !isObject(value)) return undefined
  const { critical } = value
  if (!isObject(critical) || !isObject(critical["image"])) return undefined
  const { identity, image } = critical
  const digest = image["docker-manifest-digest"]
  if (typeof digest !== "string" || !MANIFEST_DIGEST.test(digest)) return undefined
  const name = isObject(identity) ? identity["docker-reference"] : undefined
  return { ...(typeof name === "string" && name !== "" && { name }), digests: [digest] }
}

function readText(bytes: Uint8Array): Message | undefined {
  const statement = readPayloadMessage(bytes)
  if (statement.subjects.length > 0) return statement
  if (bytes.length > LONGEST_TEXT) return undefined
  const subject = readSimpleSigning(new TextDecoder().decode(bytes))
  const form = "simple-signing"
  if (subject !== undefined) return { form, payload: bytes, subjects: [subject], isOdd: false }
  if (readSuperset(bytes).digests.size === 0) return undefined
  return { form, payload: bytes, subjects: [], isOdd: true }
}

/**
 * Refuses `unsupported` what says nothing of itself, `malformed` a PAE with wrong lengths, `mismatch` a commit that is
 * not the one of its attributes, or `too-large`.
 */
export function readMessage(bytes: Uint8Array): Message {
  assertAtMost(LONGEST_MESSAGE, bytes.length, "message", "bytes")
  if (isPae(bytes)) {
    const { payloadType, payload } = parsePae(bytes)
    return { form: "dsse-pae", payloadType, payload, ...readPayload(payload) }
  }
  return (
    readCommitId(bytes) ??
    readAttributes(bytes) ??
    readText(bytes) ??
    refuse(
      "unsupported",
      "message: expected the bytes that were signed of an envelope (DSSEv1 …), of an image (simple signing) or of " +
        `a commit, found ${bytes.length} bytes that name nothing; an artifact says nothing of itself`,
    )
  )
}
