import { beforeAll, describe, expect, it } from "vitest"
import { readKeyFile } from "../../src/client/key-file.ts"
import type { Trust } from "../../src/client/trust.ts"
import {
  type BundleCheck,
  type VerifiedBundle,
  verifyBundle,
} from "../../src/client/verify/verify.ts"
import { utf8 } from "../../src/core/base/bytes.ts"
import { parseCheckpoint } from "../../src/core/note/checkpoint.ts"
import { formatSignatureLine, formatVkey } from "../../src/core/note/note.ts"
import { parsePolicy } from "../../src/core/note/policy.ts"
import { formatSigstoreBundle, parseSigstoreBundle } from "../../src/sigstore/bundle.ts"
import { bundleOfSubmission } from "../../src/sigstore/submission-bundle.ts"
import { formatTrustedRoot, parseTrustedRoot } from "../../src/sigstore/trusted-root.ts"
import { cosignBlob } from "../entry/recorded.ts"
import { base64, makeSigner } from "../entry/signers.ts"
import { sha256 } from "../reference.ts"
import { expectRefusal } from "../refusals.ts"
import { testSigner } from "../signers.ts"
import {
  blobBundle,
  blobRequest,
  certificateOf,
  envelopeBundle,
  envelopeRequest,
  IN_TOTO,
  logIdOfLog,
  type MadeBundle,
  makeBundles,
  publicPem,
} from "./made-bundles.ts"
import { type MadeLog, makeLog } from "./made-log.ts"

let log: MadeLog
let bundles: readonly MadeBundle[]

beforeAll(async () => {
  log = makeLog()
  bundles = await makeBundles(log)
})

function named(name: string): MadeBundle {
  return bundles.find((bundle) => bundle.name === name) ?? expect.fail(`no bundle ${name}`)
}

function check(made: MadeBundle, changes: Partial<BundleCheck> = {}): VerifiedBundle {
  const { text, artifact, key } = made
  const trust = { trustedRoot: log.trustedRoot }
  return verifyBundle({ bundle: text, artifact, key, trust, ...changes })
}

