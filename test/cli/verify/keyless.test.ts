// `countersign verify` by identities: whom the certificate must name, in every way in which cosign's flags say it.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import {
  AT,
  IDENTITY,
  ISSUER,
  makeWorld,
  publicPemOf,
  signIn,
  type World,
} from "../../keyless/world.ts"
import { noNetwork, type Ran, run } from "../command/fake-terminal.ts"
import { objectsIn } from "./signed-files.ts"

const folder = mkdtempSync(join(tmpdir(), "countersign-keyless-"))
const identity = ["--certificate-identity", IDENTITY]
const issuer = ["--certificate-oidc-issuer", ISSUER]

function write(name: string, content: string | Uint8Array): string {
  writeFileSync(join(folder, name), content)
  return join(folder, name)
}

let world: World
let artifact: string
let bundle: string
let older: string
let root: string[]

beforeAll(async () => {
  world = makeWorld()
  artifact = write("app", world.artifact)
  bundle = write("app.sigstore.json", JSON.stringify(await signIn(world, 2, "blob")))
  older = write("v1.json", JSON.stringify(await signIn(world, 1, "dsse")))
  root = ["--trusted-root", write("trusted_root.json", world.trustedRoot)]
})

afterAll(() => rmSync(folder, { recursive: true }))

function verify(...words: readonly string[]): Promise<Ran> {
  return run(["verify", "--artifact", artifact, ...words], { fetch: noNetwork })
}

