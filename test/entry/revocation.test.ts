import { describe, expect, it } from "vitest"
import { utf8 } from "../../src/core/base/bytes.ts"
import { readClaim } from "../../src/entry/kinds/claim.ts"
import {
  isRevocation,
  revocationDigest,
  revocationText,
  revokedKey,
} from "../../src/entry/revocation.ts"
import { hashedrekordOf, keyOf, revocationOf } from "../evidence/made-cases.ts"
import { codeOf } from "./refusals.ts"
import { hashOf, makeSigner } from "./signers.ts"

const KEY = `sha256:${"0a".repeat(32)}`

describe("revocationText()", () => {
  it("is two lines that name the key", () => {
    expect(revocationText(KEY)).toBe(`countersign-revocation/v1\nkey ${KEY}\n`)
  })

  it.each([
    "",
    "sha256:",
    KEY.slice(0, -1),
    KEY.toUpperCase(),
    `${KEY}\n`,
    KEY.replace("sha256", "sha512"),
  ])("refuses %j", (key) => {
    expect(codeOf(() => revocationText(key))).toBe("malformed")
  })
})

describe("isRevocation()", () => {
  it("knows the text's digest by every SHA-2 of the algorithms", () => {
    expect(revocationDigest(KEY, "sha256")).toBe(
      `sha256:${Buffer.from(hashOf("PKIX_ECDSA_P256_SHA_256", utf8(revocationText(KEY)))).toString("hex")}`,
    )
    for (const hash of ["sha256", "sha384", "sha512"] as const) {
      expect(isRevocation(revocationDigest(KEY, hash), KEY)).toBe(true)
      expect(isRevocation(revocationDigest(KEY, hash), KEY.replace("0a", "0b"))).toBe(false)
    }
  })

  it.each(["", "sha256", "sha256:", "sha1:00", "md5:00", `sha256:${"00".repeat(32)}`])(
    "says no to the digest %j",
    (digest) => {
      expect(isRevocation(digest, KEY)).toBe(false)
      expect(isRevocation(revocationDigest(KEY, "sha256"), digest)).toBe(false)
    },
  )
})

describe("revokedKey()", () => {
  it.each(["ecdsa-p256", "ecdsa-p384", "ecdsa-p521", "rsa-2048", "ed25519"] as const)(
    "finds the key in the entry of a key of type %s",
    (type) => {
      const signer = makeSigner(type)
      expect(revokedKey(readClaim(revocationOf(signer)).summary)).toBe(keyOf(signer))
      expect(revokedKey(readClaim(hashedrekordOf(signer, "else")).summary)).toBeUndefined()
    },
  )

  it("finds none that another key has signed, that two have, or that is no hashedrekord", () => {
    const [one, two] = [makeSigner("ecdsa-p256"), makeSigner("ecdsa-p256")]
    const digest = revocationDigest(keyOf(one), "sha256")
    const by = (...keys: readonly string[]) => keys.map((key) => ({ key }))
    const kind = "hashedrekord:0.0.1"
    expect(revokedKey({ kind, digest, signers: by(keyOf(one)) })).toBe(keyOf(one))
    expect(revokedKey({ kind, digest, signers: by(keyOf(two)) })).toBeUndefined()
    expect(revokedKey({ kind, digest, signers: by(keyOf(one), keyOf(two)) })).toBeUndefined()
    expect(revokedKey({ kind, digest, signers: [] })).toBeUndefined()
    expect(revokedKey({ kind, signers: by(keyOf(one)) })).toBeUndefined()
    expect(revokedKey({ kind: "rekord:0.0.1", digest, signers: by(keyOf(one)) })).toBeUndefined()
  })
})
