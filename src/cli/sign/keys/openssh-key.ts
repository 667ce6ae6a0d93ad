// Private keys of OpenSSH (PROTOCOL.key, openssh-key-v1): ecdsa-sha2-nistp256/384/521, ssh-ed25519 and ssh-rsa, not
// encrypted. The public half is held against the private one. Leaves out encrypted keys, whose refusal names the
// command that makes a copy which can be read, keys in hardware (sk-…) and files of several keys.
import { createPrivateKey, type JsonWebKey, type KeyObject } from "node:crypto"
import { equalBytes, readU32, utf8 } from "../../../core/base/bytes.ts"
import { Refusal, refuse, shown } from "../../../core/base/errors.ts"
import { shellWord } from "../../command/shell-words.ts"
import { assertPair } from "./key-pair.ts"

const MAGIC = utf8("openssh-key-v1\0")
const WHAT = "private key of OpenSSH"
const UNCOMPRESSED = 4

function truncated(): never {
  return refuse("malformed", `${WHAT}: expected more bytes, found a truncated key`)
}

/** Reads the fields of RFC 4251, section 5, one after the other. */
function readerOf(bytes: Uint8Array) {
  let at = 0
  function take(length: number): Uint8Array {
    if (length > bytes.length - at) truncated()
    at += length
    return bytes.subarray(at - length, at)
  }
  const u32 = () => readU32(take(4), 0)
  const string = () => take(u32())
  return {
    u32,
    string,
    text: () => Buffer.from(string()).toString("latin1"),
    rest: () => bytes.subarray(at),
  }
}

type Reader = ReturnType<typeof readerOf>

interface OpensshFile {
  readonly cipher: string
  readonly type: string
  readonly publicKey: Uint8Array
  readonly privateKey: Uint8Array
}

function readFile(bytes: Uint8Array): OpensshFile {
  if (!equalBytes(bytes.subarray(0, MAGIC.length), MAGIC)) {
    refuse("malformed", `${WHAT}: expected openssh-key-v1, found other bytes`)
  }
  const reader = readerOf(bytes.subarray(MAGIC.length))
  const cipher = reader.text()
  reader.string()
  reader.string()
  const count = reader.u32()
  if (count !== 1) refuse("unsupported", `${WHAT}: expected one key, found ${count}`)
  const publicKey = reader.string()
  return { cipher, type: readerOf(publicKey).text(), publicKey, privateKey: reader.string() }
}

/** Only Ed25519 has no other form than OpenSSH's own, so a copy of it cannot stay encrypted. */
function refuseEncrypted({ type }: OpensshFile, path: string): never {
  const copy = shellWord(`${path}.pem`)
  const form = type === "ssh-ed25519" ? "-N ''" : "-m PKCS8"
  refuse(
    "unsupported",
    `private key ${path} is encrypted in OpenSSH's own way, which is not read; make a copy that is${
      type === "ssh-ed25519" ? " not encrypted" : " encrypted as PKCS#8"
    }: cp ${shellWord(path)} ${copy} && ssh-keygen -p ${form} -f ${copy}`,
  )
}

const base64url = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64url")

/** An integer without its leading zeros (RFC 4251, mpint), filled up to `size` bytes. */
function mpint(bytes: Uint8Array, size = 0): Uint8Array {
  const first = bytes.findIndex((byte) => byte !== 0)
  const digits = first < 0 ? new Uint8Array(0) : bytes.subarray(first)
  const filled = new Uint8Array(Math.max(size, digits.length))
  filled.set(digits, filled.length - digits.length)
  return filled
}

const curves: Readonly<Record<string, { readonly crv: string; readonly size: number }>> = {
  nistp256: { crv: "P-256", size: 32 },
  nistp384: { crv: "P-384", size: 48 },
  nistp521: { crv: "P-521", size: 66 },
}

