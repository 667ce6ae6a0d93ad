// OpenID Connect tokens of an issuer that listens: which are taken, for whom, and how often the issuer is asked.
import { createSecretKey } from "node:crypto"
import { exportSPKI, generateKeyPair } from "jose"
import { afterEach, beforeEach, describe, expect, test } from "vitest"
import { createIdentities, type IdentityRule } from "../../../src/http/access/identity-token.ts"
import { createRemoteKeys, parseKeySet } from "../../../src/http/access/key-set.ts"
import { parsePattern } from "../../../src/monitor/watch/pattern.ts"
import { type Issuer, openIssuer } from "./issuer.ts"

const START = 1_800_000_000_000
let time = START
let issuer: Issuer
let troubles: unknown[]

beforeEach(async () => {
  time = START
  troubles = []
  issuer = await openIssuer(() => time)
})
afterEach(() => issuer.close())

const ruleOf = (claim: string, pattern: string, name = "ci"): IdentityRule => ({
  match: [{ path: claim.split(">"), fits: parsePattern(pattern).matches }],
  writer: { id: `oidc:${name}`, scopes: new Set(["submit"]) },
})

async function fetchBytes(url: string, longest: number): Promise<Uint8Array> {
  const response = await fetch(url, { redirect: "manual" })
  if (response.status !== 200) throw new Error(`status ${response.status}`)
  const bytes = new Uint8Array(await response.arrayBuffer())
  if (bytes.length > longest) throw new Error("too long")
  return bytes
}

function open(rules = [ruleOf("repository", "acme/app")], algorithms = ["ES256", "RS256"]) {
  const keys = createRemoteKeys({
    ...{ url: issuer.url, fetch: fetchBytes, now: () => time },
    onTrouble: (reason) => troubles.push(reason),
  })
  const all = { issuer: "https://issuer.example", audience: "log.example", algorithms, keys, rules }
  const identities = createIdentities([all], () => time)
  return async (token: string) => (await identities(token)).id
}

test("a token of the issuer for this log names the writer of the first rule that fits", async () => {
  const writer = open([
    ruleOf("repository", "acme/other", "no"),
    ruleOf("repository", "~acme/(app|lib)", "yes"),
  ])
  expect(await writer(await issuer.token())).toBe("oidc:yes")
  expect(await writer(await issuer.token({ repository: "acme/lib" }))).toBe("oidc:yes")
})

test.each([
  [
    "a claim in an object",
    "kubernetes.io>namespace",
    { "kubernetes.io": { namespace: "acme/app" } },
  ],
  ["one of several values", "groups", { groups: ["x", "acme/app"] }],
])("%s is looked at", async (_, claim, claims) => {
  expect(await open([ruleOf(claim, "acme/app")])(await issuer.token(claims))).toBe("oidc:ci")
})

test.each([
  ["another repository", { repository: "acme/app2" }],
  ["a repository that ends so", { repository: "evil/acme/app" }],
  ["a longer one on a second line", { repository: "acme/app\nx" }],
  ["no repository", { repository: undefined }],
  ["an object in its place", { repository: { name: "acme/app" } }],
])("a genuine token with %s may not", async (_, claims) => {
  await expect(open()(await issuer.token(claims as never))).rejects.toMatchObject({
    code: "not-allowed",
  })
})

const now = START / 1000
test.each([
  ["another audience", { aud: "other.example" }],
  ["others as its audience as well", { aud: ["log.example", "other.example"] }],
  ["no audience", { aud: undefined }],
  ["another issuer", { iss: "https://issuer.example/" }],
  ["an end that is past", { exp: now - 31 }],
  ["no end", { exp: undefined }],
  ["a beginning that is to come", { nbf: now + 31 }],
  ["a making that is to come", { iat: now + 31 }],
  ["a making a day ago", { iat: now - 86_431 }],
  ["no making", { iat: undefined }],
  ["an end that is no number", { exp: "never" as never }],
])("a token with %s is refused", async (_, claims) => {
  await expect(open()(await issuer.token(claims as never))).rejects.toMatchObject({
    code: "unauthenticated",
  })
})

test("clocks that differ by less than half a minute do not matter", async () => {
  const writer = open()
  expect(await writer(await issuer.token({ exp: now - 29, nbf: now + 29, iat: now + 29 }))).toBe(
    "oidc:ci",
  )
})

