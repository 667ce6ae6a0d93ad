// Names of images, tags and digests, credentials out of Docker's configuration, and challenges of registries.
import { describe, expect, test } from "vitest"
import { parseChallenges } from "../../../src/client/registry/authorization.ts"
import { readCredentials } from "../../../src/client/registry/credentials.ts"
import { readManifest } from "../../../src/client/registry/manifest.ts"
import {
  isRepository,
  parseImageReference,
  readSpecialTag,
  registryUrl,
  tagOf,
} from "../../../src/client/registry/reference.ts"

const hex = "ab".repeat(32)
const digest = `sha256:${hex}`

describe("a reference of an image", () => {
  test.each([
    [`registry.example/app@${digest}`, "registry.example", "app", digest],
    [`registry.example:5000/a/b-c/d_e:1.0`, "registry.example:5000", "a/b-c/d_e", "1.0"],
    [`localhost/app:latest@${digest}`, "localhost", "app", digest],
    [`[::1]:5000/app:1`, "[::1]:5000", "app", "1"],
  ])("%s is taken apart", (text, host, repository, reference) => {
    expect(parseImageReference(text)).toEqual({ host, repository, reference })
  })

  test.each([
    ["without a registry", `app@${digest}`],
    ["with a folder for a registry", "acme/app:1"],
    ["without a digest or tag", "registry.example/app"],
    ["with a short digest", "registry.example/app@sha256:abcd"],
    ["with a digest in capitals", `registry.example/app@sha256:${hex.toUpperCase()}`],
    ["that climbs", "registry.example/../app:1"],
    ["with a scheme", `https://registry.example/app@${digest}`],
    ["with credentials", "user:word@registry.example/app:1"],
    ["with a query", "registry.example/app?x=1:1"],
  ])("%s is refused", (_name, text) => {
    expect(() => parseImageReference(text)).toThrow(/expected HOST\/REPOSITORY/)
  })

  test("leads to plain HTTP on this machine alone", () => {
    expect(registryUrl("localhost:5000")).toBe("http://localhost:5000")
    expect(registryUrl("127.0.0.1:5000")).toBe("http://127.0.0.1:5000")
    expect(registryUrl("localhost.example")).toBe("https://localhost.example")
    expect(registryUrl("127.0.0.1.example")).toBe("https://127.0.0.1.example")
    expect(registryUrl("docker.io")).toBe("https://registry-1.docker.io")
  })
})

test.each(["", "A", "a//b", "/a", "a/", "a..b", "-a", "a b", "a".repeat(256)])(
  "%j is no name of a repository",
  (name) => {
    expect(isRepository(name)).toBe(false)
  },
)

test("special tags say what they are about", () => {
  for (const use of ["referrers", "sig", "att"] as const) {
    expect(readSpecialTag(tagOf(digest, use))).toEqual({ subject: digest, use })
  }
  for (const tag of ["latest", `sha256-${hex}.sbom`, `sha256-${hex}0`, `md5-${hex}`]) {
    expect(readSpecialTag(tag)).toBeUndefined()
  }
  const long = tagOf(`sha512:${hex}${hex}`, "referrers")
  expect(long).toBe(`sha512-${hex}`)
  expect(readSpecialTag(long)).toBeUndefined()
})

describe("credentials of a Docker configuration", () => {
  const auth = Buffer.from("user:pa:ss").toString("base64")
  const read = (auths: object, more: object = {}) =>
    readCredentials(JSON.stringify({ auths, ...more }), "Registry.example:5000")

  test.each([
    ["by host", { "registry.example:5000": { auth } }],
    ["by URL", { "https://registry.example:5000/v2/": { auth } }],
    ["in clear", { "registry.example:5000": { username: "user", password: "pa:ss" } }],
  ])("are found %s", (_name, auths) => {
    expect(read(auths)).toEqual({ form: "password", user: "user", password: "pa:ss" })
  })

  test("are found for Docker Hub by any of its names, and as a token", () => {
    const text = JSON.stringify({
      auths: { "https://index.docker.io/v1/": { identitytoken: "t" } },
    })
    const token = { form: "refresh-token", token: "t" }
    expect(readCredentials(text, "registry-1.docker.io")).toEqual(token)
  })

  test("of other registries are none", () => {
    expect(read({ "registry.example": { auth }, "other.example": { auth } })).toBeUndefined()
  })

  test("in a helper are asked for in a file", () => {
    const helped = { credHelpers: { "registry.example:5000": "pass" } }
    expect(() => read({}, helped)).toThrow(/credential helper/)
    expect(() => read({ "registry.example:5000": {} }, { credsStore: "pass" })).toThrow(/helper/)
    expect(read({}, { credsStore: "pass" })).toBeUndefined()
  })

  test.each(["{", "[]", '{"auths":{"registry.example:5000":{"auth":"*"}}}'])(
    "in %j are refused",
    (text) => {
      expect(() => readCredentials(text, "registry.example:5000")).toThrow(
        expect.objectContaining({ code: "malformed" }),
      )
    },
  )
})

describe("challenges", () => {
  const parsed = (header: string) =>
    parseChallenges(header).map(({ scheme, parameters }) => [
      scheme,
      Object.fromEntries(parameters),
    ])

  test("are read with quotes, commas and several schemes", () => {
    expect(
      parsed('Bearer realm="https://a.example/t",service="a, \\"b\\"", scope=x, Basic realm="r"'),
    ).toEqual([
      ["bearer", { realm: "https://a.example/t", service: 'a, "b"', scope: "x" }],
      ["basic", { realm: "r" }],
    ])
  })

  test.each(["", "=", '"', "Bearer realm=", ",,,"])(
    "that are none, such as %j, end the list",
    (header) => {
      expect(
        parsed(header).every(([, parameters]) => Object.keys(parameters ?? {}).length === 0),
      ).toBe(true)
    },
  )
})

describe("a manifest", () => {
  const read = (value: unknown) => readManifest(Buffer.from(JSON.stringify(value)), "sent/type")

  test("is read as an index and as a manifest at once", () => {
    const each = { digest, size: 1, mediaType: "t", annotations: { a: "b", c: 1 } }
    const { manifests, layers, mediaType } = read({
      manifests: [each],
      layers: [each],
      blobs: [each],
    })
    expect([manifests.length, layers.length, mediaType]).toEqual([1, 2, "sent/type"])
    expect(layers[0]?.annotations).toEqual({ a: "b" })
  })

  test.each([
    ["of nothing", {}],
    ["that is a list", []],
    ["with a digest that is none", { layers: [{ digest: "sha256:../../x", size: 1 }] }],
    ["with a negative size", { layers: [{ digest, size: -1 }] }],
    [
      "with too many layers",
      { layers: Array.from({ length: 4_097 }, () => ({ digest, size: 1 })) },
    ],
  ])("%s is refused", (_name, value) => {
    expect(() => read(value)).toThrow(expect.objectContaining({ name: "Refusal" }))
  })
})
