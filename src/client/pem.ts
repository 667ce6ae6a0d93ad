// PEM (RFC 7468, the strict form of section 3): exactly one block, nothing but white space around it.
// Leaves out headers, explanatory text, several blocks and encrypted keys.

import { refuse, shown } from "../core/errors.ts"
import { formatBase64, parseBase64 } from "../core/text.ts"

export interface Pem {
  /** What stands behind BEGIN, for example `PUBLIC KEY`. */
  readonly label: string
  readonly der: Uint8Array
}

const LONGEST_PEM = 131_072
const LINE = 64
const BLOCK =
  /^-----BEGIN ([A-Z0-9]+(?: [A-Z0-9]+)*)-----\r?\n((?:[A-Za-z0-9+/=]{1,76}\r?\n)+)-----END \1-----\s*$/

/** True if the text claims to be PEM; {@link parsePem} says whether it is. */
export function looksLikePem(text: string): boolean {
  return text.trimStart().startsWith("-----BEGIN ")
}

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

/** PEM with 64 columns and a final newline, as OpenSSL and Rekor write it. */
export function formatPem({ label, der }: Pem): string {
  const base64 = formatBase64(der)
  let lines = ""
  for (let at = 0; at < base64.length; at += LINE) lines += `${base64.slice(at, at + LINE)}\n`
  return `-----BEGIN ${label}-----\n${lines}-----END ${label}-----\n`
}
