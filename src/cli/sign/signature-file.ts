// A signature as people have it in a file: bytes, or base64 in any spelling. What is in the form of another tool is named.
import { parseAnyBase64 } from "../../core/base/any-base64.ts"
import { Refusal, refuse } from "../../core/base/errors.ts"
import {
  BARE_SIGNATURE,
  type ForeignSignature,
  foreignForm,
  foreignText,
} from "../../core/base/foreign-signature.ts"
import type { EntryRequest } from "../../entry/kinds/registry.ts"
import { LONGEST_SIGNATURE } from "../../entry/signature.ts"
import { readBytes } from "../command/file.ts"

/** Of text, as other tools wrap it too. */
const LONGEST_FILE = 16 * LONGEST_SIGNATURE

/** No signature in DER or by Ed25519 or RSA consists of these characters alone. */
const TEXT = /^[\t\n\r -~]*$/
const BYTE_ORDER_MARK = /^\u00ef\u00bb\u00bf/

const HEX = /^[0-9a-fA-F\s]{96,}$/

function hexadecimal(text: string): ForeignSignature | undefined {
  const found = "hexadecimal; give the bytes, or base64 of them"
  return HEX.test(text) ? { code: "malformed", found } : undefined
}

/**
 * A signature file is base64 text in any alphabet and in lines of any width, or the bare bytes. Refuses `malformed` for
 * text that is none, `unsupported` for a signature in the form of another tool, which it names.
 */
export async function readSignatureFile(path: string): Promise<Uint8Array> {
  const what = `signature ${path}`
  const content = await readBytes(path, "signature", LONGEST_FILE)
  const text = Buffer.from(content).toString("latin1").replace(BYTE_ORDER_MARK, "")
  const isText = TEXT.test(text)
  const own = isText ? (foreignText(text) ?? hexadecimal(text)) : undefined
  const bytes = isText && own === undefined ? parseAnyBase64(text, what) : content
  const foreign = own ?? foreignForm(bytes)
  if (foreign !== undefined) {
    refuse(foreign.code, `${what}: expected ${BARE_SIGNATURE}, found ${foreign.found}`)
  }
  return bytes
}

/** A refusal of the log's with the reason for it, where it is about the signature; every other error as it is. */
export async function explainRefusal(
  error: unknown,
  request: EntryRequest,
  artifactPath: string,
): Promise<unknown> {
  if (!(error instanceof Refusal) || error.code !== "bad-signature") return error
  // What verifies is loaded by nobody whose signatures hold.
  const { explainedRefusal } = await import("./explained-refusal.ts")
  return await explainedRefusal(error, request, artifactPath)
}
