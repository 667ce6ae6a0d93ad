// Whatever strangers put into a registry, it is read or refused: nothing else ever comes of it.
import fc from "fast-check"
import { expect, test } from "vitest"
import { hintsOf } from "../../../src/cli/bridge/notifications.ts"
import { bundleMessages } from "../../../src/client/messages/bundle-messages.ts"
import { parseChallenges } from "../../../src/client/registry/authorization.ts"
import { readCredentials } from "../../../src/client/registry/credentials.ts"
import { readManifest } from "../../../src/client/registry/manifest.ts"
import { parseImageReference, readSpecialTag } from "../../../src/client/registry/reference.ts"
import { Refusal } from "../../../src/core/base/errors.ts"

const names = [
  ...["dsseEnvelope", "messageSignature", "verificationMaterial", "tlogEntries", "payload", "sig"],
  ...["payloadType", "signatures", "base64Signature", "rekorBundle", "Payload", "logIndex", "body"],
  ...["cert", "certificate", "rawBytes", "x509CertificateChain", "certificates", "messageDigest"],
  ...["manifests", "layers", "blobs", "config", "subject", "annotations", "digest", "size"],
  ...[
    "auths",
    "auth",
    "registry.example",
    "events",
    "target",
    "data",
    "name",
    "repository",
    "event_data",
  ],
  ...["signature", "algorithm", "inclusionProof", "canonicalizedBody", "__proto__", "mediaType"],
]

const leaf = fc.oneof(
  fc.constantFrom(
    "AAAA",
    "e30=",
    "{}",
    "sha256:",
    `sha256:${"0".repeat(64)}`,
    "SHA2_256",
    "acme/app",
  ),
  fc.string(),
  fc.double(),
  fc.boolean(),
  fc.constant(null),
)

const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 6 },
    leaf,
    fc.array(tie("value"), { maxLength: 4 }),
    fc.dictionary(fc.constantFrom(...names), tie("value"), { maxKeys: 8 }),
  ),
}))

function readOrRefused(read: () => unknown): void {
  try {
    read()
  } catch (error) {
    expect(error).toBeInstanceOf(Refusal)
  }
}

test("JSON of any form is read or refused", () => {
  fc.assert(
    fc.property(value, (json) => {
      const text = JSON.stringify(json)
      readOrRefused(() => bundleMessages(text))
      readOrRefused(() => readManifest(Buffer.from(text)))
      readOrRefused(() => readCredentials(text, "registry.example"))
      expect(Array.isArray(hintsOf(json))).toBe(true)
    }),
    { numRuns: 3_000 },
  )
})

test("bytes and texts of any form are read or refused", () => {
  fc.assert(
    fc.property(fc.uint8Array(), fc.string({ maxLength: 300 }), (bytes, text) => {
      readOrRefused(() => readManifest(bytes))
      readOrRefused(() => bundleMessages(text))
      readOrRefused(() => parseImageReference(text))
      readSpecialTag(text)
      expect(Array.isArray(parseChallenges(text))).toBe(true)
    }),
    { numRuns: 3_000 },
  )
})

test("a challenge of many blanks, quotes and commas takes no time", () => {
  const start = performance.now()
  for (const part of [" ", ",", '"', "a=", 'a="', "\\", " a", "=,"])
    parseChallenges(part.repeat(50_000))
  expect(performance.now() - start).toBeLessThan(1_000)
})