describe("verifyBundle()", () => {
  it("accepts a bundle of every kind and says what it verified", () => {
    const found = bundles.map((made) => {
      const { index, size, kind, algorithm, origin } = check(made)
      return [made.name, index, size, kind, algorithm, origin]
    })
    expect(found).toEqual([
      ["p256", 3, 4, "hashedrekord", "PKIX_ECDSA_P256_SHA_256", "log.example"],
      ["another p256", 4, 5, "hashedrekord", "PKIX_ECDSA_P256_SHA_256", "log.example"],
      ["p384", 5, 6, "hashedrekord", "PKIX_ECDSA_P384_SHA_384", "log.example"],
      ["p521", 6, 7, "hashedrekord", "PKIX_ECDSA_P521_SHA_512", "log.example"],
      ["rsa", 7, 8, "hashedrekord", "PKIX_RSA_PKCS1V15_2048_SHA256", "log.example"],
      ["ed25519ph", 8, 9, "hashedrekord", "PKIX_ED25519_PH", "log.example"],
      ["certificate", 9, 10, "hashedrekord", "PKIX_ECDSA_P256_SHA_256", "log.example"],
      ["attestation p256", 10, 11, "dsse", "PKIX_ECDSA_P256_SHA_256", "log.example"],
      ["attestation ed25519", 11, 12, "dsse", "PKIX_ED25519", "log.example"],
      ["envelope rsa", 12, 13, "dsse", "PKIX_RSA_PKCS1V15_2048_SHA256", "log.example"],
      ["attestation by cosign", 13, 14, "hashedrekord", "PKIX_ECDSA_P256_SHA_256", "log.example"],
      ["attestation ed25519ph", 14, 15, "hashedrekord", "PKIX_ED25519_PH", "log.example"],
    ])
  })

  it("accepts a bundle that a real client wrote from a recorded answer", () => {
    const logKey =
      "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEa1/It5VFUwl7A9V8MM2OXVARJR5jUWiljgcjxslfANcliq1CT79z+g6o3fOY2pfzgUHEhcNnR/h3ONdAypS4ng=="
    const body = `{"apiVersion":"0.0.2","kind":"hashedrekord","spec":{"hashedRekordV002":{"data":{"algorithm":"SHA2_256","digest":"McBfrQ/2Zaf8gOvkf1K55enEflhrKnEtdugVR1pyv0w="},"signature":{"content":"${cosignBlob.signature}","verifier":{"keyDetails":"PKIX_ECDSA_P256_SHA_256","publicKey":{"rawBytes":"${cosignBlob.publicKey}"}}}}}}`
    const bundle = JSON.stringify({
      mediaType: "application/vnd.dev.sigstore.bundle.v0.3+json",
      verificationMaterial: {
        publicKey: { hint: "anything" },
        tlogEntries: [
          {
            logIndex: "1",
            logId: { keyId: "pIZIaDrHVjmgVxAVm/zFvTo/GTLn6ERCgwHc69hI7gM=" },
            kindVersion: { kind: "hashedrekord", version: "0.0.2" },
            inclusionProof: {
              logIndex: "1",
              rootHash: "bWPJPKTmvJRs7xHnDK3ZJEwuFNzVQHpVw/o5Q40qtPs=",
              treeSize: "2",
              hashes: ["etWTzWU4w0agcLtO7buHvEgO4eM0MYESRHZqb8DaA+0="],
              checkpoint: {
                envelope:
                  "localhost\n2\nbWPJPKTmvJRs7xHnDK3ZJEwuFNzVQHpVw/o5Q40qtPs=\n\n— localhost pIZIaDBFAiA8oFzSTUizk67U21P5zAenXdhNkXymrEtwLmrLV2LtfgIhAPkB3RGrV76TexPh5Zx2f5gXLWLhoXSdDuWJDPfUxAs3\n",
              },
            },
            canonicalizedBody: base64(utf8(body)),
          },
        ],
        timestampVerificationData: {},
      },
      messageSignature: {
        messageDigest: {
          algorithm: "SHA2_256",
          digest: "McBfrQ/2Zaf8gOvkf1K55enEflhrKnEtdugVR1pyv0w=",
        },
        signature: cosignBlob.signature,
      },
    })
    const root = formatTrustedRoot([
      {
        baseUrl: "http://localhost:3003",
        spki: Buffer.from(logKey, "base64"),
        validFrom: new Date(0),
      },
    ])
    const verified = verifyBundle({
      bundle,
      artifact: { sha256: Buffer.from("McBfrQ/2Zaf8gOvkf1K55enEflhrKnEtdugVR1pyv0w=", "base64") },
      key: Buffer.from(cosignBlob.publicKey ?? "", "base64"),
      trust: { trustedRoot: parseTrustedRoot(root) },
    })
    expect(Buffer.from(verified.leafHash).toString("hex")).toBe(
      "7ec0168f3d95e6513c248432765b7b06573a8f164cd5625c205c53157973aa34",
    )
  })

  it("takes digests instead of the artifact and refuses when the needed one is missing", () => {
    const made = named("p256")
    expect(check(made, { artifact: { sha256: sha256(made.artifact) } }).index).toBe(3)
    expectRefusal("malformed", () => check(made, { artifact: { sha512: new Uint8Array(64) } }))
    expectRefusal("malformed", () => check(made, { artifact: { sha256: new Uint8Array(31) } }))
  })

  it("takes a key or its certificate where the bundle has either, but no other certificate", () => {
    const made = named("certificate")
    const own = readKeyFile(made.key)
    expect(check(made, { key: own.der }).index).toBe(9)
    expect(check(made, { key: own.spki }).index).toBe(9)
    const renewed = certificateOf({ ...makeSigner("ecdsa-p256"), spki: own.spki }, 7)
    expect(readKeyFile(renewed).spki).toEqual(own.spki)
    expectRefusal("mismatch", () => check(made, { key: renewed }))
    const bare = named("p256")
    const { spki } = readKeyFile(bare.key)
    const key = certificateOf({ ...makeSigner("ecdsa-p256"), spki }, 7)
    expect(check(bare, { key }).index).toBe(3)
  })

  it("finds the artifact among the subjects of an attestation, by name if one is demanded", () => {
    const made = named("attestation p256")
    expect(check(made, { subjects: ["x", "artifact"] }).kind).toBe("dsse")
    expectRefusal("mismatch", () => check(made, { subjects: ["other"] }))
    const artifact = { sha256: sha256(made.artifact), sha512: new Uint8Array(64) }
    expect(check(made, { artifact }).kind).toBe("dsse")
    // Of digests by other hashes than those that it states nobody can say that they are not the artifact's.
    expectRefusal("unsupported", () => check(made, { artifact: { sha512: new Uint8Array(64) } }))
  })

  it("takes no bare signature where the attestation must give a name", () => {
    expectRefusal("mismatch", () => check(named("p256"), { subjects: ["artifact"] }))
  })

  it("says what is false before it says which digests it lacks", () => {
    const other = publicPem(makeSigner("ecdsa-p256"))
    const artifact = { sha512: new Uint8Array(64) }
    expectRefusal("bad-signature", () => check(named("attestation p256"), { artifact, key: other }))
  })

  it("refuses an attestation whose subject shares a hash with the artifact but differs in it", async () => {
    const signer = makeSigner("ecdsa-p256")
    const artifact = utf8("artifact")
    const digest = {
      sha256: Buffer.from(sha256(artifact)).toString("hex"),
      sha512: "00".repeat(64),
    }
    const payload = JSON.stringify({
      _type: "https://in-toto.io/Statement/v1",
      subject: [{ name: "artifact", digest }],
    })
    const request = envelopeRequest(signer, IN_TOTO, utf8(payload))
    const bundle = bundleOfSubmission(request, await log.add(request), logIdOfLog(log))
    const made = { name: "", artifact, key: publicPem(signer), text: formatSigstoreBundle(bundle) }
    expectRefusal("mismatch", () => check(made))
  })

  it("refuses a payload that is no statement under the type of one", async () => {
    const signer = makeSigner("ecdsa-p256")
    const statements = [
      '{"_type":"https://in-toto.io/Statement/v2","subject":[]}',
      '{"_type":"https://in-toto.io/Statement/v1","subject":{}}',
      '{"_type":"https://in-toto.io/Statement/v1","subject":[{"digest":{"sha256":1}}]}',
      "[]",
    ]
    for (const [i, payload] of statements.entries()) {
      const request = envelopeRequest(signer, IN_TOTO, utf8(payload))
      const bundle = bundleOfSubmission(request, await log.add(request), logIdOfLog(log))
      const text = formatSigstoreBundle(bundle)
      const made = { name: "", artifact: utf8("x"), key: publicPem(signer), text }
      expectRefusal(i === 0 ? "unsupported" : "malformed", () => check(made))
    }
  })

  it("looks at 1,024 subjects with 32 digests and refuses more", async () => {
    const signer = makeSigner("ecdsa-p256")
    const artifact = utf8("artifact")
    const own = { digest: { sha256: Buffer.from(sha256(artifact)).toString("hex") } }
    const cases = [
      { subjects: 1023, digests: 32, refused: false },
      { subjects: 1024, digests: 1, refused: true },
      { subjects: 1, digests: 33, refused: true },
    ]
    for (const { subjects, digests, refused } of cases) {
      const many = Object.fromEntries(Array.from({ length: digests }, (_, i) => [`md${i}`, "00"]))
      const subject = [...Array.from({ length: subjects }, () => ({ digest: many })), own]
      const payload = JSON.stringify({ _type: "https://in-toto.io/Statement/v1", subject })
      const request = envelopeRequest(signer, IN_TOTO, utf8(payload))
      const bundle = bundleOfSubmission(request, await log.add(request), logIdOfLog(log))
      const text = formatSigstoreBundle(bundle)
      const made = { name: "", artifact, key: publicPem(signer), text }
      if (refused) expectRefusal("too-large", () => check(made))
      else expect(check(made).kind).toBe("dsse")
    }
  })

  it("refuses a bundle without an entry, without a proof, or with a kind that is not its body's", () => {
    const made = named("p256")
    const bundle = parseSigstoreBundle(made.text)
    const [entry] = bundle.entries
    if (entry === undefined) expect.fail("the bundle has no entry")
    const withEntries = (...entries: (typeof entry)[]) => ({
      bundle: formatSigstoreBundle({ ...bundle, entries }),
    })
    expectRefusal("bad-proof", () => check(made, withEntries()))
    const { proof: _, ...promised } = entry
    expectRefusal("bad-proof", () => check(made, withEntries(promised)))
    expectRefusal("mismatch", () => check(made, withEntries({ ...entry, version: "0.0.1" })))
  })
})