describe("verifies by an identity and its issuer", () => {
  test.each([
    ["word for word", [...identity, ...issuer]],
    [
      "by patterns",
      [
        "--certificate-identity-regexp",
        "^https://github.com/acme/app/",
        "--certificate-oidc-issuer-regexp",
        "^https://token[.]actions",
      ],
    ],
    [
      "and by another field",
      [
        ...identity,
        ...issuer,
        "--certificate-field",
        "source-repository-uri=https://github.com/acme/app",
      ],
    ],
  ])("%s", async (_name, words) => {
    expect(await verify(...words, ...root)).toMatchObject({ code: 0, err: "" })
    expect(await verify(...words, ...root, "--bundle", older)).toMatchObject({ code: 0, err: "" })
  })

  test("and says who signed and when, by whose word", async () => {
    const { out } = await verify(...identity, ...issuer, ...root)
    expect(out).toContain(`signed by       ${IDENTITY}\n`)
    expect(out).toContain(`vouched for by  ${ISSUER}\n`)
    expect(out).toMatch(/time {12}2026-05-01T10:01:00.000Z, by the timestamp authority/)
    const [json] = objectsIn(await verify(...identity, ...issuer, ...root, "--json"))
    expect(json).toMatchObject({
      ...{ verified: true, inclusion: "proof", kind: "hashedrekord" },
      signer: { identity: IDENTITY, issuer: ISSUER, extensions: { issuer: ISSUER } },
      times: [{ source: "timestamp-authority", time: "2026-05-01T10:01:00.000Z" }],
    })
  })

  test("also many, with the key's judge and this one agreeing on what a key can judge", async () => {
    const key = write("leaf.pub", publicPemOf(world.signer))
    const words = ["--bundle", bundle, older]
    const ran = await verify(...words, ...identity, ...issuer, ...root)
    expect(ran).toMatchObject({ code: 0, err: "" })
    expect(ran.out).toMatch(/^verified: \S+: entry \d+ of rekor2\.example, by https:\S+ \(/m)
    expect(await verify(...words, "--key", key, ...root)).toMatchObject({ code: 0 })
  })
})

describe("refuses, with its code and the reason", () => {
  test.each([
    [
      "another identity",
      ["--certificate-identity", "dev@example.com", ...issuer],
      "mismatch: identity",
    ],
    [
      "a part of the identity",
      ["--certificate-identity", IDENTITY.slice(0, -1), ...issuer],
      "mismatch: identity",
    ],
    [
      "another issuer",
      [...identity, "--certificate-oidc-issuer", "https://evil.example"],
      "mismatch: issuer",
    ],
    [
      "another field",
      [...identity, ...issuer, "--certificate-field", "source-repository-uri=x"],
      "mismatch: source-repository-uri",
    ],
    [
      "a field that is not there",
      [...identity, ...issuer, "--certificate-github-workflow-ref", "x"],
      "mismatch: github-workflow-ref",
    ],
  ])("%s is false", async (_name, words, reason) => {
    const { code, err } = await verify(...words, ...root)
    expect(code).toBe(3)
    expect(err).toContain(reason)
  })

  test("a bundle of a key is no bundle of an identity", async () => {
    const keyed = write(
      "keyed.json",
      JSON.stringify(await signIn(world, 2, "blob", { isKeyed: true })),
    )
    const { code, err } = await verify(...identity, ...issuer, ...root, "--bundle", keyed)
    expect(code).toBe(3)
    expect(err).toContain("verify it with that key")
  })

  test("another authority's certificate is false", async () => {
    const other = write("other_root.json", makeWorld().trustedRoot)
    const words = [...identity, ...issuer, "--trusted-root", other]
    expect((await verify(...words)).code).toBe(3)
  })

  test("a broken bundle is not judged", async () => {
    const cut = write("cut.json", JSON.stringify(await signIn(world, 2, "blob")).slice(0, -9))
    expect((await verify(...identity, ...issuer, ...root, "--bundle", cut)).code).toBe(5)
  })
})

describe("the command line", () => {
  const key = ["--key", "signer.pub"]
  test.each([
    ["an identity without its issuer", identity, "give --certificate-oidc-issuer"],
    ["an issuer without an identity", issuer, "give --certificate-identity"],
    ["an empty identity", ["--certificate-identity", "", ...issuer], "give --certificate-identity"],
    ["a field alone", ["--certificate-field", "issuer=x"], "give --certificate-identity"],
    [
      "both an identity and a pattern",
      [...identity, "--certificate-identity-regexp", ".", ...issuer],
      "give either --certificate-identity or",
    ],
    [
      "a key and an identity",
      [...key, ...identity, ...issuer],
      "give either --key or --certificate-identity",
    ],
    ["neither a key nor an identity", [], "give --key FILE, or --certificate-identity"],
    [
      "a policy for an identity",
      [...identity, ...issuer, "--policy", "log.policy"],
      "--policy names no certificate authorities",
    ],
    [
      "an image and bundles",
      [...key, "--image", "h.example/a:1"],
      "--image takes the bundles from the registry",
    ],
    [
      "a registry without an image",
      [...key, "--registry", "https://h.example"],
      "--registry belongs to --image",
    ],
    [
      "an artifact and a digest",
      [...key, "--digest", `sha256:${"0".repeat(64)}`, "--bundle", "b"],
      "give either --artifact or --digest",
    ],
  ])("with %s is wrong, and says what to give", async (_name, words, text) => {
    const { code, err } = await verify(...words)
    expect(code).toBe(2)
    expect(err).toContain(text)
  })

  test.each([
    [
      "a digest without bundles",
      ["--digest", `sha256:${"0".repeat(64)}`],
      "--digest needs the bundles",
    ],
    ["nothing to verify", [], "give --bundle, --artifact or --image"],
  ])("with %s is wrong as well", async (_name, words, text) => {
    const { code, err } = await run(["verify", ...words, ...key, ...root])
    expect(code).toBe(2)
    expect(err).toContain(text)
  })

  test("without a trusted root is wrong", async () => {
    expect((await verify(...identity, ...issuer)).err).toContain("give --trusted-root")
  })

  test.each([
    ["a pattern that is none", ["--certificate-identity-regexp", "(", ...issuer]],
    ["an unknown field", [...identity, ...issuer, "--certificate-field", "colour=blue"]],
    ["a field without a value", [...identity, ...issuer, "--certificate-field", "issuer"]],
    ["a field twice", [...identity, ...issuer, "--certificate-field", "issuer=a", "issuer=b"]],
  ])("with %s is a failure, and no bundle is called false for it", async (_name, words) => {
    const { code, out } = await verify(...words, ...root)
    expect([code, out]).toEqual([1, ""])
  })
})

test("a time that only the log's word gives is said to be that", async () => {
  const { out } = await verify(...identity, ...issuer, ...root, "--bundle", older)
  expect(out).toContain(`${new Date(AT.getTime() + 60_000).toISOString()}, by the log's promise`)
})
