// What an attestation is about: the subjects of the in-toto statement whose digest an entry holds. The
// envelope comes from the log unsigned, so it counts only if its payload has the digest in the body.
import { parseUtf8 } from "../../core/base/bytes.ts"
import { unlessRefused } from "../../core/base/errors.ts"
import { formatHex } from "../../core/base/text.ts"
import { algorithms, type HashName, messageAlgorithm } from "../../entry/algorithm.ts"
import { dssePae } from "../../entry/dsse.ts"
import type { SignatureCheck } from "../../entry/entry.ts"
import { parseAnyBase64 } from "../../entry/rekor-v1/lenient-base64.ts"
import { readSubjects } from "../../sigstore/in-toto.ts"
import { type KeptPayload, readEnvelope } from "../../sigstore/kept-envelope.ts"
import { readRecorded } from "../../sigstore/recorded-summary.ts"
import { LONGEST_NAME } from "../watch/pattern.ts"
import { hasNearName, hasRepeatedMembers } from "./repeated-members.ts"

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
    ...(name !== undefined && { name }),
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

const DSSE = "dsse:"

/**
 * The checks of a DSSE entry with its envelope. They hold for what was signed; that they fail proves
 * nothing, because no entry of this kind keeps the type that was signed too. Refuses as the body's readers
 * do.
 */
export function envelopeChecks(
  body: Uint8Array,
  { payloadType, payload }: KeptPayload,
): readonly SignatureCheck[] {
  const { kind, signatures } = readRecorded(body)
  if (!kind.startsWith(DSSE)) return []
  const message = dssePae(payloadType, payload)
  return signatures.flatMap(({ key, content }) => {
    const algorithm = messageAlgorithm[key.keyType]
    // Larger curves are hashed with SHA-256 by some signers and with their own hash by others.
    const isClear = algorithms[algorithm].hash === "sha256" || algorithm === "PKIX_ED25519"
    if (!isClear) return []
    const signature = parseAnyBase64(String(content), "signature")
    return [{ algorithm, spki: key.spki, signature, signed: { form: "message", message } }]
  })
}
