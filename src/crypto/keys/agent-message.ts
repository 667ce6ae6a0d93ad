// The messages of the SSH agent protocol (draft-ietf-sshm-ssh-agent) that signing takes: identities and signatures of
// ECDSA P-256 (RFC 5656) and Ed25519 (RFC 8709). Leaves out certificates, security keys and all that changes an agent.
import { concat, u32 } from "../../core/base/bytes.ts"
import { refuse } from "../../core/base/errors.ts"
import { parseHex } from "../../core/base/text.ts"
import { derElement } from "../../entry/der.ts"
import type { KeyAlgorithm } from "./handle.ts"

export const REQUEST_IDENTITIES = 11
export const IDENTITIES = 12
export const SIGN_REQUEST = 13
export const SIGNATURE = 14

const MOST_IDENTITIES = 1_000
const INTEGER = 0x02
const SEQUENCE = 0x30
const COORDINATE_SIZE = 32
const SIGNATURE_SIZE = 64
const POINT_SIZE = 65
const UNCOMPRESSED = 0x04
const RAW_SIZE = 32
const SPKI_PREFIX: Readonly<Record<KeyAlgorithm, Uint8Array>> = {
  "ecdsa-p256": parseHex("3059301306072a8648ce3d020106082a8648ce3d030107034200", "P-256 prefix"),
  ed25519: parseHex("302a300506032b6570032100", "Ed25519 prefix"),
}
const NAMES: Readonly<Record<string, KeyAlgorithm>> = {
  "ecdsa-sha2-nistp256": "ecdsa-p256",
  "ssh-ed25519": "ed25519",
}

function refuseMessage(found: string): never {
  return refuse("malformed", `SSH agent: expected a message of its protocol, found ${found}`)
}

const string = (bytes: Uint8Array) => concat(u32(bytes.length), bytes)

/** Reads numbers and strings one after the other; refuses `malformed` where the bytes end. */
function createReader(bytes: Uint8Array) {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  let at = 0
  function take(count: number): Uint8Array {
    if (count > buffer.length - at) refuseMessage("one that ends too early")
    at += count
    return buffer.subarray(at - count, at)
  }
  const number = () => Buffer.from(take(4)).readUInt32BE()
  return {
    number,
    string: () => take(number()),
    text: () => Buffer.from(take(number())).toString("latin1"),
    end() {
      if (at !== buffer.length) refuseMessage("bytes behind one")
    },
  }
}

/** The public keys that an agent holds, as blobs of SSH. Refuses `malformed`. */
export function parseIdentities(message: Uint8Array): readonly Uint8Array[] {
  const reader = createReader(message)
  const count = reader.number()
  if (count > MOST_IDENTITIES) refuseMessage(`${count} keys`)
  const blobs = Array.from({ length: count }, () => {
    const blob = reader.string()
    reader.string()
    return blob
  })
  reader.end()
  return blobs
}

interface AgentPublicKey {
  readonly algorithm: KeyAlgorithm
  /** SPKI in DER. */
  readonly spki: Uint8Array
}

/** Reads a public key; refuses `unsupported` for another kind, `malformed` for what is none. */
export function parsePublicBlob(blob: Uint8Array): AgentPublicKey {
  const reader = createReader(blob)
  const name = reader.text()
  const algorithm = Object.hasOwn(NAMES, name) ? NAMES[name] : undefined
  if (algorithm === undefined) {
    return refuse(
      "unsupported",
      "SSH agent: expected an ECDSA P-256 or Ed25519 key, found another kind",
    )
  }
  if (algorithm === "ecdsa-p256") reader.string()
  const point = reader.string()
  reader.end()
  const isPoint =
    algorithm === "ed25519"
      ? point.length === RAW_SIZE
      : point.length === POINT_SIZE && point[0] === UNCOMPRESSED
  if (!isPoint) refuseMessage(`a public key of ${point.length} bytes`)
  return { algorithm, spki: concat(SPKI_PREFIX[algorithm], point) }
}

/** The body of a request to sign these bytes with the key of this blob. */
export function signRequest(blob: Uint8Array, message: Uint8Array): Uint8Array {
  return concat(string(blob), string(message), u32(0))
}

/** A positive number of up to 32 bytes as SSH writes it (RFC 4251) as DER has it, which is the same two's complement. */
function derInteger(mpint: Uint8Array): Uint8Array {
  const [first, second] = mpint
  const isPadded = first === 0
  const isShortest = !isPadded || (second ?? 0) >= 0x80
  const isPositive = first !== undefined && first < 0x80
  const size = mpint.length - (isPadded ? 1 : 0)
  if (!isShortest || !isPositive || size > COORDINATE_SIZE) refuseMessage("a number out of range")
  return derElement(INTEGER, mpint)
}

/** The signature of an answer, DER for ECDSA. Refuses `malformed`; says nothing of whether it holds. */
export function parseSignature(message: Uint8Array, algorithm: KeyAlgorithm): Uint8Array {
  const outer = createReader(message)
  const inner = createReader(outer.string())
  outer.end()
  if (NAMES[inner.text()] !== algorithm) refuseMessage("a signature of another kind")
  const signature = inner.string()
  inner.end()
  if (algorithm === "ed25519") {
    if (signature.length !== SIGNATURE_SIZE) refuseMessage(`${signature.length} bytes of signature`)
    return new Uint8Array(signature)
  }
  const numbers = createReader(signature)
  const both = concat(derInteger(numbers.string()), derInteger(numbers.string()))
  numbers.end()
  return derElement(SEQUENCE, both)
}

/** A message as it is sent: its length, its type, its body. */
export function frame(type: number, body: Uint8Array): Uint8Array {
  return concat(u32(body.length + 1), Uint8Array.of(type), body)
}
