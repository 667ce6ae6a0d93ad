// A signature with the bytes that it was made over, as clients leave them behind, and the digests under which a log
// has its entry. All of it is a stranger's word until the log's entry is read (lookup.ts).
import { parseAnyBase64 } from "../../core/base/any-base64.ts"
import { utf8 } from "../../core/base/bytes.ts"
import { digestOf, hashNames } from "../../core/base/digest.ts"
import { refuse, shown } from "../../core/base/errors.ts"
import { asList, asObject, asText, isAbsent } from "../../core/base/json-value.ts"
import { present } from "../../core/base/present.ts"
import { formatHex } from "../../core/base/text.ts"
import { dssePae, MOST_SIGNATURES } from "../../entry/dsse.ts"

/** Where its maker says that the entry is; a hint. */
export interface StatedEntry {
  readonly index: number
  readonly body?: Uint8Array
}

export interface SignedMessage {
  /** `artifact` is a signature over a thing that is no message: the entry itself names its digest. */
  readonly form: "dsse" | "simple-signing" | "commit" | "bytes" | "artifact"
  /** The bytes that were signed; absent for an artifact. */
  readonly message?: Uint8Array
  /** What entries about it have as their digest or their payload's, as `algorithm:hex`. */
  readonly digests: readonly string[]
  /** Absent where only the message is at hand. */
  readonly signature?: Uint8Array
  /** DER of the signer's certificate, where it comes along. */
  readonly certificate?: Uint8Array
  readonly stated: readonly StatedEntry[]
}

/** What comes with a message beside its bytes. */
export type Accompanied = Pick<SignedMessage, "certificate" | "stated"> & {
  readonly signature?: Uint8Array | undefined
}

const ALONE: Accompanied = { stated: [] }

function digestsOf(bytes: Uint8Array): readonly string[] {
  return hashNames.map((hash) => `${hash}:${formatHex(digestOf(hash, bytes))}`)
}

/** A message as it was signed, with the digests of all three hashes: the signer's key decides which one is logged. */
export function signedBytes(
  form: Exclude<SignedMessage["form"], "artifact" | "dsse">,
  message: Uint8Array,
  { signature, certificate, stated }: Accompanied = ALONE,
): SignedMessage {
  return {
    form,
    message,
    digests: digestsOf(message),
    stated,
    ...present({ signature, certificate }),
  }
}

/** What gitsign signs for the log: the digits of the commit's ID. Refuses `malformed`. */
export function commitMessage(id: string): SignedMessage {
  if (/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(id)) return signedBytes("commit", utf8(id))
  return refuse(
    "malformed",
    `commit: expected 40 or 64 lower-case hex digits, found ${shown(id, 100)}`,
  )
}

/** An envelope's payload with one of its signatures, under the digests of its PAE and of its payload. */
function dsseMessage(
  payloadType: string,
  payload: Uint8Array,
  { signature, certificate, stated }: Accompanied,
): SignedMessage {
  const message = dssePae(payloadType, payload)
  const logged = `sha256:${formatHex(digestOf("sha256", payload))}`
  const digests = [...digestsOf(message), logged]
  return { form: "dsse", message, digests, stated, ...present({ signature, certificate }) }
}

const SIGNATURE_MEMBERS = ["sig", "keyid"]
const ENVELOPE_MEMBERS = ["payload", "payloadType", "signatures"]

/** As Go's encoding/json compares names of members: without regard to case, also of the long s and the Kelvin sign. */
function folded(name: string): string {
  return name.toLowerCase().replaceAll("\u017f", "s")
}

/** Refuses `malformed` for a member that some readers take for one of `names`: they would read something else. */
function assertPlainNames(value: object, what: string, names: readonly string[]): void {
  const near = Object.keys(value).find(
    (found) => !names.includes(found) && names.some((name) => folded(name) === folded(found)),
  )
  if (near === undefined) return
  refuse("malformed", `${what}: expected ${names.join(", ")}, found ${shown(near)} as well`)
}

/**
 * One message for each signature of an envelope that was parsed as JSON; members that DSSE does not know are passed
 * over. Refuses `malformed`, or `too-large` above ten signatures.
 */
export function envelopeMessages(
  value: unknown,
  what: string,
  beside: Omit<Accompanied, "signature"> = ALONE,
): readonly SignedMessage[] {
  const envelope = asObject(value, what)
  assertPlainNames(envelope, what, ENVELOPE_MEMBERS)
  const { payload, payloadType, signatures } = envelope
  const type = asText(payloadType, `${what}: payloadType`)
  const bytes = parseAnyBase64(asText(payload, `${what}: payload`), `${what}: payload`)
  const list = asList(signatures, `${what}: signatures`, MOST_SIGNATURES)
  if (list.length === 0) refuse("malformed", `${what}: expected a signature, found none`)
  return list.map((each, i) => {
    const place = `${what}: signatures[${i}]`
    const member = asObject(each, place)
    assertPlainNames(member, place, SIGNATURE_MEMBERS)
    const { sig } = member
    const signature = parseAnyBase64(asText(sig, `${place}.sig`), `${place}.sig`)
    return dsseMessage(type, bytes, { ...beside, signature })
  })
}

/** Whether a value that was parsed as JSON is meant as an envelope. */
export function isEnvelope(value: unknown): boolean {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false
  const { payload, signatures } = asObject(value, "envelope")
  return !isAbsent(payload) && !isAbsent(signatures)
}
