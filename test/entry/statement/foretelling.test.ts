import { createHash } from "node:crypto"
import { describe, expect, test } from "vitest"
import {
  type Foretold,
  foretoldOfCommit,
  foretoldOfImage,
  foretoldOfPypi,
} from "../../../src/entry/statement/foretelling.ts"

const D = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
const REPO = "registry.example.com:5000/acme/app"
const TYPE = "application/vnd.in-toto+json"

// What each signer signs, as it was recorded; the digests are made here by another library than the product's.
const F1 = `{"_type":"https://in-toto.io/Statement/v1","subject":[{"digest":{"sha256":"${D}"},"annotations":{}}],"predicateType":"https://sigstore.dev/cosign/sign/v1","predicate":{}}`
const F1_SPACED = `{"_type":"https://in-toto.io/Statement/v1", "subject":[{"digest":{"sha256":"${D}"}, "annotations":{}}], "predicateType":"https://sigstore.dev/cosign/sign/v1", "predicate":{}}`
const F2 = `{"critical":{"identity":{"docker-reference":"${REPO}"},"image":{"docker-manifest-digest":"sha256:${D}"},"type":"cosign container image signature"},"optional":null}`
const F3 = "9b9c6e3b0e2c9d1f1d2d3b4c5a69788796a5b4c3"
const F4 = `{"_type":"https://in-toto.io/Statement/v1","subject":[{"name":"sampleproject-4.0.0.tar.gz","digest":{"sha256":"${D}"}}],"predicateType":"https://docs.pypi.org/attestations/publish/v1","predicate":null}`

type HashName = "sha256" | "sha384" | "sha512"

function digest(hash: HashName, text: string): string {
  return `${hash}:${createHash(hash).update(text).digest("hex")}`
}

function pae(payload: string): string {
  return `DSSEv1 ${TYPE.length} ${TYPE} ${Buffer.byteLength(payload)} ${payload}`
}

const table: readonly {
  readonly name: string
  readonly foretold: readonly Foretold[]
  readonly signed: string
  readonly hashes: readonly HashName[]
}[] = [
  {
    name: "cosign 3 sign, API v2",
    foretold: foretoldOfImage(D, []),
    signed: pae(F1),
    hashes: ["sha256", "sha384", "sha512"],
  },
  {
    name: "cosign 3 sign, API v1",
    foretold: foretoldOfImage(D, []),
    signed: F1,
    hashes: ["sha256"],
  },
  {
    name: "cosign 3 sign in a build that writes blanks, API v2",
    foretold: foretoldOfImage(D, []),
    signed: pae(F1_SPACED),
    hashes: ["sha256", "sha384", "sha512"],
  },
  {
    name: "cosign 3 sign in a build that writes blanks, API v1",
    foretold: foretoldOfImage(D, []),
    signed: F1_SPACED,
    hashes: ["sha256"],
  },
  {
    name: "cosign 2 sign, cosign 3 in the old format, Tekton Chains",
    foretold: foretoldOfImage(D, ["other.example/app", REPO]),
    signed: F2,
    hashes: ["sha256", "sha384", "sha512"],
  },
  { name: "gitsign", foretold: foretoldOfCommit(F3), signed: F3, hashes: ["sha256"] },
  {
    name: "gitsign, a repository of SHA-256",
    foretold: foretoldOfCommit(D),
    signed: D,
    hashes: ["sha256"],
  },
  {
    name: "PyPI, API v1",
    foretold: foretoldOfPypi("sampleproject-4.0.0.tar.gz", D),
    signed: F4,
    hashes: ["sha256"],
  },
  {
    name: "PyPI, API v2",
    foretold: foretoldOfPypi("sampleproject-4.0.0.tar.gz", D),
    signed: pae(F4),
    hashes: ["sha256", "sha384", "sha512"],
  },
]

describe("a foretold digest", () => {
  test.each(table)("is the one that is logged: $name", ({ foretold, signed, hashes }) => {
    const digests = foretold.map((each) => each.digest)
    expect(digests).toEqual(expect.arrayContaining(hashes.map((hash) => digest(hash, signed))))
  })

  test("comes with the reason, and each but once", () => {
    const foretold = foretoldOfImage(D, [REPO])
    expect(new Set(foretold.map((each) => each.digest)).size).toBe(11)
    expect(foretold).toHaveLength(11)
    expect(foretold.find((each) => each.digest === digest("sha256", pae(F1)))?.why).toBe(
      "cosign 3 sign",
    )
    expect(foretold.find((each) => each.digest === digest("sha512", F2))?.why).toBe(
      `cosign 2 or Tekton Chains, image ${REPO}`,
    )
  })

  test("of what is no digest is refused", () => {
    for (const wrong of [D.toUpperCase(), D.slice(1), `sha256:${D}`]) {
      expect(() => foretoldOfImage(wrong, [])).toThrow("digest of an image: expected 64")
      expect(() => foretoldOfPypi("x", wrong)).toThrow("digest of a file: expected 64")
    }
    expect(() => foretoldOfCommit("v1.0")).toThrow(
      "commit: expected 40 or 64 lower-case hex digits",
    )
  })
})
