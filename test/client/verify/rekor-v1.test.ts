// Entries of Rekor v1 in bundles: each kind, in the spellings that the log takes over from its clients, and what it must not be.
import { describe, expect, test } from "vitest"
import { utf8 } from "../../../src/core/base/bytes.ts"
import { formatPem } from "../../../src/core/base/pem.ts"
import { dssePae } from "../../../src/entry/dsse.ts"
import { base64, makeSigner, signMessage } from "../../entry/signers.ts"
import { expectRefusal } from "../../refusals.ts"
import { certificateOf, IN_TOTO } from "../made-bundles.ts"
import { changed, check, log, p256, relogged } from "./checked.ts"
import {
  certified,
  dsseV1,
  ENTRY_TIME,
  type EntryJson,
  everyV1,
  hashedrekordV1,
  intotoV1,
} from "./made-rekor.ts"

const bundles = everyV1(log)

describe("a bundle of Rekor v1", () => {
  test("is verified for each kind of entry, with the time that the log promised", () => {
    const found = bundles.map((made) => {
      const { kind, version, algorithm, index, logIndex, inclusion, origin, time } = check(made)
      expect({ inclusion, origin, time }).toEqual({
        inclusion: "proof",
        origin: "rekor.example - 1193050959916656506",
        time: new Date(ENTRY_TIME * 1000),
      })
      expect(logIndex).toBe(1_000 + index)
      return `${made.name}: ${kind} ${version} ${algorithm}`
    })
    expect(found).toEqual([
      "blob p256: hashedrekord 0.0.1 PKIX_ECDSA_P256_SHA_256",
      "blob p384: hashedrekord 0.0.1 PKIX_ECDSA_P384_SHA_384",
      "blob rsa: hashedrekord 0.0.1 PKIX_RSA_PKCS1V15_2048_SHA256",
      "blob ed25519ph: hashedrekord 0.0.1 PKIX_ED25519_PH",
      "blob certificate: hashedrekord 0.0.1 PKIX_ECDSA_P256_SHA_256",
      "dsse p256: dsse 0.0.1 PKIX_ECDSA_P256_SHA_256",
      "dsse p384: dsse 0.0.1 PKIX_ECDSA_P384_SHA_384",
      "dsse ed25519: dsse 0.0.1 PKIX_ED25519",
      "dsse of a text: dsse 0.0.1 PKIX_RSA_PKCS1V15_2048_SHA256",
      "dsse certificate: dsse 0.0.1 PKIX_ECDSA_P256_SHA_256",
      "intoto p256: intoto 0.0.2 PKIX_ECDSA_P256_SHA_256",
      "intoto certificate: intoto 0.0.2 PKIX_ECDSA_P256_SHA_256",
    ])
  })

  test("is verified in the spellings that the log takes over from its clients", () => {
    const { signer, certificate } = certified()
    const leaf = formatPem({ label: "CERTIFICATE", der: certificate })
    const wide = `-----BEGIN CERTIFICATE-----\r\n${base64(certificate)}\r\n-----END CERTIFICATE-----\r\n`
    const other = formatPem({ label: "CERTIFICATE", der: certificateOf(makeSigner("ecdsa-p256")) })
    for (const pem of [`Bag Attributes\n${leaf}`, wide, leaf.trimEnd(), leaf + other]) {
      const signing = { signer, certificate, pem: base64(utf8(pem)) }
      expect(check(intotoV1(log, "spelled", signing)).kind).toBe("intoto")
      expect(check(hashedrekordV1(log, "spelled", signing)).kind).toBe("hashedrekord")
    }
    const upper = relogged(hashedrekordV1(log, "upper", p256()), (body) =>
      body.replace(/"value":"[0-9a-f]+"/, (hex) => `"value":"${hex.slice(9, -1).toUpperCase()}"`),
    )
    expect(check(upper).kind).toBe("hashedrekord")
  })

  test("is verified for an envelope that was signed with the hash of a larger curve", () => {
    const signer = makeSigner("ecdsa-p384")
    const made = dsseV1(log, "own hash", { signer })
    const { payload, signatures } = JSON.parse(made.text).dsseEnvelope
    const pae = dssePae(IN_TOTO, Buffer.from(payload, "base64"))
    const sig = base64(signMessage(signer, "PKIX_ECDSA_P384_SHA_384", pae))
    const own = relogged(made, (body) => body.replace(signatures[0].sig, sig))
    expect(check({ ...own, text: own.text.replace(signatures[0].sig, sig) }).kind).toBe("dsse")
    expectRefusal("mismatch", () => check(own))
  })

  test("is verified where the log keeps the payload in its entry, which must then be the one", () => {
    const withPayload = (payload: string) =>
      relogged(intotoV1(log, "kept", p256()), (body) =>
        body.replace('"envelope":{', `"envelope":{"payload":"${payload}",`),
      )
    const made = intotoV1(log, "kept", p256())
    const { payload } = JSON.parse(made.text).dsseEnvelope
    const kept = relogged(made, (body) =>
      body.replace('"envelope":{', `"envelope":{"payload":"${base64(utf8(payload))}",`),
    )
    expect(check(kept).kind).toBe("intoto")
    expectRefusal("mismatch", () => check(withPayload(base64(utf8(base64(utf8("other")))))))
  })

  test.each([
    ["another digest", "hashedrekord", /"value":"../, '"value":"00'],
    [
      "another digest of the payload",
      "dsse",
      /"payloadHash":(.*?)"value":"../,
      '"payloadHash":$1"value":"00',
    ],
    [
      "another digest of the payload",
      "intoto",
      /"payloadHash":(.*?)"value":"../,
      '"payloadHash":$1"value":"00',
    ],
    ["another signature", "hashedrekord", /"content":"..../, '"content":"AAAA'],
    ["another signature", "dsse", /"signature":"..../, '"signature":"AAAA'],
    ["another signature", "intoto", /"sig":"..../, '"sig":"AAAA'],
    ["another payload type", "intoto", "in-toto+json", "in-toto+jsom"],
    ["a member more", "hashedrekord", '"spec":{', '"spec":{"a":1,'],
    ["a member more", "dsse", '"spec":{', '"spec":{"a":1,'],
    ["a member more", "intoto", '"content":{', '"content":{"a":1,'],
    ["no digest of the envelope", "dsse", /"envelopeHash":\{.*?\},/, ""],
    ["no digest of the envelope", "intoto", /"hash":\{.*?\},/, ""],
    ["an empty digest of the envelope", "dsse", /("envelopeHash":.*?"value":")\w+/, "$1"],
    ["null for the digest of the envelope", "intoto", /"hash":\{.*?\}/, '"hash":null'],
    [
      "another hash for the envelope",
      "dsse",
      '"envelopeHash":{"algorithm":"sha256"',
      '"envelopeHash":{"algorithm":"sha1"',
    ],
    ["two signatures", "dsse", /"signatures":\[(\{.*?\})\]/, '"signatures":[$1,$1]'],
    ["two signatures", "intoto", /"signatures":\[(\{.*?\})\]/, '"signatures":[$1,$1]'],
    ["no signature", "dsse", /"signatures":\[.*?\]/, '"signatures":[]'],
    [
      "members in another order",
      "dsse",
      /"apiVersion":"0.0.1","kind":"dsse"/,
      '"kind":"dsse","apiVersion":"0.0.1"',
    ],
    ["a member twice", "hashedrekord", '"kind":', '"kind":"x","kind":'],
    ["no spec", "dsse", /"spec":.*/, '"spec":null}'],
  ] as const)(
    "is refused for an entry with %s (%s), though the log has it",
    (_, kind, from, to) => {
      const make = { hashedrekord: hashedrekordV1, dsse: dsseV1, intoto: intotoV1 }[kind]
      const made = relogged(make(log, "wrong body", p256()), (body) => body.replace(from, to))
      expectRefusal("mismatch", () => check(made))
    },
  )

  test("is refused if the entry names another key, and the certificate's own key in its place", () => {
    const other = makeSigner("ecdsa-p256")
    for (const make of [hashedrekordV1, dsseV1, intotoV1]) {
      const wrong = formatPem({ label: "PUBLIC KEY", der: other.spki })
      const named = (pem: string) =>
        relogged(make(log, "other key", p256()), (body) =>
          body.replace(/"LS0tLS1CRUdJTi[^"]*"/, `"${base64(utf8(pem))}"`),
        )
      expectRefusal("mismatch", () => check(named(wrong)))
      const made = make(log, "spelled", p256())
      const spelled = (change: (pem: string) => string) =>
        relogged(made, (body) =>
          body.replace(/"(LS0tLS1CRUdJTi[^"]*)"/, (_, pem: string) => {
            const text = Buffer.from(pem, "base64").toString()
            return `"${base64(utf8(change(text)))}"`
          }),
        )
      expect(check(spelled((pem) => `a key\n${pem}`)).inclusion).toBe("proof")
      expectRefusal("mismatch", () => check(spelled((pem) => pem + wrong)))
      expectRefusal("mismatch", () => check(spelled((pem) => pem + pem)))
      const relabel = (pem: string) => pem.replaceAll("PUBLIC KEY", "CERTIFICATE")
      expectRefusal("mismatch", () => check(spelled(relabel)))
      const { signer, certificate } = certified()
      const bare = formatPem({ label: "PUBLIC KEY", der: signer.spki })
      const signing = { signer, certificate, pem: base64(utf8(bare)) }
      expectRefusal("mismatch", () => check(make(log, "bare key", signing)))
    }
  })

  test("is not judged where the log pairs keys with hashes that are not paired here", () => {
    const made = hashedrekordV1(log, "p384", { signer: makeSigner("ecdsa-p384") })
    const digest = "00".repeat(32)
    const paired = relogged(made, (body) =>
      body.replace(
        /"algorithm":"sha384","value":"\w+"/,
        `"algorithm":"sha256","value":"${digest}"`,
      ),
    )
    expectRefusal("unsupported", () => check(paired))
    const [entry] = JSON.parse(paired.text).verificationMaterial.tlogEntries as EntryJson[]
    if (entry === undefined) expect.fail("the bundle has no entry")
    const unproven = { ...entry, inclusionProof: { ...entry.inclusionProof, hashes: [] } }
    const text = made.around([unproven as EntryJson])
    expectRefusal("bad-proof", () => check({ ...made, text }))
  })

  test("is not judged for a kind that no bundle is about, and false if that is not the body's", () => {
    const made = hashedrekordV1(log, "kind", p256())
    const rekord = relogged(made, (body) => body.replace("hashedrekord", "rekord"))
    expectRefusal("unsupported", () => check(rekord))
    const renamed = (kind: string, version: string) =>
      changed(made, (entry) => ({ ...entry, kindVersion: { kind, version } }))
    expectRefusal("mismatch", () => check(renamed("helm", "0.0.1")))
    expectRefusal("mismatch", () => check(renamed("hashedrekord", "0.0.2")))
    expectRefusal("mismatch", () => check(renamed("dsse", "0.0.1")))
  })
})
