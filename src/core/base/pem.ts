// PEM (RFC 7468): one block or a chain of them, with lines of any width. Text outside of the blocks is passed over
// (section 2), as `openssl x509 -text` and `openssl pkcs12` write it. What is refused is named and what to give
// instead is said, and nothing of a private key is repeated. Leaves out headers and encrypted keys.
import { base64Fault } from "./base64-fault.ts"
import { bug, refuse, shown } from "./errors.ts"
import { foreignLabel, foreignText, privateKeyIn } from "./foreign-key.ts"
import { LONGEST_PEM, MOST_CERTIFICATES } from "./limits.ts"
import { base64Bytes, formatBase64 } from "./text.ts"

export interface Pem {
  /** What stands behind BEGIN, for example `PUBLIC KEY`. */
  readonly label: string
  readonly der: Uint8Array
}

const LINE = 64
const BLOCK =
  /^[ \t]*-----BEGIN ([A-Z0-9]+(?: [A-Z0-9]+)*)-----[ \t]*\r?\n([A-Za-z0-9+/=\s]*)-----END \1-----[ \t]*\r?$/gm
const BOUNDARY = /-----(?:BEGIN|END)/
const BYTE_ORDER_MARK = "\ufeff"
const KEY_MATERIAL = /[A-Za-z0-9+/]{24}/

/** Refuses `malformed` a block that holds no public key and no certificate, saying what to give instead. */
export function refuseLabel(label: string, what: string): never {
  const { found, advice } = foreignLabel(label)
  const expected = "PEM of a PUBLIC KEY or a CERTIFICATE"
  return refuse("malformed", `${what}: expected ${expected}, found ${found}; ${advice}`)
}

/** Refuses `malformed` what stands outside of blocks, without a word of what may be a key. */
function refuseText(text: string, outside: string, what: string): never {
  const foreign = foreignText(text)
  if (foreign !== undefined) {
    refuse("malformed", `${what}: expected PEM, found ${foreign.found}; ${foreign.advice}`)
  }
  const rest = outside.trim()
  const found = KEY_MATERIAL.test(rest) ? "a block that is broken or cut" : shown(rest)
  return refuse("malformed", `${what}: expected PEM, found ${found}`)
}

/** Label and base64 of each block, 1 to `most`. No boundary may stand outside of a block that is well formed. */
function blocksIn(written: string, what: string, most: number): (readonly [string, string])[] {
  if (written.length > LONGEST_PEM) {
    refuse("too-large", `${what}: expected PEM up to ${LONGEST_PEM} characters`)
  }
  const secret = privateKeyIn(written)
  if (secret !== undefined) {
    const expected = "a public key or a certificate"
    refuse("malformed", `${what}: expected ${expected}, found ${secret.found}; ${secret.advice}`)
  }
  const text = written.startsWith(BYTE_ORDER_MARK) ? written.slice(1) : written
  const blocks = Array.from(text.matchAll(BLOCK), ([, label = "", lines = ""]) => {
    return [label, lines] as const
  })
  if (blocks.length > most) {
    refuse("too-large", `${what}: expected up to ${most} PEM blocks, found more`)
  }
  const outside = text.replaceAll(BLOCK, "\n")
  if (blocks.length === 0 || BOUNDARY.test(outside)) refuseText(text, outside, what)
  return blocks
}

/**
 * The one block of a text, or the first of a chain of certificates, which is the leaf. Refuses `malformed`, also for
 * several keys in one text, of which nobody could say which one is meant.
 */
export function parsePem(text: string, what: string): Pem {
  const [leaf, ...others] = parsePemChain(text, what, MOST_CERTIFICATES)
  if (leaf === undefined) return bug("a PEM text without blocks was read")
  if (others.length > 0 && [leaf, ...others].some(({ label }) => label !== "CERTIFICATE")) {
    const expected = "one PEM block, or a chain of certificates with the leaf first"
    const found = [leaf, ...others].map(({ label }) => label).join(", ")
    refuse("malformed", `${what}: expected ${expected}, found several blocks: ${found}`)
  }
  return leaf
}

/**
 * Reads 1 to `most` blocks, whatever the width of their lines. Refuses `too-large`, or `malformed`
 * unless every block has canonical base64.
 */
export function parsePemChain(text: string, what: string, most: number): readonly Pem[] {
  return blocksIn(text, what, most).map(([label, lines]) => decoded(label, lines, what))
}

function decoded(label: string, lines: string, what: string): Pem {
  const text = lines.replaceAll(/\s/g, "")
  const der = base64Bytes(text)
  if (der !== undefined) return { label, der }
  const found = `${base64Fault(text)} in its block ${label}`
  return refuse("malformed", `${what}: expected PEM with lines of base64, found ${found}`)
}

/** PEM with 64 columns and a final newline, as OpenSSL and Rekor write it. */
export function formatPem({ label, der }: Pem): string {
  const base64 = formatBase64(der)
  let lines = ""
  for (let at = 0; at < base64.length; at += LINE) lines += `${base64.slice(at, at + LINE)}\n`
  return `-----BEGIN ${label}-----\n${lines}-----END ${label}-----\n`
}
