// Why a signature does not hold: the usual mistakes of those who sign, each tried after the plain check has failed. The
// form of the bytes costs nothing; readings are a few more checks of things that may have been signed instead. Words
// only: whatever is found, the signature stays refused. Leaves out whose mistake it is.
import { utf8 } from "../core/base/bytes.ts"
import { digestOf, hashNames } from "../core/base/digest.ts"
import { unlessRefused } from "../core/base/errors.ts"
import { rsaFinding } from "../core/base/rsa-padding.ts"
import { formatBase64, formatHex } from "../core/base/text.ts"
import { algorithms, type HashName, type KeyType } from "./algorithm.ts"
import { derElements } from "./der.ts"
import type { SignatureCheck, Signed } from "./entry.ts"
import { hashOfCheck, keyOfCheck } from "./portable-verification.ts"
import { dssePae, IN_TOTO_PAYLOAD_TYPE, isPae, parsePae } from "./statement/pae.ts"

/** Another thing that may have been signed, and the end of a sentence if it was. */
interface Reading {
  readonly check: SignatureCheck
  readonly finding: string
}

/** For each signature, whoever tries them. */
export const MOST_READINGS = 8
/** Longer messages are not read in other ways: each reading is hashed as a whole. */
export const LONGEST_READING = 262_144

const COORDINATE: Readonly<Partial<Record<KeyType, number>>> = {
  "ecdsa-p256": 32,
  "ecdsa-p384": 48,
  "ecdsa-p521": 66,
}
const INTEGER = 0x02
const ED25519_SIZE = 64

function integersIn(signature: Uint8Array): readonly Uint8Array[] | undefined {
  const elements = derElements(signature)
  const isPair = elements?.length === 2 && elements.every((each) => each[0] === INTEGER)
  return isPair ? elements : undefined
}

function ecdsaForm(signature: Uint8Array, coordinate: number): string | undefined {
  const integers = integersIn(signature)
  const size = signature.length
  if (integers?.some((each) => each.length > coordinate + 3)) {
    return "it was made by a key of a larger curve"
  }
  if (integers !== undefined) return undefined
  if (size >= 256) return `it has ${size} bytes, as of RSA, and the key is ECDSA`
  return `expected ECDSA in ASN.1 DER, two integers, found ${size} other bytes`
}

/** Whether the bytes are r and s alone where DER of the two belongs. */
export function looksLikeP1363({ algorithm, signature }: SignatureCheck): boolean {
  const coordinate = COORDINATE[algorithms[algorithm].keyType]
  return (
    coordinate !== undefined &&
    signature.length === 2 * coordinate &&
    derElements(signature) === undefined
  )
}

/** Of {@link looksLikeP1363}. */
export function p1363Finding({ signature }: SignatureCheck): string {
  return `expected ECDSA in ASN.1 DER, found ${signature.length} bytes, as r and s alone have (P1363)`
}

const OPENPGP_HEADERS: ReadonlySet<number> = new Set([0x88, 0x89, 0xc2])
const OPENPGP_VERSION = 4

/** A packet of OpenPGP without armour says its own length. */
function isOpenPgp(bytes: Uint8Array): boolean {
  const [header = 0, first = 0, second = 0, third = 0] = bytes
  if (!OPENPGP_HEADERS.has(header)) return false
  if (header === 0x88) return first === bytes.length - 2 && second === OPENPGP_VERSION
  if (header === 0x89) {
    return first * 256 + second === bytes.length - 3 && third === OPENPGP_VERSION
  }
  if (first < 192) return first === bytes.length - 2 && second === OPENPGP_VERSION
  return (first - 192) * 256 + second + 192 === bytes.length - 3 && third === OPENPGP_VERSION
}

/** Longer than chance has it: one digit of base64 in three is one of these. */
const HEX = /^(?=.*[0-9])[0-9a-fA-F]{64,}={0,2}$/