describe("trust", () => {
  it("refuses a log that is not pinned, also one of the same name", () => {
    const stranger = makeLog()
    const made = named("p256")
    const refused = (trust: Trust) => expectRefusal("untrusted", () => check(made, { trust }))
    refused({ trustedRoot: stranger.trustedRoot })
    refused({ vkeys: stranger.vkeys, origin: "log.example" })
    refused({ policy: parsePolicy(`log ${stranger.vkeys[0]}\nquorum none\n`) })
  })

  it("accepts bare verifier keys of either kind under the right origin only", () => {
    const made = named("p256")
    for (const vkey of log.vkeys) {
      expect(check(made, { trust: { vkeys: [vkey], origin: "log.example" } }).index).toBe(3)
    }
    const trust = { vkeys: log.vkeys, origin: "other.example" }
    expectRefusal("mismatch", () => check(made, { trust }))
  })

  it("refuses a checkpoint whose pinned signature does not hold, whatever else is signed", async () => {
    const forged = makeLog("log.example", (note) =>
      note.replace(/^(— log.example .{9})(.)/m, forge),
    )
    const made = await blobBundle(forged, "forged", makeSigner("ecdsa-p256"))
    const { vkeys, trustedRoot } = forged
    expectRefusal("bad-signature", () => check(made, { trust: { trustedRoot } }))
    expectRefusal("bad-signature", () => check(made, { trust: { vkeys, origin: "log.example" } }))
  })

  it("demands the quorum of a policy and gives the cosignatures", async () => {
    const witness = testSigner("witness.example", 4, 9)
    const time = 1_700_000_000
    const cosigned = makeLog("log.example", (note, text) =>
      note.concat(formatSignatureLine(witness.sign(text, parseCheckpoint(text), time))),
    )
    const policyOf = (own: MadeLog) => ({
      policy: parsePolicy(`log ${own.vkeys[1]}\nwitness W ${formatVkey(witness.vkey)}\nquorum W\n`),
    })
    const made = await blobBundle(cosigned, "cosigned", makeSigner("ecdsa-p256"))
    expect(check(made, { trust: policyOf(cosigned) }).cosignatures).toEqual([
      { name: "witness.example", time },
    ])
    expectRefusal("untrusted", () => check(named("p256"), { trust: policyOf(log) }))
  })

  it("refuses a log ID that no signature of the checkpoint bears", async () => {
    const signer = makeSigner("ecdsa-p256")
    const request = blobRequest(signer, utf8("artifact of x"))
    const receipt = await log.add(request)
    const text = formatSigstoreBundle(bundleOfSubmission(request, receipt, sha256(utf8("other"))))
    const made = { name: "x", artifact: utf8("artifact of x"), key: publicPem(signer), text }
    const trust = { vkeys: log.vkeys, origin: "log.example" }
    expectRefusal("mismatch", () => check(made, { trust }))
    expectRefusal("untrusted", () => check(made))
  })

  it("knows the envelope's kind by the entry: a dsse entry cannot stand in for a hashedrekord", async () => {
    const made = await envelopeBundle(log, "kinds", makeSigner("ecdsa-p256"))
    const asOther = made.text.replace('"kind":"dsse"', '"kind":"hashedrekord"')
    expectRefusal("mismatch", () => check(made, { bundle: asOther }))
    expect(check(made).kind).toBe("dsse")
  })
})

/** Another character of the base64 alphabet in the middle of a signature. */
function forge(_line: string, start: string, character: string): string {
  return start + (character === "A" ? "B" : "A")
}
