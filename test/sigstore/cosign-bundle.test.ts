// Cosign's older JSON, as cosign 2 writes it: read into a bundle with a promise, verified as one, and written as one.
import { describe, expect, test } from "vitest"
import { verifyBundle } from "../../src/client/verify/verify.ts"
import { utf8 } from "../../src/core/base/bytes.ts"
import { formatPem } from "../../src/core/base/pem.ts"
import {
  formatSigstoreBundle,
  parseAnyBundle,
  parseSigstoreBundle,
} from "../../src/sigstore/bundle.ts"
import { readTrustedRoot } from "../../src/sigstore/trusted-root.ts"
import {
  certified,
  dsseV1,
  ENTRY_TIME,
  hashedrekordV1,
  intotoV1,
  type MadeV1,
  makeRekorLog,
} from "../client/verify/made-rekor.ts"
import { base64, makeSigner } from "../entry/signers.ts"
import { expectRefusal } from "../refusals.ts"

const log = makeRekorLog()
const p256 = () => ({ signer: makeSigner("ecdsa-p256") })

interface OldBundle {
  base64Signature: string
  cert?: string
  rekorBundle?: {
    SignedEntryTimestamp: string
    Payload: { body: string; integratedTime: number; logIndex: number; logID: string }
  }
}

/** What cosign 2 leaves behind of the same entry. */
function oldForm({ text, entry }: MadeV1, cert = ""): OldBundle {
  const { messageSignature, dsseEnvelope } = JSON.parse(text)
  return {
    base64Signature: messageSignature?.signature ?? base64(utf8(JSON.stringify(dsseEnvelope))),
    cert,
    rekorBundle: {
      SignedEntryTimestamp: entry.inclusionPromise?.signedEntryTimestamp ?? "",
      Payload: {
        body: entry.canonicalizedBody,
        integratedTime: Number(entry.integratedTime),
        logIndex: Number(entry.logIndex),
        logID: Buffer.from(entry.logId.keyId, "base64").toString("hex"),
      },
    },
  }
}

function check({ artifact, key }: MadeV1, bundle: string) {
  return verifyBundle({ bundle, artifact, key, trust: readTrustedRoot(log.trustedRoot) })
}

describe("cosign's older bundle", () => {
  const { signer, certificate, pem } = certified()
  const certPem = formatPem({ label: "CERTIFICATE", der: certificate })
  const signing = { signer, certificate, pem }
  const made = [
    { name: "of a blob", own: hashedrekordV1(log, "blob", p256()), cert: "" },
    {
      name: "of a blob, with a certificate in base64",
      own: hashedrekordV1(log, "c", signing),
      cert: base64(utf8(certPem)),
    },
    {
      name: "of a blob, with a certificate in PEM",
      own: hashedrekordV1(log, "d", signing),
      cert: certPem,
    },
    { name: "of an attestation", own: dsseV1(log, "attestation", p256()), cert: "" },
    { name: "of an attestation in intoto 0.0.2", own: intotoV1(log, "intoto", p256()), cert: "" },
  ]

  test.each(made)("$name is verified by the log's promise", ({ own, cert }) => {
    const text = JSON.stringify(oldForm(own, cert))
    const { inclusion, time, kind } = check(own, text)
    expect(inclusion).toBe("promise")
    expect(time).toEqual(new Date(ENTRY_TIME * 1000))
    expect(parseAnyBundle(text)).toMatchObject({ version: "cosign", entries: [{ kind }] })
    const written = formatSigstoreBundle(parseAnyBundle(text))
    expect(parseSigstoreBundle(written)).toEqual({ ...parseAnyBundle(text), version: "0.1" })
    expect(check(own, written).inclusion).toBe("promise")
  })

  test("takes a bare key beside the signature for what it is, the signer's own word", () => {
    const own = hashedrekordV1(log, "bare", p256())
    const stranger = formatPem({ label: "PUBLIC KEY", der: makeSigner("ecdsa-p256").spki })
    const text = JSON.stringify(oldForm(own, base64(utf8(stranger))))
    expect(parseAnyBundle(text).verifier).toEqual({ form: "hint", hint: "" })
    expect(check(own, text).inclusion).toBe("promise")
  })

  test("is false with another signature, body, time, index or certificate", () => {
    const own = hashedrekordV1(log, "own", p256())
    const other = hashedrekordV1(log, "other", p256())
    const [a, b] = [oldForm(own), oldForm(other)]
    if (a.rekorBundle === undefined || b.rekorBundle === undefined) expect.fail("no entry")
    const { Payload } = a.rekorBundle
    const payload = (change: object) => ({
      ...a,
      rekorBundle: { ...a.rekorBundle, Payload: { ...Payload, ...change } },
    })
    const refused = (code: Parameters<typeof expectRefusal>[0], bundle: object) =>
      expectRefusal(code, () => check(own, JSON.stringify(bundle)))
    refused("bad-signature", { ...a, base64Signature: b.base64Signature })
    refused("mismatch", { ...a, rekorBundle: b.rekorBundle })
    refused("mismatch", payload({ body: b.rekorBundle.Payload.body }))
    refused("bad-signature", payload({ integratedTime: Payload.integratedTime - 1 }))
    refused("bad-signature", payload({ logIndex: Payload.logIndex + 1 }))
    refused("untrusted", payload({ logID: "00".repeat(32) }))
    refused("mismatch", { ...a, cert: certPem })
  })

  test.each([
    ["no entry", { base64Signature: "AAAA" }],
    ["no signature", { base64Signature: "" }],
    ["an entry without a promise", { base64Signature: "AAAA", rekorBundle: { Payload: {} } }],
    [
      "a body of no form",
      {
        base64Signature: "AAAA",
        rekorBundle: { SignedEntryTimestamp: "AAAA", Payload: { body: "e30=" } },
      },
    ],
    ["an envelope of no form", { base64Signature: base64(utf8("{}")), rekorBundle: {} }],
  ] as const)("with %s is refused, saying which form was read", (_, value) => {
    const refusal = expectRefusal("malformed", () => parseAnyBundle(JSON.stringify(value)))
    expect(refusal.message).toContain("cosign's older bundle")
  })

  test("is not what parseSigstoreBundle() reads", () => {
    const text = JSON.stringify(oldForm(hashedrekordV1(log, "strict", p256())))
    expectRefusal("unsupported", () => parseSigstoreBundle(text))
  })
})
