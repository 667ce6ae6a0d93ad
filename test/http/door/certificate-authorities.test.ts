// A log that takes certificates of named authorities only: what they have issued is logged, and anything else is
// refused at every door in its own words; bare keys are taken as ever.
import { createHash } from "node:crypto"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { withAuthorities } from "../../../src/cli/log/certificate-authorities.ts"
import { utf8 } from "../../../src/core/base/bytes.ts"
import { digestAlgorithm } from "../../../src/entry/algorithm.ts"
import type { SignatureVerifier } from "../../../src/entry/entry.ts"
import { verifyPortably } from "../../../src/entry/portable-verification.ts"
import { readAuthorities } from "../../../src/sigstore/certificate-authorities.ts"
import {
  makeIntermediate,
  makeLeaf,
  makeRoot,
  pemOf,
  rewritten,
} from "../../entry/certificates/authority.ts"
import { base64, makeSigner, signMessage } from "../../entry/signers.ts"
import { openServedLog, type ServedLog, signedRequest } from "../served-log.ts"

const root = makeRoot("root", "ecdsa-p384")
const middle = makeIntermediate(root, "middle", "ecdsa-p384")
const later = makeIntermediate(root, "later")
const signer = makeSigner("ecdsa-p256")
const authorities = readAuthorities("acme", pemOf(root.der, middle.der), "roots")
let checks = 0
const verifier: SignatureVerifier = {
  engine: "portable",
  verify(check) {
    checks += 1
    return Promise.resolve(verifyPortably(check))
  },
  close: () => Promise.resolve(),
}

let served: ServedLog
let made = 0

beforeAll(async () => {
  served = await openServedLog({
    verifier,
    log: (log) => withAuthorities(log, authorities, verifier),
  })
})
afterAll(() => served.close())

interface Answered {
  readonly status: number
  readonly text: string
}

async function post(path: string, body: unknown): Promise<Answered> {
  const response = await fetch(`http://127.0.0.1:${served.port}${path}`, {
    method: "POST",
    headers: {
      "content-type": path.endsWith("/batch") ? "application/x-ndjson" : "application/json",
    },
    body: JSON.stringify(body),
  })
  return { status: response.status, text: await response.text() }
}

function signed() {
  made += 1
  const artifact = utf8(`artifact ${made}`)
  const digest = createHash("sha256").update(artifact).digest()
  return { digest, signature: signMessage(signer, digestAlgorithm["ecdsa-p256"], artifact) }
}

type Submit = (certificate: Uint8Array, ...sent: readonly Uint8Array[]) => Promise<Answered>

const native: Submit = (certificate) => {
  const { digest, signature } = signed()
  const entry = { kind: "hashedrekord", digest: `sha256:${digest.toString("hex")}` }
  const named = { signature: base64(signature), certificate: base64(certificate) }
  return post("/v1/entries", { ...entry, ...named })
}

const batch: Submit = (certificate) => {
  const { digest, signature } = signed()
  const entry = { kind: "hashedrekord", digest: `sha256:${digest.toString("hex")}` }
  const named = { signature: base64(signature), certificate: base64(certificate) }
  return post("/v1/entries/batch", { ...entry, ...named })
}

const rekorV2: Submit = (certificate) => {
  const { digest, signature } = signed()
  const verifierV2 = {
    x509Certificate: { rawBytes: base64(certificate) },
    keyDetails: "PKIX_ECDSA_P256_SHA_256",
  }
  const content = { content: base64(signature), verifier: verifierV2 }
  const request = { digest: base64(digest), signature: content }
  return post("/api/v2/log/entries", { hashedRekordRequestV002: request })
}

const rekorV1: Submit = (certificate, ...sent) => {
  const { digest, signature } = signed()
  const content = Buffer.from(pemOf(certificate, ...sent)).toString("base64")
  const hash = { algorithm: "sha256", value: digest.toString("hex") }
  const spec = {
    data: { hash },
    signature: { content: base64(signature), publicKey: { content } },
  }
  return post("/api/v1/log/entries", { apiVersion: "0.0.1", kind: "hashedrekord", spec })
}

const doors: Readonly<Record<string, readonly [Submit, taken: number, refused: number]>> = {
  "the native door": [native, 201, 422],
  "a batch": [batch, 200, 200],
  "Rekor v2": [rekorV2, 201, 400],
  "Rekor v1": [rekorV1, 201, 400],
}

for (const [door, [submit, taken, refused]] of Object.entries(doors)) {
  describe(`at ${door}`, () => {
    const strangers = makeIntermediate(makeRoot("root"), "middle")
    const cases: Readonly<Record<string, readonly [Uint8Array, reason: string]>> = {
      "that its signer made": [
        makeLeaf({ name: "middle", signer }, signer),
        "no authority that is believed has issued it",
      ],
      "of another authority with the same names": [
        makeLeaf(strangers, signer),
        "no authority that",
      ],
      "with another name": [
        rewritten(makeLeaf(middle, signer), "acme/app", "evil/app"),
        "an issuer of that name has not signed it",
      ],
      "of an intermediate that is not at hand": [makeLeaf(later, signer), "no authority that"],
    }
    for (const [what, [certificate, reason]] of Object.entries(cases)) {
      test(`a certificate ${what} is refused, with the reason and what to do`, async () => {
        const { size } = served.log.head()
        const { status, text } = await submit(certificate)
        expect(status).toBe(refused)
        expect(text).toContain(reason)
        expect(text).toContain("sign with one of theirs")
        expect(served.log.head().size).toBe(size)
      })
    }

    test("a certificate that has expired is refused, and one of today is taken", async () => {
      const notBefore = new Date(Date.now() - 30 * 60_000)
      const { status, text } = await submit(makeLeaf(middle, signer, { notBefore }))
      expect(status).toBe(refused)
      expect(text).toContain("it was valid until")
      expect(text).toContain("sign again")
      const answered = await submit(makeLeaf(middle, signer))
      expect(answered.status).toBe(taken)
      expect(answered.text).not.toContain("untrusted")
    })
  })
}

test("intermediates that come with a certificate at Rekor v1 lead to the root", async () => {
  const leaf = makeLeaf(later, signer)
  expect(await rekorV1(leaf)).toMatchObject({ status: 400 })
  expect(await rekorV1(leaf, later.der)).toMatchObject({ status: 201 })
})

test("a certificate is judged once, and bare keys not at all", async () => {
  const leaf = makeLeaf(middle, signer)
  await native(leaf)
  const before = checks
  expect(await native(leaf)).toMatchObject({ status: 201 })
  expect(checks - before).toBe(1)
  expect(await post("/v1/entries", signedRequest("bare"))).toMatchObject({ status: 201 })
  expect(checks - before).toBe(2)
})
