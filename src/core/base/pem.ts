// PEM (RFC 7468): one block in the strict form of section 3, or a chain of blocks with lines of any
// width; nothing but white space around them. Leaves out headers, explanatory text and encrypted keys.
import { refuse, shown } from "./errors.ts"
import { LONGEST_PEM } from "./limits.ts"
import { formatBase64, parseBase64 } from "./text.ts"

export interface Pem {
  /** What stands behind BEGIN, for example `PUBLIC KEY`. */
  readonly label: string
  readonly der: Uint8Array
}

const LINE = 64
const BLOCK =
  /^-----BEGIN ([A-Z0-9]+(?: [A-Z0-9]+)*)-----\r?\n((?:[A-Za-z0-9+/=]{1,76}\r?\n)+)-----END \1-----\s*$/

/** Refuses `malformed` unless the text is one PEM block with canonical base64. */
export function parsePem(text: string, what: string): Pem {
  if (text.length > LONGEST_PEM) {
    refuse("too-large", `${what}: expected PEM up to ${LONGEST_PEM} characters`)
  }
  const [, label, lines] = BLOCK.exec(text.trimStart()) ?? []
  if (label === undefined || lines === undefined) {
    return refuse("malformed", `${what}: expected one PEM block, found ${shown(text)}`)
  }
  return { label, der: parseBase64(lines.replaceAll(/[\r\n]/g, ""), what) }
}

const ANY_BLOCK =
  /\s*-----BEGIN ([A-Z0-9]+(?: [A-Z0-9]+)*)-----[ \t]*\r?\n([A-Za-z0-9+/=\s]*)-----END \1-----\s*/y

/**
 * Reads 1 to `most` blocks, whatever the width of their lines. Refuses `too-large`, or `malformed`
 * unless all of the text is PEM with canonical base64.
 */
export function parsePemChain(text: string, what: string, most: number): readonly Pem[] {
  if (text.length > LONGEST_PEM) {
    refuse("too-large", `${what}: expected PEM up to ${LONGEST_PEM} characters`)
  }
  const blocks: Pem[] = []
  ANY_BLOCK.lastIndex = 0
  do {
    if (blocks.length === most) {
      refuse("too-large", `${what}: expected up to ${most} PEM blocks, found more`)
    }
    const at = ANY_BLOCK.lastIndex
    const [, label, lines] = ANY_BLOCK.exec(text) ?? []
    if (label === undefined || lines === undefined) {
      return refuse("malformed", `${what}: expected PEM, found ${shown(text.slice(at))}`)
    }
    blocks.push({ label, der: parseBase64(lines.replaceAll(/\s/g, ""), what) })
  } while (ANY_BLOCK.lastIndex < text.length)
  return blocks
}

/** PEM with 64 columns and a final newline, as OpenSSL and Rekor write it. */
export function formatPem({ label, der }: Pem): string {
  const base64 = formatBase64(der)
  let lines = ""
  for (let at = 0; at < base64.length; at += LINE) lines += `${base64.slice(at, at + LINE)}\n`
  return `-----BEGIN ${label}-----\n${lines}-----END ${label}-----\n`
}
