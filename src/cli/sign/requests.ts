// What `countersign submit` sends of signatures that are there already, made from files: a signature over an artifact,
// or a signed envelope. Verifies none of them: the log does.
import { readKeyFile } from "../../client/key-file.ts"
import { bug } from "../../core/base/errors.ts"
import { asList, asObject, asText, optional, parseJson } from "../../core/base/json-value.ts"
import { LONGEST_BUNDLE, LONGEST_PEM } from "../../core/base/limits.ts"
import { present } from "../../core/base/present.ts"
import { algorithms, digestAlgorithm } from "../../entry/algorithm.ts"
import { type DsseEnvelope, MOST_SIGNATURES } from "../../entry/dsse.ts"
import type { EntryRequest } from "../../entry/kinds/registry.ts"
import { type VerifierKey, verifierKeyText } from "../../entry/verifier-key.ts"
import { digestFile, readBytes, readText } from "../command/file.ts"
import { readSignatureFile } from "./signature-file.ts"
import { hashedrekordRequest } from "./signed-digest.ts"

export async function readKey(path: string): Promise<VerifierKey> {
  return readKeyFile(await readBytes(path, "public key", LONGEST_PEM), `public key ${path}`)
}

export async function detachedRequest(
  artifact: string,
  signaturePath: string,
  keyPath: string,
): Promise<EntryRequest> {
  const key = await readKey(keyPath)
  const signature = await readSignatureFile(signaturePath)
  const { hash } = algorithms[digestAlgorithm[key.keyType]]
  const { [hash]: digest } = await digestFile(artifact, [hash])
  return hashedrekordRequest(key, { hash, digest: digest ?? bug(`no ${hash} digest`), signature })
}

function readEnvelope(text: string, what: string): DsseEnvelope {
  const value = parseJson(text, what, LONGEST_BUNDLE)
  // SPEC: consumers MUST ignore members that they do not know (DSSE v1, envelope).
  const envelope = asObject(value, what, ["payload", "payloadType", "signatures"])
  const signatures = asList(envelope.signatures, `${what}: signatures`, MOST_SIGNATURES)
  return {
    payload: asText(envelope.payload, `${what}: payload`),
    payloadType: asText(envelope.payloadType, `${what}: payloadType`),
    signatures: signatures.map((signature, i) => {
      const place = `${what}: signatures[${i}]`
      const { sig, keyid } = asObject(signature, place, ["sig", "keyid"])
      const name = optional(keyid, (it) => asText(it, `${place}.keyid`))
      return { sig: asText(sig, `${place}.sig`), ...present({ keyid: name }) }
    }),
  }
}

export async function envelopeRequest(path: string, keyPath: string): Promise<EntryRequest> {
  const key = await readKey(keyPath)
  const envelope = readEnvelope(
    await readText(path, "envelope", LONGEST_BUNDLE),
    `envelope ${path}`,
  )
  return { kind: "dsse", envelope, verifiers: [verifierKeyText(key)] }
}
