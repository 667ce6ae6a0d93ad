// What an attestation is about: the subjects of the in-toto statement whose digest an entry holds. The
// envelope comes from the log unsigned, so it counts only if its payload has the digest in the body. JSON is also read
// in different ways: some readers keep the first of two members with one name, most the last, and some do not care for
// upper and lower case. What it says to one of them it does not say to all.
import { parseUtf8 } from "../../core/base/bytes.ts"
import { unlessRefused } from "../../core/base/errors.ts"
import { present } from "../../core/base/present.ts"
import { formatHex } from "../../core/base/text.ts"
import type { HashName } from "../../entry/algorithm.ts"
import { type KeptPayload, readEnvelope } from "../../entry/dsse.ts"
import { readSubjects } from "../../entry/statement/subjects.ts"
import { LONGEST_NAME } from "../watch/pattern.ts"

export interface NamedSubject {
  readonly name?: string
  /** SHA-2 digests as `algorithm:hex`. */
  readonly digests: readonly string[]
}

export interface EntryPayload extends KeptPayload {
  readonly subjects: readonly NamedSubject[]
  /** It may be a statement, and what it is about cannot be read: it may be about anything. */
  readonly isUnreadable: boolean
}

const hashes: readonly HashName[] = ["sha256", "sha384", "sha512"]

/** What is no JSON object with these members is no statement to any reader, whatever type it bears. */
function mayBeStatement(payload: Uint8Array): boolean {
  try {
    const value: unknown = JSON.parse(parseUtf8(payload, "payload"))
    return typeof value === "object" && value !== null && ("_type" in value || "subject" in value)
  } catch {
    return false
  }
}

/** Whether other readers may take other subjects out of the same statement. */
function isAmbiguous(payload: Uint8Array): boolean {
  const text = parseUtf8(payload, "payload")
  const statement = JSON.parse(text) as { readonly subject: readonly { readonly digest: object }[] }
  return (
    hasRepeatedMembers(text, statement) ||
    hasNearName(statement, ["_type", "subject"]) ||
    statement.subject.some(
      (subject) => hasNearName(subject, ["name", "digest"]) || hasNearName(subject.digest, hashes),
    )
  )
}

function subjectsOf(payload: Uint8Array): readonly NamedSubject[] | undefined {
  const subjects = unlessRefused(() => readSubjects(payload))
  if (subjects === undefined || isAmbiguous(payload)) return undefined
  if (subjects.some(({ name = "" }) => name.length > LONGEST_NAME)) return undefined
  return subjects.map(({ name, digests }) => ({
    ...present({ name }),
    digests: hashes.flatMap((hash) => {
      const bytes = digests[hash]
      return bytes === undefined ? [] : [`${hash}:${formatHex(bytes)}`]
    }),
  }))
}

/**
 * The payload in an envelope, if it is the one with this digest (`sha256:hex`); else undefined. Its type is
 * not bound by the entry, so the subjects are read whatever the envelope says. Never throws.
 */
export function openPayload(
  digest: string,
  envelope: Uint8Array,
  sha256: (bytes: Uint8Array) => Uint8Array,
): EntryPayload | undefined {
  const kept = unlessRefused(() => readEnvelope(envelope))
  if (kept === undefined || digest !== `sha256:${formatHex(sha256(kept.payload))}`) return undefined
  const subjects = subjectsOf(kept.payload)
  const isUnreadable = subjects === undefined && mayBeStatement(kept.payload)
  return { ...kept, subjects: subjects ?? [], isUnreadable }
}

const QUOTE = 0x22
const BACKSLASH = 0x5c
const COLON = 0x3a

/** Where the string that begins at `at` ends, behind its quote. */
function endOfString(text: string, at: number): number {
  let end = at + 1
  while (end < text.length && text.charCodeAt(end) !== QUOTE) {
    end += text.charCodeAt(end) === BACKSLASH ? 2 : 1
  }
  return end + 1
}

/** How many members all objects in a JSON text have, as they are written. */
function countWritten(text: string): number {
  let count = 0
  for (let at = text.indexOf('"'); at >= 0; at = text.indexOf('"', at)) {
    at = endOfString(text, at)
    while (/\s/.test(text.charAt(at))) at += 1
    if (text.charCodeAt(at) === COLON) count += 1
  }
  return count
}

/** How many members all objects in a value have. */
function countMembers(value: unknown): number {
  let count = 0
  const open: unknown[] = [value]
  while (open.length > 0) {
    const next = open.pop()
    if (typeof next !== "object" || next === null) continue
    const inner: readonly unknown[] = Object.values(next)
    if (!Array.isArray(next)) count += inner.length
    for (const each of inner) open.push(each)
  }
  return count
}

/** Whether an object in this JSON text, of which `value` was read, has two members with one name. */
function hasRepeatedMembers(text: string, value: unknown): boolean {
  return countWritten(text) !== countMembers(value)
}

/** Whether an object has a member whose name differs from one of `names`, in lower case, by its case only. */
function hasNearName(object: object, names: readonly string[]): boolean {
  return Object.keys(object).some(
    (name) => !names.includes(name) && names.includes(name.toLowerCase()),
  )
}
