// A bundle as `@sigstore/verify` takes it: the signer's certificate, timestamps (RFC 3161), and times by which a log has
// promised an entry. Log entries are left out, as they are verified before; and so is the signature, which was verified
// under the key that the library finds in the certificate as well. Hostile bytes are bounded before anything walks through them.
import type { Bundle } from "@sigstore/bundle"
import { type SignedEntity, toSignedEntity } from "@sigstore/verify"
import { equalBytes } from "../core/base/bytes.ts"
import { refuse } from "../core/base/errors.ts"
import type { X509 } from "../entry/certificates/x509.ts"
import { assertDer } from "../entry/der.ts"
import { pinPromises } from "./certificate-promises.ts"
import { pinBytes, pinIssuers } from "./library-certificate.ts"

type LibraryTimestamp = SignedEntity["timestamps"][number]
export type TimestampToken = Extract<
  LibraryTimestamp,
  { $case: "timestamp-authority" }
>["timestamp"]
type LogEntry = Bundle["verificationMaterial"]["tlogEntries"][number]
type DerObject = TimestampToken["root"]

/** When a log has promised to have an entry, by a signature of the log that was verified. */
interface LogTime {
  readonly logId: Uint8Array
  readonly time: Date
}

export interface EntityParts {
  /** Under whose key the signature was verified. */
  readonly certificate: Uint8Array
  readonly signature: Uint8Array
  readonly logTimes: readonly LogTime[]
  readonly timestamps: readonly Uint8Array[]
}

/** In bytes; with a chain of certificates inside real ones have some 6,000. */
const LONGEST_TIMESTAMP = 32_768
/** The library reads DER inside of octet strings as well, and writes it again at each level. */
const DEEPEST = 32

function assertFlat(root: DerObject, what: string): void {
  const open: (readonly [DerObject, number])[] = [[root, 1]]
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const [{ subs }, depth] = next
    if (depth > DEEPEST) {
      refuse("malformed", `${what}: expected DER of up to ${DEEPEST} levels, found more`)
    }
    for (const sub of subs) open.push([sub, depth + 1])
  }
}

function entryOf({ logId, time }: LogTime): LogEntry {
  return {
    logIndex: "0",
    logId: { keyId: Buffer.from(logId) },
    kindVersion: { kind: "", version: "" },
    integratedTime: String(Math.floor(time.getTime() / 1000)),
    inclusionPromise: { signedEntryTimestamp: Buffer.alloc(0) },
    inclusionProof: undefined,
    canonicalizedBody: Buffer.alloc(0),
  }
}

/** Times of the same log in the same second are one; the library takes them for a bundle that says things twice. */
function distinct(times: readonly LogTime[]): readonly LogTime[] {
  return times.filter((time, i) => {
    const same = ({ logId, time: other }: LogTime) =>
      equalBytes(logId, time.logId) && other.getTime() === time.time.getTime()
    return times.findIndex(same) === i
  })
}

function bundleOf({ certificate, signature, logTimes, timestamps }: EntityParts): Bundle {
  const envelope = { payload: Buffer.alloc(0), payloadType: "" }
  const signatures = [{ sig: Buffer.from(signature), keyid: "" }]
  return {
    mediaType: "",
    verificationMaterial: {
      content: { $case: "certificate", certificate: { rawBytes: Buffer.from(certificate) } },
      tlogEntries: distinct(logTimes).map(entryOf),
      timestampVerificationData: {
        rfc3161Timestamps: timestamps.map((der) => ({ signedTimestamp: Buffer.from(der) })),
      },
    },
    content: { $case: "dsseEnvelope", dsseEnvelope: { ...envelope, signatures } },
  }
}

/**
 * The entity; every timestamp is in it, and promises of the certificate logs with these IDs. `leaf` is the
 * certificate as it was read here. Refuses `malformed` for a certificate or timestamp that is not DER, or that the
 * library has read in another way than we.
 */
export function makeEntity(
  parts: EntityParts,
  leaf: X509,
  logIds: readonly Uint8Array[],
): SignedEntity {
  for (const [i, der] of parts.timestamps.entries()) {
    const what = `timestamp ${i + 1}`
    if (der.length > LONGEST_TIMESTAMP) {
      refuse("too-large", `${what}: expected up to ${LONGEST_TIMESTAMP} bytes, found ${der.length}`)
    }
    assertDer(der, what)
  }
  const entity = toSignedEntity(bundleOf(parts))
  for (const timestamp of entity.timestamps) {
    if (timestamp.$case === "timestamp-authority") assertFlat(timestamp.timestamp.root, "timestamp")
  }
  if (entity.key.$case === "certificate") {
    const { certificate } = entity.key
    assertFlat(certificate.root, "certificate")
    pinBytes(certificate, leaf)
    pinIssuers(certificate)
    pinPromises(certificate, leaf.signed, logIds)
  }
  return {
    key: entity.key,
    timestamps: entity.timestamps,
    tlogEntries: [],
    signature: {
      signature: Buffer.from(parts.signature),
      compareSignature: () => false,
      compareDigest: () => false,
      verifySignature: () => true,
    },
  }
}
