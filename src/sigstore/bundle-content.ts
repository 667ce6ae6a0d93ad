// What a bundle is about, in the JSON form of protobuf: a signature over an artifact (sigstore_common.proto,
// MessageSignature) or a DSSE envelope. Reads and writes the form; client/verify checks the content.
import { refuse, shown } from "../core/base/errors.ts"
import { asList, asMessage, asObject, asText, optional } from "../core/base/json-value.ts"
import { present } from "../core/base/present.ts"
import { formatBase64 } from "../core/base/text.ts"
import { type HashName, hashOfSigstoreName, sigstoreHashName } from "../entry/algorithm.ts"
import type { MessageSignature, SignedContent, SignedEnvelope } from "../entry/kinds/kind.ts"
import { asProtobufBytes } from "./protobuf-bytes.ts"

function messageSignatureToJson({ messageDigest, signature }: MessageSignature): object {
  return {
    ...(messageDigest && {
      messageDigest: {
        algorithm: sigstoreHashName[messageDigest.hash],
        digest: formatBase64(messageDigest.digest),
      },
    }),
    signature: formatBase64(signature),
  }
}

function envelopeToJson({ payload, payloadType, signature, keyid }: SignedEnvelope): object {
  return {
    payload: formatBase64(payload),
    payloadType,
    signatures: [{ sig: formatBase64(signature), ...present({ keyid }) }],
  }
}

/** The member of a bundle that holds the content. */
export function contentToJson(content: SignedContent): object {
  return content.form === "dsse"
    ? { dsseEnvelope: envelopeToJson(content) }
    : { messageSignature: messageSignatureToJson(content) }
}

function asHashName(value: unknown, what: string): HashName {
  const text = asText(value, what)
  return (
    hashOfSigstoreName(text) ??
    refuse("unsupported", `${what}: expected SHA2_256, SHA2_384 or SHA2_512, found ${shown(text)}`)
  )
}

function readMessageDigest(value: unknown, what: string) {
  const { algorithm, digest } = asMessage(value, what, ["algorithm", "digest"])
  return {
    hash: asHashName(algorithm, `${what}.algorithm`),
    digest: asProtobufBytes(digest, `${what}.digest`),
  }
}

/** Refuses `malformed`, or `unsupported` for a digest by another hash. */
export function readMessageSignature(value: unknown, what: string): MessageSignature {
  const members = asMessage(value, what, ["messageDigest", "signature"])
  const messageDigest = optional(members.messageDigest, (it) =>
    readMessageDigest(it, `${what}.messageDigest`),
  )
  return {
    form: "message-signature",
    ...present({ messageDigest }),
    signature: asProtobufBytes(members.signature, `${what}.signature`),
  }
}

/** An envelope with its one signature; members that DSSE does not know are passed over, as it demands. */
export function readEnvelope(value: unknown, what: string): SignedEnvelope {
  const envelope = asObject(value, what, ["payload", "payloadType", "signatures"])
  // SPEC: the envelope of a bundle has exactly one signature (sigstore_bundle.proto, dsse_envelope).
  const [only] = asList(envelope.signatures, `${what}.signatures`, 1)
  const { sig, keyid } = asObject(only, `${what}.signatures[0]`, ["sig", "keyid"])
  const keyName = optional(keyid, (text) => asText(text, `${what}.signatures[0].keyid`))
  return {
    form: "dsse",
    payload: asProtobufBytes(envelope.payload, `${what}.payload`),
    payloadType: asText(envelope.payloadType, `${what}.payloadType`),
    signature: asProtobufBytes(sig, `${what}.signatures[0].sig`),
    ...present({ keyid: keyName }),
  }
}
