// The requests that `countersign submit` sends, made from files: signatures by a private key, a detached
// signature, a DSSE envelope.

import { readKeyFile } from "../../client/key-file.ts"
import { utf8 } from "../../core/base/bytes.ts"
import { bug } from "../../core/base/errors.ts"
import { asList, asMessage, asText, optional, parseJson } from "../../core/base/json-value.ts"
import { LONGEST_BUNDLE, LONGEST_PEM } from "../../core/base/limits.ts"
import { present } from "../../core/base/present.ts"
import { formatBase64, formatHex } from "../../core/base/text.ts"
import { algorithms, digestAlgorithm, type HashName } from "../../entry/algorithm.ts"
import { type DsseEnvelope, MOST_SIGNATURES } from "../../entry/dsse.ts"
import type { EntryRequest } from "../../entry/kinds/registry.ts"
import { parseAnyBase64 } from "../../entry/rekor-v1/lenient-base64.ts"
import { LONGEST_SIGNATURE } from "../../entry/signature.ts"
import type { VerifierKey, VerifierKeyText } from "../../entry/verifier-key.ts"
import { digestFile } from "../command/artifact-digest.ts"
import { readBytes, readText } from "../command/file.ts"
import { assertPassphrase, readPassphrase } from "../command/key-files.ts"
import { type PrivateKey, readPrivateKey } from "../command/private-key.ts"

const LONGEST_SIGNATURE_FILE = 4 * LONGEST_SIGNATURE

function keyText({ form, der }: VerifierKey): VerifierKeyText {
  return { [form]: formatBase64(der) }
}

function hashedrekordRequest(
  key: VerifierKey,
  hash: HashName,
  digest: Uint8Array,
  signature: Uint8Array,
): EntryRequest {
  return {
    kind: "hashedrekord",
    digest: `${hash}:${formatHex(digest)}`,
    signature: formatBase64(signature),
    ...keyText(key),
  }
}

/** Opens a PEM private key; the passphrase is the first line of its file. */
export async function openPrivateKey(path: string, passphraseFile?: string): Promise<PrivateKey> {
  const passphrase = await readPassphrase(passphraseFile)
  const pem = await readText(path, "private key", LONGEST_PEM)
  assertPassphrase(pem, `private key ${path}`, passphrase)
  return readPrivateKey(pem, passphrase)
}

/** Signs an artifact. */
export async function signedRequest(artifact: string, key: PrivateKey): Promise<EntryRequest> {
  const { hash, digest, signature } = await key.signFile(artifact)
  return hashedrekordRequest(key.verifier, hash, digest, signature)
}

/** Signs a text. */
export function signedTextRequest(text: string, key: PrivateKey): EntryRequest {
  const { hash, digest, signature } = key.signBytes(utf8(text))
  return hashedrekordRequest(key.verifier, hash, digest, signature)
}

async function readKey(path: string): Promise<VerifierKey> {
  return readKeyFile(await readBytes(path, "public key", LONGEST_PEM), `public key ${path}`)
}

/** No signature in DER or by Ed25519 or RSA consists of these characters alone. */
const TEXT = /^[\t\n\r -~]*$/
const BYTE_ORDER_MARK = /^\u00ef\u00bb\u00bf/

/** A signature file is base64 text in any alphabet and in lines of any width, or the bare bytes. */
async function readSignature(path: string): Promise<Uint8Array> {
  const bytes = await readBytes(path, "signature", LONGEST_SIGNATURE_FILE)
  const text = Buffer.from(bytes).toString("latin1").replace(BYTE_ORDER_MARK, "")
  return TEXT.test(text)
    ? parseAnyBase64(text.replaceAll(/[\r\n]/g, "").trim(), `signature ${path}`)
    : bytes
}

/** A signature that was made elsewhere. */
export async function detachedRequest(
  artifact: string,
  signaturePath: string,
  keyPath: string,
): Promise<EntryRequest> {
  const key = await readKey(keyPath)
  const signature = await readSignature(signaturePath)
  const { hash } = algorithms[digestAlgorithm[key.keyType]]
  const { [hash]: digest } = await digestFile(artifact, [hash])
  return hashedrekordRequest(key, hash, digest ?? bug(`no ${hash} digest`), signature)
}

function readEnvelope(text: string, what: string): DsseEnvelope {
  const value = parseJson(text, what, LONGEST_BUNDLE)
  const envelope = asMessage(value, what, ["payload", "payloadType", "signatures"])
  const signatures = asList(envelope.signatures, `${what}: signatures`, MOST_SIGNATURES)
  return {
    payload: asText(envelope.payload, `${what}: payload`),
    payloadType: asText(envelope.payloadType, `${what}: payloadType`),
    signatures: signatures.map((signature, i) => {
      const place = `${what}: signatures[${i}]`
      const { sig, keyid } = asMessage(signature, place, ["sig", "keyid"])
      const name = optional(keyid, (it) => asText(it, `${place}.keyid`))
      return { sig: asText(sig, `${place}.sig`), ...present({ keyid: name }) }
    }),
  }
}

/** A signed DSSE envelope. */
export async function envelopeRequest(path: string, keyPath: string): Promise<EntryRequest> {
  const key = await readKey(keyPath)
  const envelope = readEnvelope(
    await readText(path, "envelope", LONGEST_BUNDLE),
    `envelope ${path}`,
  )
  return { kind: "dsse", envelope, verifiers: [keyText(key)] }
}