/** What the bytes alone say, without any cryptography: the end of a sentence. */
export function formFinding({ algorithm, signature, spki }: SignatureCheck): string | undefined {
  if (isOpenPgp(signature)) return "it is a signature of OpenPGP's, which is not taken"
  if (HEX.test(formatBase64(signature))) return "hexadecimal was read as base64; send base64"
  const { keyType } = algorithms[algorithm]
  const size = signature.length
  const coordinate = COORDINATE[keyType]
  if (coordinate !== undefined) return ecdsaForm(signature, coordinate)
  if (keyType === "ed25519") {
    if (size === ED25519_SIZE) return undefined
    const what = integersIn(signature) === undefined ? "" : ", the DER of ECDSA"
    return `expected the ${ED25519_SIZE} bytes of an Ed25519 signature, found ${size}${what}`
  }
  const key = keyOfCheck({ algorithm, signature, spki, signed: { form: "digest", digest: spki } })
  const expected = key !== undefined && "modulus" in key ? key.modulus.length : size
  return size === expected
    ? undefined
    : `expected the ${expected} bytes of a signature by this RSA key, found ${size}`
}

function message(bytes: Uint8Array, hash?: HashName): Signed {
  return hash === undefined
    ? { form: "message", message: bytes }
    : { form: "message", message: bytes, hash }
}

const LINE_FEED = 0x0a
const NEWLINE = Uint8Array.of(LINE_FEED)

function withLineFeed(bytes: Uint8Array): Uint8Array {
  const longer = new Uint8Array(bytes.length + NEWLINE.length)
  longer.set(bytes)
  longer.set(NEWLINE, bytes.length)
  return longer
}

/** A text's two spellings that editors and shells make of each other. */
export function otherEnd(bytes: Uint8Array): readonly [Uint8Array, string] {
  return bytes.at(-1) === LINE_FEED
    ? [bytes.subarray(0, -1), "without the line feed at its end"]
    : [withLineFeed(bytes), "with a line feed behind it, as echo writes one"]
}

type Signable = readonly [Signed, string]

/** A key signs bytes as it would an artifact, or for Ed25519 as pure Ed25519 does. */
function overDigest(digest: Uint8Array, hash: HashName): readonly Signable[] {
  const hex = formatHex(digest)
  return [
    [message(utf8(hex)), "it was made over the hexadecimal text of the digest"],
    [
      message(utf8(`${hex}\n`)),
      "it was made over the hexadecimal text of the digest and a line feed",
    ],
    [message(digest), "it was made over the digest as if that were the artifact"],
    [
      message(utf8(`${hash}:${hex}`)),
      `it was made over the text "${hash}:" and the hexadecimal digest`,
    ],
  ]
}

/** `digestAlgorithm` signs a digest of these bytes, so an Ed25519 key has another way to be given a message. */
function overArtifact(check: SignatureCheck, artifact: Uint8Array): readonly Signable[] {
  const own = hashOfCheck(check)
  const [other, end] = otherEnd(artifact)
  if (check.algorithm === "PKIX_ED25519_PH") {
    return [
      [message(artifact), PURE],
      [{ form: "digest", digest: digestOf(own, other) }, `it was made over the artifact ${end}`],
    ]
  }
  return [
    ...hashNames
      .filter((hash) => hash !== own)
      .map(
        (hash) => [message(artifact, hash), `it was made with ${hash}, expected ${own}`] as const,
      ),
    [message(other), `it was made over the artifact ${end}`],
  ]
}

const PURE = "it is pure Ed25519, expected Ed25519ph, which signs a digest"

