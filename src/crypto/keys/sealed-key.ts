// Private keys at rest: PKCS#8 in PEM, encrypted with PBES2 (RFC 8018) by scrypt (RFC 7914) and AES-256-CBC. The form is
// a standard, but OpenSSL gives scrypt 32 MB, which is too little for this cost, so it is written and read here.
import {
  createCipheriv,
  createDecipheriv,
  createPrivateKey,
  type KeyObject,
  randomBytes,
  scryptSync,
} from "node:crypto"
import { concat } from "../../core/base/bytes.ts"
import { refuse } from "../../core/base/errors.ts"
import { formatPem } from "../../core/base/pem.ts"
import { formatHex, parseBase64, parseHex } from "../../core/base/text.ts"
import { derContents, derElement, derElements, objectIdentifier } from "../../entry/der.ts"
import { assertScrypt, SCRYPT_MEMORY } from "./scrypt-cost.ts"

const INTEGER = 0x02
const OCTET_STRING = 0x04
const OBJECT_IDENTIFIER = 0x06
const SEQUENCE = 0x30

const LABEL = "ENCRYPTED PRIVATE KEY"
const PBES2 = "1.2.840.113549.1.5.13"
const SCRYPT = "1.3.6.1.4.1.11591.4.11"
const AES_256_CBC = "2.16.840.1.101.3.4.1.42"
const names: Readonly<Record<string, Uint8Array>> = {
  [PBES2]: parseHex("2a864886f70d01050d", "PBES2"),
  [SCRYPT]: parseHex("2b06010401da47040b", "scrypt"),
  [AES_256_CBC]: parseHex("60864801650304012a", "AES-256-CBC"),
}

const SALT_SIZE = 16
const NONCE_SIZE = 16
const KEY_SIZE = 32
/** Takes 64 MB and some 0.2 s for each guess at the passphrase. */
const COST = { N: 2 ** 16, r: 8, p: 1 }

interface Scrypt {
  readonly salt: Uint8Array
  readonly N: number
  readonly r: number
  readonly p: number
}

interface SealedKey {
  readonly scrypt: Scrypt
  readonly nonce: Uint8Array
  readonly hidden: Uint8Array
}

const sequence = (...elements: readonly Uint8Array[]) => derElement(SEQUENCE, concat(...elements))
const octets = (bytes: Uint8Array) => derElement(OCTET_STRING, bytes)

function named(name: string, ...parameters: readonly Uint8Array[]): Uint8Array {
  return sequence(derElement(OBJECT_IDENTIFIER, names[name] as Uint8Array), ...parameters)
}

/** A number above 0, with the zero byte that keeps it positive. */
function integer(value: number): Uint8Array {
  const hex = value.toString(16)
  const bytes = parseHex(hex.length % 2 === 0 ? hex : `0${hex}`, "number")
  return derElement(INTEGER, (bytes[0] as number) < 0x80 ? bytes : concat(Uint8Array.of(0), bytes))
}

function formatSealed({ scrypt, nonce, hidden }: SealedKey): string {
  const { salt, N, r, p } = scrypt
  const derivation = named(SCRYPT, sequence(octets(salt), integer(N), integer(r), integer(p)))
  const algorithm = named(PBES2, sequence(derivation, named(AES_256_CBC, octets(nonce))))
  return formatPem({ label: LABEL, der: sequence(algorithm, octets(hidden)) })
}

function keyOf(passphrase: string, { salt, N, r, p }: Scrypt): Buffer {
  return scryptSync(passphrase, salt, KEY_SIZE, { N, r, p, maxmem: SCRYPT_MEMORY })
}

