// What a logged body says at a glance: its kind, the digests it is about, and who signed. Reads the bodies
// of every kind that the log takes; of any other body it only gives the kind. Verifies nothing.
import { parseUtf8 } from "../../core/base/bytes.ts"
import { digestOf } from "../../core/base/digest.ts"
import { unlessRefused } from "../../core/base/errors.ts"
import { asObject, asText, isAbsent, type Members, parseJson } from "../../core/base/json-value.ts"
import { LONGEST_BODY } from "../../core/base/limits.ts"
import { present } from "../../core/base/present.ts"
import { sha256Text } from "../search-terms.ts"
import type { VerifierKey } from "../verifier-key.ts"
import type { LoggedKind, RecordedKeys, RecordedParts } from "./kind.ts"
import { uncachedKeys } from "./recorded.ts"
import { loggedKind, loggedKinds } from "./registry.ts"

/** Whose key verified a signature. */
export interface Signer {
  /** `sha256:` and the hex of the SHA-256 over the key's SPKI. */
  readonly key: string
  /** Whom the certificate names, in lower case; nobody for a bare key. */
  readonly identities: readonly string[]
  readonly issuer?: string
}

export interface EntrySummary {
  /** With its version: `hashedrekord:0.0.2`. */
  readonly kind: string
  /** The digest of the artifact, as `algorithm:hex`. */
  readonly digest?: string
  /** The digest of a DSSE payload. */
  readonly payload?: string
  /** One for each signature. */
  readonly signers: readonly Signer[]
}

export interface RecordedEntry {
  /** As in {@link EntrySummary}. */
  readonly name: string
  /** Undefined for a kind that is not known, of which there are no signatures. */
  readonly kind: LoggedKind | undefined
  readonly parts: RecordedParts
  /** The body as text, and as the value that was read out of it. */
  readonly text: string
  readonly value: unknown
}

function readSigner(key: VerifierKey): Signer {
  const { identities = [], issuer } = key.names ?? {}
  return { key: sha256Text(digestOf("sha256", key.spki)), identities, ...present({ issuer }) }
}

const signers = new WeakMap<VerifierKey, Signer>()

/** Who signs with this key; remembered as long as the key itself. */
function signerOf(key: VerifierKey): Signer {
  const signer = signers.get(key) ?? readSigner(key)
  signers.set(key, signer)
  return signer
}

function openBody(text: string): Members<string> {
  return asObject(parseJson(text, "body", LONGEST_BODY), "body")
}

function nameIn({ apiVersion, kind }: Members<string>): string {
  return isAbsent(kind) ? "unknown" : `${asText(kind, "kind")}:${asText(apiVersion, "version")}`
}

const NOTHING: RecordedParts = { signatures: [] }

/**
 * What a body says, its kind "unknown" if it names none. Refuses `malformed` for a body that is not of
 * the kind it names, `unsupported` or `too-large` for one with a key or a hash that is not known here.
 */
export function readRecorded(body: Uint8Array, keys: RecordedKeys = uncachedKeys): RecordedEntry {
  const text = parseUtf8(body, "body")
  const value = openBody(text)
  const name = nameIn(value)
  const kind = loggedKind(name)
  return { name, kind, parts: kind?.read(value["spec"], keys) ?? NOTHING, text, value }
}

/** The summary of what was read. */
export function summaryOf({ name, parts }: RecordedEntry): EntrySummary {
  const { digest, payload, signatures } = parts
  return {
    kind: name,
    ...(digest !== undefined && { digest }),
    ...(payload !== undefined && { payload }),
    signers: signatures.map(({ key }) => signerOf(key)),
  }
}

/** Refuses as {@link readRecorded} does. */
export function readSummary(body: Uint8Array): EntrySummary {
  return summaryOf(readRecorded(body))
}

const SPEC = ',"spec":'

/** How canonical bodies of each kind begin, so that nearly all need not be parsed to tell it. */
const beginnings: ReadonlyMap<string, LoggedKind> = new Map(
  loggedKinds.map((known) => [`{"apiVersion":"${known.version}","kind":"${known.kind}"`, known]),
)

const LONGEST_BEGINNING = Math.max(...[...beginnings.keys()].map(({ length }) => length))
const latin1 = new TextDecoder("latin1")

/**
 * Whether the log may keep an envelope beside this body: what was signed is not in it. False for a body that
 * cannot be read. Of a body that names its kind twice either may count, as nothing follows from such a one.
 */
export function hasEnvelope(body: Uint8Array): boolean {
  const start = latin1.decode(body.subarray(0, LONGEST_BEGINNING + SPEC.length))
  const known = beginnings.get(start.slice(0, start.indexOf(SPEC)))
  if (known !== undefined) return known.envelope !== undefined
  const name = unlessRefused(() => nameIn(openBody(parseUtf8(body, "body"))))
  return name !== undefined && loggedKind(name)?.envelope !== undefined
}
