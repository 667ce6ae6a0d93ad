// Whom a certificate must name: exactly or by a pattern, in every kind of name, and who vouched for it.
import { describe, expect, test } from "vitest"
import { concat, utf8 } from "../../src/core/base/bytes.ts"
import type { IdentityPolicy } from "../../src/keyless/identity.ts"
import { parseKeylessTrust } from "../../src/keyless/trust.ts"
import { verifyKeyless } from "../../src/keyless/verify.ts"
import { parseAnyBundle } from "../../src/sigstore/bundle.ts"
import type { Identity, LeafOptions } from "../authority/authority.ts"
import { madeExtension } from "../entry/certificates/authority.ts"
import { AT, IDENTITY, ISSUER, makeWorld, signIn } from "./world.ts"

const world = makeWorld()
const trustedRoot = parseKeylessTrust(world.trustedRoot)

async function signerOf(policy: IdentityPolicy, more: Partial<LeafOptions> = {}) {
  const wanted = { publicKey: world.signer.spki, identity: IDENTITY, issuer: ISSUER, at: AT }
  const [certificate] = world.authority.issue({ ...wanted, ...more }).chain
  const bundle = parseAnyBundle(JSON.stringify(await signIn(world, 2, "blob", { certificate })))
  const check = { artifact: world.artifact, trustedRoot, identity: policy }
  return verifyKeyless(bundle, check).signer
}

const named = (identity: IdentityPolicy["identity"]): IdentityPolicy => ({
  ...(identity !== undefined && { identity }),
  issuer: ISSUER,
})

describe("an identity", () => {
  test.each<[string, Identity, string]>([
    ["a URI", { uri: IDENTITY }, IDENTITY],
    ["an email address in its own case", { email: "Ann@Example.org" }, "Ann@Example.org"],
    ["a user name", { user: "foo!oidc.local" }, "foo!oidc.local"],
  ])("is %s", async (_, identity, text) => {
    expect(await signerOf(named(text), { identity })).toMatchObject({
      identity: text,
      issuer: ISSUER,
    })
    await expect(signerOf(named(`${text}x`), { identity })).rejects.toThrow("identity: expected")
    await expect(signerOf(named(text.slice(1)), { identity })).rejects.toThrow("identity: expected")
  })

  test("of an email address is exact, also in its case", async () => {
    const identity = { email: "Ann@example.org" }
    await expect(signerOf(named("ann@example.org"), { identity })).rejects.toThrow(
      "Ann@example.org",
    )
  })

  test("is one of several names, and the one that fits is named", async () => {
    const identity = [{ email: "ann@example.org" }, { uri: "https://example.org/ann" }]
    const both = { identity }
    expect((await signerOf(named("https://example.org/ann"), both)).identity).toBe(
      "https://example.org/ann",
    )
    expect((await signerOf(named("ann@example.org"), both)).identity).toBe("ann@example.org")
    await expect(signerOf(named("example.org"), both)).rejects.toThrow(
      'expected "example.org", found "ann@example.org", "https://example.org/ann"',
    )
  })

  test("fits a pattern wherever it is found, as in cosign, unless the pattern has ^ and $", async () => {
    const fits = (pattern: string) =>
      signerOf(named({ pattern })).then(
        () => true,
        () => false,
      )
    expect(await fits("github.com/acme/")).toBe(true)
    expect(await fits("^https://github.com/acme/app/")).toBe(true)
    expect(await fits("^github.com/acme/")).toBe(false)
    expect(await fits("^https://github.com/acme/app$")).toBe(false)
    expect(await fits("^https://github\\.com/[a-z]+/app/.*@refs/tags/v[0-9]+$")).toBe(true)
  })
})

describe("an issuer", () => {
  test("is exact, or fits a pattern", async () => {
    await expect(signerOf({ identity: IDENTITY, issuer: "https://other.example" })).rejects.toThrow(
      `issuer: expected "https://other.example", found "${ISSUER}"`,
    )
    const issuer = { pattern: "^https://token\\.actions\\." }
    expect((await signerOf({ identity: IDENTITY, issuer })).issuer).toBe(ISSUER)
  })

  test("counts in its older form alone, and in its newer form alone", async () => {
    const policy = named(IDENTITY)
    expect((await signerOf(policy, { withoutFields: [8] })).issuer).toBe(ISSUER)
    expect((await signerOf(policy, { withoutFields: [1] })).issuer).toBe(ISSUER)
    await expect(signerOf(policy, { withoutFields: [1, 8] })).rejects.toThrow("found none")
  })

  test("that is another one in each form is not read", async () => {
    await expect(
      signerOf(named(IDENTITY), { fields: { 1: "https://other.example" } }),
    ).rejects.toThrow("its names or its issuer cannot be read")
  })

  test("that is there twice is not read", async () => {
    const text = utf8(ISSUER)
    const again = madeExtension(
      "1.3.6.1.4.1.57264.1.8",
      concat(Uint8Array.of(0x0c, text.length), text),
    )
    await expect(signerOf(named(IDENTITY), { more: [again] })).rejects.toThrow(
      /twice|cannot be read/,
    )
  })
})

describe("further fields", () => {
  const fields = { 12: "https://github.com/acme/app", 14: "refs/heads/main" }

  test("must be as they are expected, and all of them are given", async () => {
    const extensions = { "source-repository-uri": "https://github.com/acme/app" }
    const signer = await signerOf({ ...named(IDENTITY), extensions }, { fields })
    expect(signer.extensions).toMatchObject({
      ...extensions,
      "source-repository-ref": "refs/heads/main",
    })
  })

  test("that are others or missing are refused", async () => {
    const policy = (name: string) => ({
      ...named(IDENTITY),
      extensions: { [name]: "refs/heads/main" },
    })
    await expect(signerOf(policy("source-repository-uri"), { fields })).rejects.toThrow(
      'source-repository-uri: expected "refs/heads/main", found "https://github.com/acme/app"',
    )
    await expect(signerOf(policy("build-trigger"), { fields })).rejects.toThrow("found none")
    await expect(signerOf(policy("colour"), { fields })).rejects.toThrow("policy: expected one of")
  })
})

describe("a policy is refused", () => {
  test.each<[string, IdentityPolicy]>([
    ["without an identity", { issuer: ISSUER }],
    ["without an issuer", { identity: IDENTITY }],
    ["with an empty identity", { identity: "", issuer: ISSUER }],
    ["with an empty pattern", { identity: { pattern: "" }, issuer: ISSUER }],
    ["with a pattern that is none", { identity: { pattern: "(" }, issuer: ISSUER }],
    ["with a pattern of Perl's", { identity: { pattern: "(?=a)b" }, issuer: ISSUER }],
    [
      "with a pattern that would take long",
      { identity: { pattern: "((a{100}){10}){9}" }, issuer: ISSUER },
    ],
    ["with a long pattern", { identity: { pattern: "a".repeat(3000) }, issuer: ISSUER }],
  ])("%s", async (_, policy) => {
    await expect(signerOf(policy)).rejects.toMatchObject({ code: "not-allowed" })
  })
})
