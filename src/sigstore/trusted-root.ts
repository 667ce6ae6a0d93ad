// Sigstore's trusted root (protobuf-specs, sigstore_trustroot.proto, JSON form): the file by which users
// pin a log's key. Reads and writes the logs in it; its certificate authorities are read by
// certificate-authorities.ts. Timestamp authorities are not looked at. Logs whose keys are of another kind are passed
// over, so that a file that lists them can be read for the others.
import { concat, equalBytes, utf8 } from "../core/base/bytes.ts"
import { digestOf } from "../core/base/digest.ts"
import { refuse, shown } from "../core/base/errors.ts"
import {
  asList,
  asObject,
  asText,
  type Members,
  optional,
  parseJson,
} from "../core/base/json-value.ts"
import { LONGEST_TRUSTED_ROOT } from "../core/base/limits.ts"
import { parseSpki } from "../core/base/spki.ts"
import { formatBase64 } from "../core/base/text.ts"
import { makeVkey, type Vkey } from "../core/note/note.ts"
import { type Origin, parseOrigin } from "../core/note/origin.ts"
import { asHash, HASH_SIZE, type Hash } from "../core/tree/hash.ts"
import { messageAlgorithm } from "../entry/algorithm.ts"
import { asProtobufBytes } from "./protobuf-bytes.ts"

/**
 * The 32 bytes by which Sigstore names a key of type 1 or 2 (rekor-tiles, "log ID"): SHA-256 over the SPKI for
 * ECDSA, and for Ed25519 the whole hash of which a C2SP key ID is the beginning.
 */
export function logIdOf({ name, type, publicKey }: Vkey): Hash {
  if (type === 2) return asHash(digestOf("sha256", publicKey))
  return asHash(digestOf("sha256", concat(utf8(`${name}\n`), Uint8Array.of(type), publicKey)))
}

/** The 32 bytes by which Rekor v1 names a log: SHA-256 over the SPKI of a key of whatever type. */
export function rekorLogId(spki: Uint8Array): Hash {
  return asHash(digestOf("sha256", spki))
}

/** Refuses `unsupported` for RSA and other unknown keys. */
function logKey(spki: Uint8Array) {
  const expected = "expected SPKI of an ECDSA or Ed25519 key"
  return parseSpki(spki) ?? refuse("unsupported", `log key: ${expected}`)
}

/** The verifier key of a log's checkpoints by its SPKI; refuses as {@link logKey} does. */
function logVkey(origin: Origin, spki: Uint8Array): Vkey {
  const key = logKey(spki)
  return key.type === "ed25519" ? makeVkey(origin, 1, key.point) : makeVkey(origin, 2, spki)
}

/** A log whose key is trusted. */
export interface PinnedLog {
  readonly baseUrl: string
  /** The host name of `baseUrl`. */
  readonly origin: Origin
  readonly spki: Uint8Array
  readonly logId: Hash
  readonly vkey: Vkey
  /** From when the key is valid; undefined if that is not said, which no verifier may take for "always". */
  readonly validFrom: Date | undefined
  /** Until when the key is valid, this moment included; undefined for a key that is in use. */
  readonly validUntil: Date | undefined
}

/** What a trusted root says of one log. */
interface TrustedLog extends Pick<PinnedLog, "baseUrl" | "spki"> {
  readonly validFrom: Date
}

const MEDIA_TYPE = "application/vnd.dev.sigstore.trustedroot+json;version=0.1"
const readMediaTypes: readonly string[] = [
  MEDIA_TYPE,
  "application/vnd.dev.sigstore.trustedroot.v0.2+json",
]
const MOST_LOGS = 32

function originOf(baseUrl: string): Origin {
  const host = URL.canParse(baseUrl) ? new URL(baseUrl).hostname : ""
  if (host === "") refuse("malformed", `baseUrl: expected a URL, found ${shown(baseUrl)}`)
  return parseOrigin(host)
}

/** Entries of version 1 have their time in whole seconds: none may lie before the key became valid. */
function wholeSecond(time: Date): Date {
  return new Date(Math.floor(time.getTime() / 1000) * 1000)
}

function logToJson({ baseUrl, spki, validFrom }: TrustedLog): object {
  const key = logKey(spki)
  const vkey = logVkey(originOf(baseUrl), spki)
  return {
    baseUrl,
    hashAlgorithm: "SHA2_256",
    publicKey: {
      rawBytes: formatBase64(spki),
      keyDetails: messageAlgorithm[key.type],
      validFor: { start: wholeSecond(validFrom).toISOString() },
    },
    logId: { keyId: formatBase64(logIdOf(vkey)) },
  }
}

/** The JSON text of a trusted root, indented, with a final newline. Refuses an unusable key or URL. */
export function formatTrustedRoot(logs: readonly TrustedLog[]): string {
  const root = {
    mediaType: MEDIA_TYPE,
    tlogs: logs.map(logToJson),
    certificateAuthorities: [],
    ctlogs: [],
    timestampAuthorities: [],
  }
  return `${JSON.stringify(root, null, 2)}\n`
}

function readTime(value: unknown, what: string): Date {
  const time = new Date(asText(value, what))
  if (!Number.isNaN(time.getTime())) return time
  return refuse("malformed", `${what}: expected a time, found ${shown(String(value))}`)
}

function readPeriod(value: unknown, what: string) {
  const { start, end } = asObject(value ?? {}, what)
  return {
    validFrom: optional(start, (time) => readTime(time, `${what}.start`)),
    validUntil: optional(end, (time) => readTime(time, `${what}.end`)),
  }
}