describe("whatever the header says", () => {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url")

  test("a token without a signature is refused", async () => {
    const [, claims] = (await issuer.token()).split(".")
    for (const alg of ["none", "None", "NONE"]) {
      await expect(open()(`${part({ alg })}.${claims}.`)).rejects.toMatchObject({
        code: "unauthenticated",
      })
      await expect(open()(`${part({ alg })}.${claims}.AA`)).rejects.toMatchObject({
        code: "unauthenticated",
      })
    }
  })

  test("the public key is no secret to sign with", async () => {
    const pem = await exportSPKI(issuer.publicKey())
    const key = createSecretKey(Buffer.from(pem))
    const token = await issuer.token({}, { header: { alg: "HS256" }, key })
    await expect(open()(token)).rejects.toMatchObject({ code: "unauthenticated" })
  })

  test("an algorithm that is not listed is refused, and one of another key too", async () => {
    await expect(open(undefined, ["RS256"])(await issuer.token())).rejects.toThrow("not allowed")
    const { privateKey } = await generateKeyPair("ES256")
    await expect(open()(await issuer.token({}, { key: privateKey }))).rejects.toThrow(
      "cannot be verified",
    )
  })

  test("a key in the header, a URL of keys, and what must be understood are of no use", async () => {
    const { privateKey } = await generateKeyPair("ES256")
    for (const header of [
      { jwk: { kty: "EC" } },
      { jku: "http://127.0.0.1:1/" },
      { x5u: "http://127.0.0.1:1/" },
    ]) {
      const token = await issuer.token({}, { key: privateKey, header: header as never })
      await expect(open()(token)).rejects.toMatchObject({ code: "unauthenticated" })
    }
    const [, claims, signature] = (await issuer.token()).split(".")
    const crit = part({ alg: "ES256", kid: "k1", crit: ["x"], x: 1 })
    await expect(open()(`${crit}.${claims}.${signature}`)).rejects.toMatchObject({
      code: "unauthenticated",
    })
  })

  test.each([
    "",
    "x",
    "a.b",
    "a.b.c",
    "a.b.c.d.e",
    "e30.e30.e30",
    "e30.W10.e30",
    "e30.bnVsbA.e30",
    "..",
  ])("%j is no token", async (text) => {
    await expect((async () => await open()(text))()).rejects.toMatchObject({
      code: "unauthenticated",
    })
  })

  test("a huge token is refused before it is read", async () => {
    const token = await issuer.token({ padding: "x".repeat(10_000) })
    await expect((async () => await open()(token))()).rejects.toThrow("above 8192")
    await expect((async () => await open()("x".repeat(10_000_000)))()).rejects.toThrow("above 8192")
  })
})

test("a refusal shows nothing of the token", async () => {
  const token = await issuer.token({ aud: "other" })
  const error = await open()(token).catch((reason: unknown) => reason)
  expect(String(error)).not.toContain(token.slice(0, 20))
  expect(String(error)).not.toContain(token.slice(-20))
})

describe("the issuer", () => {
  test("is asked once, however many tokens come", async () => {
    const writer = open()
    const tokens = await Promise.all(
      Array.from({ length: 20 }, (_, i) => issuer.token({ jti: String(i) })),
    )
    await Promise.all(tokens.map(writer))
    expect(issuer.asked()).toBe(1)
  })

  test("is not asked again for every key ID that nobody knows", async () => {
    const writer = open()
    await writer(await issuer.token())
    time += 31_000
    for (let i = 0; i < 20; i += 1) {
      const token = await issuer.token({}, { header: { kid: `unknown ${i}` } })
      await expect(writer(token)).rejects.toThrow("does not have")
    }
    expect(issuer.asked()).toBe(2)
  })

  test("may change its keys", async () => {
    const writer = open()
    const old = await issuer.token()
    await writer(old)
    await issuer.rotate("k2")
    const token = await issuer.token()
    await expect(writer(token)).rejects.toMatchObject({ code: "unauthenticated" })
    time += 31_000
    expect(await writer(token)).toBe("oidc:ci")
    time += 301_000
    await expect(writer(await issuer.token({}, { header: { kid: "k1" } }))).rejects.toThrow()
  })

  test("may be down for less than a day", async () => {
    const writer = open()
    await writer(await issuer.token())
    issuer.answer({ status: 503 })
    time += 80_000_000
    expect(await writer(await issuer.token())).toBe("oidc:ci")
    time += 10_000_000
    await expect(writer(await issuer.token())).rejects.toMatchObject({ code: "try-later" })
    issuer.answer({})
    time += 31_000
    expect(await writer(await issuer.token())).toBe("oidc:ci")
    expect(troubles.length).toBeGreaterThan(0)
  })

  test.each([
    ["a redirect", { status: 302 }],
    ["no JSON", { body: "<html>" }],
    ["too much", { body: `{"keys":[],"x":"${"x".repeat(300_000)}"}` }],
    ["keys that are secret", { body: '{"keys":[{"kty":"oct","k":"AAAA"}]}' }],
    [
      "too many keys",
      { body: JSON.stringify({ keys: Array.from({ length: 101 }, () => ({ kty: "EC" })) }) },
    ],
  ])("that answers %s is not believed", async (_, answer) => {
    issuer.answer(answer)
    const writer = open()
    await expect(writer(await issuer.token())).rejects.toMatchObject({ code: "try-later" })
    expect(troubles).toHaveLength(1)
    expect(issuer.asked()).toBe(1)
  })
})

test("what was found good is good until it ends, and no longer", async () => {
  const writer = open()
  const token = await issuer.token({ exp: now + 10_000 })
  await writer(token)
  issuer.answer({ status: 503 })
  time += 299_000
  expect(await writer(token)).toBe("oidc:ci")
  time = START + 10_031_000
  await expect(writer(token)).rejects.toThrow("expired")
})

test("a set with a private key in it is refused", () => {
  const bytes = new TextEncoder().encode('{"keys":[{"kty":"EC","d":"AA"}]}')
  expect(() => parseKeySet(bytes, "keys")).toThrow("secret")
})
