// The file of `--access`: what is understood, and what is refused with the place where it stands.
import { createLocalJWKSet } from "jose"
import { expect, test } from "vitest"
import { readAccess } from "../../../src/cli/access/access-file.ts"

const places: object[] = []

function read(text: string, { hasAuthorities = false, origin = "log.example" } = {}) {
  places.length = 0
  return readAccess(text, {
    ...{ file: "/etc/access.yaml", origin, hasAuthorities },
    keysAt(place) {
      places.push(place)
      return Promise.resolve(createLocalJWKSet({ keys: [] }))
    },
  })
}

const rule = `
oidc:
  - name: ci
    issuer: https://token.actions.githubusercontent.com
    jwks: https://token.actions.githubusercontent.com/.well-known/jwks
    match:
      repository: acme/app
      ref: ~refs/heads/(main|release/.*)
    scopes: [submit]
    per-minute: 600
`

test("an empty file says nothing", async () => {
  expect(await read("")).toEqual({ issuers: [], certificates: [] })
  expect((await read("anonymous: []")).anonymous?.size).toBe(0)
  expect((await read("anonymous: [read, attach]")).anonymous?.size).toBe(2)
})

test("a rule names a writer by exact values and by patterns over the whole value", async () => {
  const { issuers } = await read(rule)
  const [{ audience, rules } = { audience: "", rules: [] }] = issuers
  expect(audience).toBe("log.example")
  const [first] = rules
  expect(first?.writer).toMatchObject({ id: "oidc:ci", perMinute: 600 })
  const fits = (name: string, value: string) =>
    first?.match.find(({ path }) => path[0] === name)?.fits(value)
  expect(fits("repository", "acme/app")).toBe(true)
  expect(fits("repository", "acme/app2")).toBe(false)
  expect(fits("ref", "refs/heads/release/1")).toBe(true)
  expect(fits("ref", "refs/heads/main\nx")).toBe(false)
  expect(places).toEqual([{ url: "https://token.actions.githubusercontent.com/.well-known/jwks" }])
})

test("several rules of one issuer share its keys, and keys may lie in a file beside this one", async () => {
  const second = rule.replace("oidc:\n", "").replace("name: ci", "name: release")
  const { issuers } = await read(rule + second)
  expect(issuers).toHaveLength(1)
  expect(issuers[0]?.rules.map(({ writer }) => writer.id)).toEqual(["oidc:ci", "oidc:release"])
  await read(rule.replace(/jwks: .*/, "jwks: keys/jwks.json"))
  expect(places).toEqual([{ file: "/etc/keys/jwks.json" }])
})

test("certificates are known by their names", async () => {
  const text =
    "certificates: [{name: builders, subject-alternative-name: 'spiffe://acme/build/*', scopes: [submit, attach]}]"
  const [first] = (await read(text)).certificates
  expect(first?.writer.id).toBe("certificate:builders")
  expect(first?.fits("spiffe://acme/build/1")).toBe(true)
  expect(first?.fits("spiffe://acme/build/1/2")).toBe(false)
})

test("identities may be listed where certificates are verified", async () => {
  const text = `${rule}    allow-identities: [Dev@Acme.example]\n`
  await expect(read(text)).rejects.toThrow("--certificate-authorities")
  const { issuers } = await read(text, { hasAuthorities: true })
  expect([...(issuers[0]?.rules[0]?.writer.allow?.identities ?? [])]).toEqual(["dev@acme.example"])
})

test.each([
  ["anonymous: [submit", "expected YAML"],
  ["anonymus: []", 'unknown member "anonymus"'],
  ["anonymous: [ledger]", "must be known"],
  ["anonymous: [admin]", "expected scopes"],
  ["- x", "expected an object"],
  [
    rule.replace(
      "    match:\n      repository: acme/app\n      ref: ~refs/heads/(main|release/.*)\n",
      "",
    ),
    "match: expected an object",
  ],
  [rule.replace(/match:[\s\S]*scopes/, "match: {}\n    scopes"), "expected a claim"],
  [rule.replace("repository: acme/app", "repository: []"), "expected a pattern"],
  [rule.replace("repository: acme/app", "repository: ~("), "expected RE2 syntax"],
  [rule.replace("    scopes: [submit]\n", ""), "scopes: expected a list"],
  [
    rule.replace("https://token.actions.githubusercontent.com/.well", "http://token.example/.well"),
    "expected https://",
  ],
  [
    rule.replace(
      "https://token.actions.githubusercontent.com/.well",
      "https://user:secret@token.example/.well",
    ),
    "expected https://",
  ],
  [`${rule}    algorithms: [none]\n`, "expected algorithms of"],
  [`${rule}    algorithms: [HS256]\n`, "expected algorithms of"],
  [`${rule}    algorithms: []\n`, "expected algorithms of"],
  [`${rule}    allow-keys: [x]\n`, "expected sha256:HEX"],
  [`${rule}    audiences: x\n`, 'unknown member "audiences"'],
  [
    rule + rule.replace("oidc:\n", "").replace("    match", "    audience: other\n    match"),
    "that the other rules",
  ],
])("is refused: %j", async (text, why) => {
  await expect(read(text)).rejects.toThrow(why)
})