function overMessage(check: SignatureCheck, bytes: Uint8Array): readonly Signable[] {
  const own = hashOfCheck(check)
  const otherHashes: readonly Signable[] =
    check.algorithm === "PKIX_ED25519"
      ? [
          [
            { form: "digest", digest: digestOf("sha512", bytes) },
            "it is Ed25519ph, expected pure Ed25519, which signs the message itself",
          ],
        ]
      : hashNames
          .filter((hash) => hash !== own)
          .map((hash) => [message(bytes, hash), `it was made with ${hash}, expected ${own}`])
  const parts = isPae(bytes) ? unlessRefused(() => parsePae(bytes)) : undefined
  const as = (other: Uint8Array): Signed =>
    check.algorithm === "PKIX_ED25519" ? message(other) : message(other, own)
  if (parts === undefined) {
    const [other, end] = otherEnd(bytes)
    const hex = formatHex(digestOf("sha256", bytes))
    return [
      ...otherHashes,
      [as(other), `it was made over the artifact ${end}`],
      [as(utf8(hex)), "it was made over the hexadecimal text of the digest"],
    ]
  }
  const { payload, payloadType } = parts
  const base64 = utf8(formatBase64(payload))
  const [other, end] = otherEnd(payload)
  const PAE = "expected the pre-authentication encoding (DSSE v1, PAE)"
  const otherType: readonly Signable[] =
    payloadType === IN_TOTO_PAYLOAD_TYPE
      ? []
      : [
          [
            as(dssePae(IN_TOTO_PAYLOAD_TYPE, payload)),
            `it was made for the payload type ${IN_TOTO_PAYLOAD_TYPE}, the envelope has another`,
          ],
        ]
  return [
    [as(payload), `it was made over the payload alone, ${PAE}`],
    ...otherType,
    [
      as(dssePae(payloadType, base64)),
      "it was made over the payload in base64, expected its bytes",
    ],
    [as(base64), `it was made over the payload in base64 alone, ${PAE}`],
    ...otherHashes,
    [as(dssePae(payloadType, other)), `it was made over the payload ${end}`],
  ]
}

/** Undefined where only a digest is at hand. */
function messageOf(signed: Signed): Uint8Array | undefined {
  return signed.form === "message" ? signed.message : signed.of
}

function signablesOf(check: SignatureCheck, artifact?: Uint8Array): readonly Signable[] {
  const { signed } = check
  const message = messageOf(signed)
  if (message !== undefined) {
    return message.length > LONGEST_READING ? [] : overMessage(check, message)
  }
  if (signed.form === "message" || signed.hash !== undefined) return []
  const isShort = artifact !== undefined && artifact.length <= LONGEST_READING
  return [
    ...(isShort ? overArtifact(check, artifact) : []),
    ...overDigest(signed.digest, hashOfCheck(check)),
  ]
}

/**
 * Up to eight other things that may have been signed; of those whose check holds, the first tells why. `artifact` is
 * what a digest is of, where it is at hand. Nothing for messages above 256 KiB.
 */
export function readingsOf(check: SignatureCheck, artifact?: Uint8Array): readonly Reading[] {
  const { algorithm } = check
  return signablesOf(check, artifact)
    .slice(0, MOST_READINGS)
    .map(([signed, finding]) => {
      const isMessage = signed.form === "message"
      const isEd25519 = algorithms[algorithm].keyType === "ed25519"
      const form = isMessage ? "PKIX_ED25519" : "PKIX_ED25519_PH"
      return { check: { ...check, algorithm: isEd25519 ? form : algorithm, signed }, finding }
    })
}

/** What an RSA key makes of the signature; undefined for other keys and long messages. */
export function paddingFinding(check: SignatureCheck): string | undefined {
  const key = keyOfCheck(check)
  if (key === undefined || !("modulus" in key)) return undefined
  const { signed } = check
  const hash = hashOfCheck(check)
  const { length = 0 } = messageOf(signed) ?? []
  if (length > LONGEST_READING) return undefined
  const digest = signed.form === "digest" ? signed.digest : digestOf(hash, signed.message)
  return rsaFinding(key, check.signature, hash, digest)
}

/** The end of the sentence where everything was tried; of a digest alone some mistakes do not show. */
export function nothingFits({ signed }: SignatureCheck, artifact?: Uint8Array): string {
  const isAlone = signed.form === "digest" && signed.hash === undefined && artifact === undefined
  return `none of the usual mistakes${isAlone ? " that show without the artifact" : ""} explains it`
}

/**
 * Why a signature that does not hold does not: the end of a sentence. At most nine checks more, so for whoever asked
 * for one signature; a server bounds them (log/claims.ts).
 */
export function explainSignature(
  check: SignatureCheck,
  holds: (check: SignatureCheck) => boolean,
  artifact?: Uint8Array,
): string {
  if (looksLikeP1363(check)) return p1363Finding(check)
  const form = formFinding(check)
  if (form !== undefined) return form
  const reading = readingsOf(check, artifact).find((each) => holds(each.check))
  return reading?.finding ?? paddingFinding(check) ?? nothingFits(check, artifact)
}
