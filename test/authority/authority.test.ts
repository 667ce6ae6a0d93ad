// The test authority against Sigstore's own verifier and OpenSSL: what it makes is what others read.
import { execFileSync } from "node:child_process"
import { createPublicKey, sign, X509Certificate } from "node:crypto"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { bundleFromJSON } from "@sigstore/bundle"
import { TrustedRoot } from "@sigstore/protobuf-specs"
import { toSignedEntity, toTrustMaterial, Verifier } from "@sigstore/verify"
import { expect, test } from "vitest"
import { base64, makeSigner } from "../entry/signers.ts"
import { makeAuthority } from "./authority.ts"

const at = new Date("2026-05-01T10:00:00Z")
const identity = "https://github.com/acme/app/.github/workflows/release.yml@refs/tags/v1"
const issuer = "https://token.actions.githubusercontent.com"
const signer = makeSigner("ecdsa-p256")
const artifact = Buffer.from("artifact")
const signature = sign("sha256", artifact, signer.privateKey)

function verify(authority: ReturnType<typeof makeAuthority>, leaf: Uint8Array, time: Date) {
  const signedTimestamp = base64(authority.timestamp(signature, time))
  const bundle = bundleFromJSON({
    mediaType: "application/vnd.dev.sigstore.bundle.v0.3+json",
    verificationMaterial: {
      certificate: { rawBytes: base64(leaf) },
      tlogEntries: [],
      timestampVerificationData: { rfc3161Timestamps: [{ signedTimestamp }] },
    },
    messageSignature: {
      messageDigest: { algorithm: "SHA2_256", digest: base64(Buffer.alloc(32)) },
      signature: base64(signature),
    },
  })
  const trust = toTrustMaterial(TrustedRoot.fromJSON(JSON.parse(authority.trustedRoot([]))))
  return new Verifier(trust, { tlogThreshold: 0 }).verify(toSignedEntity(bundle, artifact))
}

test("certificates, promises and timestamps hold for Sigstore's own verifier", () => {
  const authority = makeAuthority()
  const { chain } = authority.issue({ publicKey: signer.spki, identity, issuer, at })
  const found = verify(authority, chain[0], new Date(at.getTime() + 1000))
  expect(found.identity?.subjectAlternativeName).toBe(identity)
  expect(found.identity?.extensions?.issuer).toBe(issuer)
  expect(
    found.key.equals(
      createPublicKey({ key: Buffer.from(signer.spki), format: "der", type: "spki" }),
    ),
  ).toBe(true)
})

test("a leaf without a promise, of another authority or at another time does not hold", () => {
  const authority = makeAuthority()
  const wanted = { publicKey: signer.spki, identity, issuer, at }
  const unpromised = authority.issue({ ...wanted, promises: "none" }).chain[0]
  const foreign = makeAuthority().issue(wanted).chain[0]
  const good = authority.issue(wanted).chain[0]
  expect(() => verify(authority, unpromised, at)).toThrow("SCTs")
  expect(() => verify(authority, foreign, at)).toThrow("chain")
  expect(() => verify(authority, good, new Date(at.getTime() - 1000))).toThrow("chain")
})

test("the chain and the timestamp hold for OpenSSL", () => {
  const authority = makeAuthority()
  const { chain } = authority.issue({
    publicKey: signer.spki,
    identity: "ann@example.org",
    issuer,
    at,
  })
  const [leaf, intermediate, root] = chain.map((each) => new X509Certificate(each))
  expect(leaf?.subjectAltName).toBe("email:ann@example.org")
  expect(leaf?.verify((intermediate as X509Certificate).publicKey)).toBe(true)
  expect(intermediate?.checkIssued(root as X509Certificate)).toBe(true)
  const folder = mkdtempSync(join(tmpdir(), "authority-"))
  try {
    const trusted = JSON.parse(authority.trustedRoot([])).timestampAuthorities[0]
    const [, tsaRoot] = trusted.certChain.certificates as { rawBytes: string }[]
    const write = (name: string, bytes: Uint8Array | string) => {
      writeFileSync(join(folder, name), bytes)
      return join(folder, name)
    }
    const pem = new X509Certificate(Buffer.from(tsaRoot?.rawBytes ?? "", "base64")).toString()
    const words = ["ts", "-verify", "-data", write("data", signature)]
    const reply = write("reply", authority.timestamp(signature, at))
    const all = [...words, "-in", reply, "-CAfile", write("root.pem", pem)]
    expect(
      execFileSync("openssl", all, { stdio: ["ignore", "pipe", "ignore"] }).toString(),
    ).toContain("Verification: OK")
  } finally {
    rmSync(folder, { recursive: true })
  }
})
