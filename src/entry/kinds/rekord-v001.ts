// Rekor v1, rekord 0.0.1 with X.509 keys: a signature over an artifact that comes along. The body keeps the
// artifact's SHA-256 only. Leaves out the formats pgp, minisign and ssh, and content behind a URL.
import { refuse, shown } from "../../core/base/errors.ts"
import { asObject, optional } from "../../core/base/json-value.ts"
import { formatBase64, formatHex } from "../../core/base/text.ts"
import { readBase64 } from "../base64-fields.ts"
import type { Proposal } from "../entry.ts"
import { assertMessageKey, needed, neededText, readHash, readSigned } from "../rekor-v1/parts.ts"
import {
  claimsOver,
  formatBody,
  messageCheck,
  type ProposalOptions,
  proposalOf,
  sha256Of,
} from "../signature.ts"
import { readArtifactSpec } from "./hashedrekord-v001.ts"
import type { LoggedKind } from "./kind.ts"
import { signedArtifactChecks } from "./recorded.ts"

const named = { kind: "rekord", version: "0.0.1" } as const

function assertFormat(value: unknown): void {
  const missing = 'missing signature format: expected "x509"'
  const format = neededText(value, missing, "signature format")
  if (format !== "x509") {
    refuse("unsupported", `signature format: expected "x509", found ${shown(format)}`)
  }
}

function readArtifact(value: unknown): Uint8Array {
  const content = neededText(value, "'content' must be specified for data", "data content")
  const failed = "failed parsing base64 data for data content"
  return readBase64("rekor-v1 data content", content, failed)
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
  const { data, signature } = asObject(spec, "spec")
  const sent = asObject(
    needed(signature, "missing signature: expected spec.signature"),
    "signature",
  )
  assertFormat(sent["format"])
  const { signature: bytes, verifier } = readSigned(sent, options)
  const { key } = verifier
  assertMessageKey(key, options)
  const { content, hash } = asObject(needed(data, "missing data: expected spec.data"), "data")
  const artifact = readArtifact(content)
  const value = formatHex(sha256Of(options)(artifact))
  optional(hash, (stated) => assertStatedHash(stated, value))
  const body = formatBody(named, {
    data: { hash: { algorithm: "sha256", value } },
    signature: {
      content: formatBase64(bytes),
      format: "x509",
      publicKey: { content: verifier.content },
    },
  })
  const found = { ...named, keys: [key], digest: `sha256:${value}` }
  const claims = claimsOver([[messageCheck(key, bytes, artifact, "sha256")]], options)
  return proposalOf(found, claims, body)
}

export const rekordV001 = {
  ...named,
  read: readArtifactSpec,
  checks: signedArtifactChecks,
  envelope: undefined,
  rekorV1: { propose },
  statement: undefined,
} as const satisfies LoggedKind