const KEY_HINT_SIZE = 4

/**
 * The ID that the file gives the log. SPEC: where `checkpointKeyId` is there it is what checkpoints name the key by, and
 * else that is the log's ID (sigstore_trustroot.proto). Either must be of the log's own key, or the file says of one log
 * what is true of another.
 */
function readLogId(
  log: Members<"logId" | "checkpointKeyId">,
  vkey: Vkey,
  spki: Uint8Array,
  what: string,
) {
  const ownIds = [logIdOf(vkey), rekorLogId(spki)]
  const read = (value: unknown, member: string, shortest: number): Hash => {
    const { keyId } = asObject(value, `${what}.${member}`)
    const found = asProtobufBytes(keyId, `${what}.${member}.keyId`)
    const isOwn = (id: Hash) => equalBytes(id.subarray(0, Math.max(found.length, shortest)), found)
    return (
      ownIds.find(isOwn) ??
      refuse("malformed", `${what}.${member}: expected the ID of the log's own key, found another`)
    )
  }
  const named = optional(log.checkpointKeyId, (id) => read(id, "checkpointKeyId", KEY_HINT_SIZE))
  return (
    optional(log.logId, (id) => read(id, "logId", HASH_SIZE)) ??
    named ??
    refuse("malformed", `${what}.logId: expected the ID of the log's key, found nothing`)
  )
}

/** A log that a trusted root pins and that cannot be judged here. */
export interface UnusableLog {
  readonly logId: Hash
  readonly reason: string
}

function unusableLog(spki: Uint8Array, reason: string): UnusableLog {
  return { logId: rekorLogId(spki), reason }
}

function readLog(value: unknown, what: string): PinnedLog | UnusableLog {
  const log = asObject(value, what, [
    "baseUrl",
    "hashAlgorithm",
    "publicKey",
    "logId",
    "checkpointKeyId",
  ])
  const key = asObject(log.publicKey, `${what}.publicKey`, ["rawBytes", "validFor"])
  const spki = asProtobufBytes(key.rawBytes, `${what}.publicKey.rawBytes`)
  if (parseSpki(spki) === undefined) {
    return unusableLog(spki, `${what}.publicKey: expected an ECDSA or Ed25519 key, found another`)
  }
  const hash = asText(log.hashAlgorithm, `${what}.hashAlgorithm`)
  if (hash !== "SHA2_256") {
    const found = shown(hash)
    return unusableLog(spki, `${what}.hashAlgorithm: expected SHA2_256, found ${found}`)
  }
  const baseUrl = asText(log.baseUrl, `${what}.baseUrl`)
  const origin = originOf(baseUrl)
  const vkey = logVkey(origin, spki)
  const logId = readLogId(log, vkey, spki, what)
  return { baseUrl, origin, spki, logId, vkey, ...readPeriod(key.validFor, `${what}.validFor`) }
}

/** Refuses `unsupported` for a file of another kind or version. */
export function assertTrustedRoot(value: unknown): void {
  const type = asText(asObject(value, "trusted root", ["mediaType"]).mediaType, "mediaType")
  if (!readMediaTypes.includes(type)) {
    refuse("unsupported", `mediaType: expected ${MEDIA_TYPE}, found ${shown(type)}`)
  }
}

/**
 * The logs that a trusted root pins, in its order, and those that cannot be judged here, by their key (RSA) or their hash:
 * together a `Trust`. Refuses as {@link parseTrustedRoot} does.
 *
 * @example
 * ```ts
 * import { readFileSync } from "node:fs"
 * import { readTrustedRoot, verifyBundle } from "countersign/verify"
 *
 * const entry = verifyBundle({
 *   bundle: readFileSync("artifact.txt.sigstore.json", "utf8"),
 *   artifact: readFileSync("artifact.txt"),
 *   key: readFileSync("signer.pub"),
 *   trust: readTrustedRoot(readFileSync("trusted_root.json", "utf8")),
 * })
 * console.log(entry.origin) // localhost
 * ```
 */
export function readTrustedRoot(text: string): {
  readonly trustedRoot: readonly PinnedLog[]
  readonly unusable: readonly UnusableLog[]
} {
  const value = parseJson(text, "trusted root", LONGEST_TRUSTED_ROOT)
  assertTrustedRoot(value)
  const { tlogs } = asObject(value, "trusted root")
  const logs = asList(tlogs, "tlogs", MOST_LOGS).map((log, i) => readLog(log, `tlogs[${i}]`))
  const trustedRoot = logs.filter((log) => "vkey" in log)
  if (trustedRoot.length > 0)
    return { trustedRoot, unusable: logs.filter((log) => "reason" in log) }
  return refuse("unsupported", "tlogs: expected a log with a usable key, found none")
}

/**
 * The logs that a trusted root (protobuf-specs, sigstore_trustroot.proto) pins, in its order; logs that
 * cannot be verified here, by their key (RSA) or their hash, are left out. Refuses `malformed`, `too-large` above 1 MiB, or
 * `unsupported` if none remains.
 *
 * @example
 * ```ts
 * import { readFileSync } from "node:fs"
 * import { parseTrustedRoot } from "countersign/verify"
 *
 * const logs = parseTrustedRoot(readFileSync("trusted_root.json", "utf8"))
 * console.log(logs.map(({ origin }) => origin)) // [ 'localhost' ]
 * ```
 */
export function parseTrustedRoot(text: string): readonly PinnedLog[] {
  return readTrustedRoot(text).trustedRoot
}