/** A private key as PKCS#8 PEM that nobody opens without the passphrase. */
export function sealKey(key: KeyObject, passphrase: string): string {
  const scrypt = { ...COST, salt: new Uint8Array(randomBytes(SALT_SIZE)) }
  const nonce = new Uint8Array(randomBytes(NONCE_SIZE))
  const cipher = createCipheriv("aes-256-cbc", keyOf(passphrase, scrypt), nonce)
  const der = key.export({ type: "pkcs8", format: "der" })
  const hidden = concat(cipher.update(der), cipher.final())
  der.fill(0)
  return formatSealed({ scrypt, nonce, hidden })
}

function numberOf(element: Uint8Array | undefined): number | undefined {
  const contents = element && derContents(element, INTEGER)
  return contents && Number(BigInt(`0x0${formatHex(contents)}`))
}

function octetsOf(element: Uint8Array | undefined): Uint8Array | undefined {
  return element && derContents(element, OCTET_STRING)
}

/** The parameters of this algorithm; undefined for another. */
function parametersOf(element: Uint8Array | undefined, name: string): Uint8Array | undefined {
  const [identifier, parameters] = (element && derElements(element)) ?? []
  return objectIdentifier(identifier) === name ? parameters : undefined
}

const partsOf = (element: Uint8Array | undefined) => (element && derElements(element)) ?? []

const BLOCK = new RegExp(`-----BEGIN ${LABEL}-----([A-Za-z0-9+/=\\s]*)-----END ${LABEL}-----`)

/** Undefined for a key that is not encrypted, or in another way. Refuses `malformed` for what is no base64. */
function parseSealed(pem: string): SealedKey | undefined {
  const lines = BLOCK.exec(pem)?.[1]
  if (lines === undefined) return undefined
  const [algorithm, data] = partsOf(parseBase64(lines.replaceAll(/\s/g, ""), "private key"))
  const [derivation, encryption] = partsOf(parametersOf(algorithm, PBES2))
  const [salt, N, r, p, length] = partsOf(parametersOf(derivation, SCRYPT))
  const sealed = {
    scrypt: { salt: octetsOf(salt), N: numberOf(N), r: numberOf(r), p: numberOf(p) },
    nonce: octetsOf(parametersOf(encryption, AES_256_CBC)),
    hidden: octetsOf(data),
  }
  const { scrypt, nonce, hidden } = sealed
  const isOurs =
    [scrypt.salt, scrypt.N, scrypt.r, scrypt.p, hidden].every((part) => part !== undefined) &&
    nonce?.length === NONCE_SIZE &&
    (length === undefined || numberOf(length) === KEY_SIZE)
  return isOurs ? (sealed as SealedKey) : undefined
}

/**
 * Opens a key that is encrypted by scrypt and AES-256-CBC; undefined for any other text, and without a passphrase.
 * Refuses `too-large` for one that takes too long to open, `untrusted` for another passphrase.
 */
export function openSealedKey(pem: string, passphrase: string | undefined): KeyObject | undefined {
  const sealed = passphrase === undefined ? undefined : parseSealed(pem)
  if (passphrase === undefined || sealed === undefined) return undefined
  assertScrypt(sealed.scrypt)
  const decipher = createDecipheriv("aes-256-cbc", keyOf(passphrase, sealed.scrypt), sealed.nonce)
  try {
    const der = Buffer.concat([decipher.update(sealed.hidden), decipher.final()])
    const key = createPrivateKey({ key: der, format: "der", type: "pkcs8" })
    der.fill(0)
    return key
  } catch (cause) {
    const expected = "private key: expected the right passphrase"
    return refuse("untrusted", `${expected}, found one that does not open it`, { cause })
  }
}

/** How a key file is kept: `sealed` and `plain` as this program writes them, `weak` by few rounds of PBKDF2 or so. */
export function keptAs(pem: string): "plain" | "sealed" | "weak" {
  if (/^Proc-Type: 4,ENCRYPTED/m.test(pem)) return "weak"
  if (!pem.includes(`-----BEGIN ${LABEL}-----`)) return "plain"
  const sealed = parseSealed(pem)
  return sealed !== undefined && sealed.scrypt.N >= COST.N ? "sealed" : "weak"
}
