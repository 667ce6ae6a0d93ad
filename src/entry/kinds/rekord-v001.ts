// Rekor v1, rekord 0.0.1 with X.509 keys: a signature over an artifact that comes along. The body keeps the
// artifact's SHA-256 only. Leaves out the formats pgp, minisign and ssh, and content behind a URL.

import { refuse, shown } from "../../core/base/errors.ts"
import { asObject, asText, isAbsent, optional } from "../../core/base/json-value.ts"
import { formatBase64, formatHex, parseBase64 } from "../../core/base/text.ts"
import type { Proposal } from "../entry.ts"
import { readHash } from "../rekor-v1/hash.ts"
import {
  assertMessageKey,
  messageCheck,
  readPemVerifier,
  readSignature,
} from "../rekor-v1/verifier.ts"
import { type ProposalOptions, sha256Of } from "../signature.ts"
import { readArtifactSpec } from "./hashedrekord-v001.ts"
import type { LoggedKind } from "./kind.ts"
import { formatBody, proposalOf } from "./proposal.ts"
import { signedArtifactChecks } from "./recorded.ts"

const named = { kind: "rekord", version: "0.0.1" } as const
const { kind, version } = named

function assertFormat(value: unknown): void {
  if (isAbsent(value) || value === "") {
    refuse("malformed", 'missing signature format: expected "x509", found nothing')
  }
  const format = asText(value, "signature format")
  if (format !== "x509") {
    refuse("unsupported", `signature format: expected "x509", found ${shown(format)}`)
  }
}

function readArtifact(value: unknown): Uint8Array {
  if (isAbsent(value) || value === "") {
    return refuse("malformed", "'content' must be specified for data, found nothing")
  }
  return parseBase64(asText(value, "data content"), "failed parsing base64 data for data content")
}

function assertStatedHash(value: unknown, computed: string): void {
  const { hash, text } = readHash(value)
  if (hash !== "sha256") {
    refuse("unsupported", `hash algorithm: expected sha256, found ${hash}`)
  }
  if (text !== computed) {
    refuse("mismatch", `SHA mismatch: the content has ${computed}, the request says ${text}`)
  }
}

function propose(spec: unknown, options: ProposalOptions): Proposal {
  const members = asObject(spec, "spec", ["data", "signature"])
  if (isAbsent(members.signature)) {
    refuse("malformed", "missing signature: expected spec.signature, found nothing")
  }
  const { format, content, publicKey } = asObject(members.signature, "signature", [
    "format",
    "content",
    "publicKey",
  ])
  assertFormat(format)
  const signature = readSignature(content)
  const verifier = readPemVerifier(
    asObject(publicKey ?? {}, "public key", ["content"]).content,
    options,
  )
  assertMessageKey(verifier.key, options)
  if (isAbsent(members.data)) refuse("malformed", "missing data: expected spec.data, found nothing")
  const data = asObject(members.data, "data", ["content", "hash"])
  const artifact = readArtifact(data.content)
  const value = formatHex(sha256Of(options)(artifact))
  optional(data.hash, (hash) => assertStatedHash(hash, value))
  const body = formatBody(named, {
    data: { hash: { algorithm: "sha256", value } },
    signature: {
      content: formatBase64(signature),
      format: "x509",
      publicKey: { content: verifier.content },
    },
  })
  const check = messageCheck(verifier.key, signature, artifact)
  return proposalOf(
    { kind, version, keys: [verifier.key], digest: `sha256:${value}` },
    [[check]],
    body,
  )
}

export const rekordV001 = {
  ...named,
  read: readArtifactSpec,
  checks: signedArtifactChecks,
  envelope: undefined,
  rekorV1: { propose, envelopeOf: () => undefined },
} as const satisfies LoggedKind