function readEcdsa(reader: Reader): JsonWebKey {
  const curve = reader.text()
  const found = Object.hasOwn(curves, curve) ? curves[curve] : undefined
  const { crv, size } = found ?? refuse("unsupported", `${WHAT}: unknown curve ${shown(curve)}`)
  const point = reader.string()
  if (point[0] !== UNCOMPRESSED || point.length !== 1 + 2 * size) truncated()
  const [x, y] = [point.subarray(1, 1 + size), point.subarray(1 + size)]
  const d = mpint(reader.string(), size)
  return { kty: "EC", crv, x: base64url(x), y: base64url(y), d: base64url(d) }
}

function readEd25519(reader: Reader): JsonWebKey {
  const x = reader.string()
  const pair = reader.string()
  if (x.length !== 32 || pair.length !== 64) truncated()
  return { kty: "OKP", crv: "Ed25519", x: base64url(x), d: base64url(pair.subarray(0, 32)) }
}

const bigOf = (bytes: Uint8Array): bigint => BigInt(`0x0${Buffer.from(bytes).toString("hex")}`)

function bytesOfBig(value: bigint): Uint8Array {
  const hex = value.toString(16)
  return Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, "hex")
}

function readRsa(reader: Reader): JsonWebKey {
  const [n, e, d, qi, p, q] = Array.from({ length: 6 }, () => mpint(reader.string())) as [
    ...[Uint8Array, Uint8Array, Uint8Array, Uint8Array, Uint8Array, Uint8Array],
  ]
  const exponent = (prime: Uint8Array) => {
    const below = bigOf(prime) - 1n
    if (below < 1n) truncated()
    return base64url(bytesOfBig(bigOf(d) % below))
  }
  const parts = { n, e, d, p, q, qi }
  const texts = Object.entries(parts).map(([name, bytes]) => [name, base64url(bytes)] as const)
  return { kty: "RSA", ...Object.fromEntries(texts), dp: exponent(p), dq: exponent(q) }
}

const readers: Readonly<Record<string, (reader: Reader) => JsonWebKey>> = {
  "ecdsa-sha2-nistp256": readEcdsa,
  "ecdsa-sha2-nistp384": readEcdsa,
  "ecdsa-sha2-nistp521": readEcdsa,
  "ssh-ed25519": readEd25519,
  "ssh-rsa": readRsa,
}

/** SPEC: PROTOCOL.key: the padding is 1, 2, 3, … and less than a block. */
function assertPadding(padding: Uint8Array): void {
  if (padding.length < 16 && padding.every((byte, i) => byte === i + 1)) return
  refuse("malformed", `${WHAT}: expected its padding behind the key, found other bytes`)
}

function readPrivate({ type, privateKey }: OpensshFile): JsonWebKey {
  const reader = readerOf(privateKey)
  // SPEC: PROTOCOL.key: the same number stands there twice.
  const [check, again] = [reader.u32(), reader.u32()]
  if (check !== again || reader.text() !== type) {
    refuse("malformed", `${WHAT}: expected a private key of type ${type}, found other bytes`)
  }
  const known = Object.keys(readers).join(", ")
  const read = Object.hasOwn(readers, type) ? readers[type] : undefined
  const jwk =
    read?.(reader) ??
    refuse("unsupported", `${WHAT}: expected one of ${known}, found ${shown(type)}`)
  reader.string()
  assertPadding(reader.rest())
  return jwk
}

/** Refuses as `readPrivateKey` does; `path` names the file in the command that converts it. */
export function openOpensshKey(bytes: Uint8Array, path: string): KeyObject {
  const file = readFile(bytes)
  if (file.cipher !== "none") refuseEncrypted(file, path)
  const jwk = readPrivate(file)
  try {
    return assertPair(createPrivateKey({ key: jwk, format: "jwk" }), jwk)
  } catch (cause) {
    if (cause instanceof Refusal) throw cause
    return refuse("malformed", `${WHAT}: expected numbers that make a key, found others`, { cause })
  }
}
