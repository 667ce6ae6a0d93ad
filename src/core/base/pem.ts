// PEM (RFC 7468): one block in the strict form of section 3, or a chain of blocks with lines of any
// width. Text outside of the blocks is passed over (section 2), as `openssl x509 -text` and `openssl pkcs12`
// write it. Leaves out headers and encrypted keys.
import { bug, refuse, shown } from "./errors.ts"
import { LONGEST_PEM, MOST_CERTIFICATES } from "./limits.ts"
import { formatBase64, parseBase64 } from "./text.ts"

export interface Pem {
  /** What stands behind BEGIN, for example `PUBLIC KEY`. */
  readonly label: string
  readonly der: Uint8Array
}

const LINE = 64
const BLOCK =
  /^[ \t]*-----BEGIN ([A-Z0-9]+(?: [A-Z0-9]+)*)-----[ \t]*\r?\n([A-Za-z0-9+/=\s]*)-----END \1-----[ \t]*\r?$/gm
const BOUNDARY = /-----(?:BEGIN|END)/
const STRICT_LINES = /^(?:[A-Za-z0-9+/=]{1,76}\r?\n)+$/

/** Label and base64 of each block, 1 to `most`. No boundary may stand outside of a block that is well formed. */
function blocksIn(text: string, what: string, most: number): (readonly [string, string])[] {
  if (text.length > LONGEST_PEM) {
    refuse("too-large", `${what}: expected PEM up to ${LONGEST_PEM} characters`)
  }
  const blocks = Array.from(text.matchAll(BLOCK), ([, label = "", lines = ""]) => {
    return [label, lines] as const
  })
  if (blocks.length > most) {
    refuse("too-large", `${what}: expected up to ${most} PEM blocks, found more`)
  }
  const outside = text.replaceAll(BLOCK, "\n")
  if (blocks.length === 0 || BOUNDARY.test(outside)) {
    refuse("malformed", `${what}: expected PEM, found ${shown(outside.trim())}`)
  }
  return blocks
}

/**
 * The one block of a text, or the first of a chain of certificates, which is the leaf. Refuses `malformed`
 * unless every block has canonical base64 in lines of up to 76 characters.
 */
export function parsePem(text: string, what: string): Pem {
  const blocks = blocksIn(text, what, MOST_CERTIFICATES)
  if (blocks.length > 1 && blocks.some(([label]) => label !== "CERTIFICATE")) {
    refuse(
      "malformed",
      `${what}: expected one PEM block, or a chain of certificates with the leaf first, found ${blocks.length} blocks`,
    )
  }
  if (!blocks.every(([, lines]) => STRICT_LINES.test(lines))) {
    refuse("malformed", `${what}: expected PEM with lines of base64, up to 76 characters each`)
  }
  const [leaf] = blocks.map(([label, lines]) => decoded(label, lines, what))
  return leaf ?? bug("a PEM text without blocks was read")
}

/**
 * Reads 1 to `most` blocks, whatever the width of their lines. Refuses `too-large`, or `malformed`
 * unless every block has canonical base64.
 */
export function parsePemChain(text: string, what: string, most: number): readonly Pem[] {
  return blocksIn(text, what, most).map(([label, lines]) => decoded(label, lines, what))
}

function decoded(label: string, lines: string, what: string): Pem {
  return { label, der: parseBase64(lines.replaceAll(/\s/g, ""), what) }
}

/** PEM with 64 columns and a final newline, as OpenSSL and Rekor write it. */
export function formatPem({ label, der }: Pem): string {
  const base64 = formatBase64(der)
  let lines = ""
  for (let at = 0; at < base64.length; at += LINE) lines += `${base64.slice(at, at + LINE)}\n`
  return `-----BEGIN ${label}-----\n${lines}-----END ${label}-----\n`
}
