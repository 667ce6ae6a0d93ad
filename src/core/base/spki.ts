// SubjectPublicKeyInfo (RFC 5280, RFC 5480, RFC 8410) of elliptic-curve keys. Their canonical DER is a
// fixed prefix before the point, so comparing the prefix is the whole parser. Leaves out RSA.
import { concat, equalBytes } from "./bytes.ts"
import { refuse } from "./errors.ts"
import { parseHex } from "./text.ts"

type SpkiType = "ecdsa-p256" | "ecdsa-p384" | "ecdsa-p521" | "ed25519"

interface Spki {
  readonly type: SpkiType
  /** The uncompressed point with its leading 0x04, or the 32 bytes of an Ed25519 key. */
  readonly point: Uint8Array
}

interface Form {
  readonly type: SpkiType
  readonly prefix: Uint8Array
  readonly pointSize: number
}

function form(type: SpkiType, prefix: string, pointSize: number): Form {
  return { type, prefix: parseHex(prefix, "prefix"), pointSize }
}

const ED25519 = form("ed25519", "302a300506032b6570032100", 32)

const forms: readonly Form[] = [
  form("ecdsa-p256", "3059301306072a8648ce3d020106082a8648ce3d030107034200", 65),
  form("ecdsa-p384", "3076301006072a8648ce3d020106052b81040022036200", 97),
  form("ecdsa-p521", "30819b301006072a8648ce3d020106052b8104002303818600", 133),
  ED25519,
]

const UNCOMPRESSED = 4

/**
 * The key in canonical DER; undefined for any other bytes (another kind of key, another encoding, a
 * compressed point). Whether the point is on its curve shows when a signature is verified.
 */
export function parseSpki(der: Uint8Array): Spki | undefined {
  for (const { type, prefix, pointSize } of forms) {
    const point = der.subarray(prefix.length)
    if (point.length !== pointSize || !equalBytes(der.subarray(0, prefix.length), prefix)) continue
    return type === "ed25519" || point[0] === UNCOMPRESSED ? { type, point } : undefined
  }
  return undefined
}

/** The SPKI of a raw Ed25519 key; refuses `malformed` unless it has 32 bytes. */
export function formatEd25519Spki(raw: Uint8Array): Uint8Array {
  if (raw.length !== ED25519.pointSize) {
    refuse("malformed", `Ed25519 key: expected 32 bytes, found ${raw.length}`)
  }
  return concat(ED25519.prefix, raw)
}
