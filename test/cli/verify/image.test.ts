// `countersign verify --image`: what cosign 2 and 3 leave in a registry, and strangers, who may leave there what they like.
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest"
import {
  BUNDLE,
  type FakeRegistry,
  type Layer,
  openFakeRegistry,
  putManifest,
  putReferrer,
  SIMPLE_SIGNING,
  tagFor,
} from "../../client/registry/fake-registry.ts"
import { publicKeyPem } from "../../http/rekor-v1/submissions.ts"
import { run } from "../command/fake-terminal.ts"
import { openWorkspace, type Workspace, writeKeys } from "../workspace.ts"
import { objectsIn } from "./signed-files.ts"
import {
  attestationLayer,
  bundleLayer,
  signatureLayer,
  simpleSigning,
  statementAbout,
} from "./signed-images.ts"

const repository = "acme/app"

let workspace: Workspace
let registry: FakeRegistry
let image: string
let key: string
let trustedRoot: string

beforeAll(async () => {
  workspace = await openWorkspace()
  // The clock of the log stands before its key's own window.
  const root = workspace.read("trusted_root.json").replaceAll("2026-01-01", "2020-01-01")
  trustedRoot = workspace.write("earlier_root.json", root)
  key = workspace.write("cosign.pub", publicKeyPem)
})

afterAll(() => workspace.close())

beforeEach(async () => {
  registry = await openFakeRegistry()
  image = putManifest(registry, repository, [{ content: "image", mediaType: "text/x" }], {
    tag: "1",
  })
})

afterEach(() => registry.close())

const named = (digest = image) => `${registry.host}/${repository}@${digest}`

function verify(...words: readonly string[]) {
  return run(["verify", ...words, "--key", key, "--trusted-root", trustedRoot])
}

function putSignatures(layers: readonly Layer[], ending = ".sig"): void {
  putManifest(registry, repository, layers, { tag: tagFor(image, ending) })
}

const url = () => workspace.url

/** A signature of the same form by a key that is not the signer's, unlogged. */
const strangers: Layer = {
  content: "stranger",
  mediaType: SIMPLE_SIGNING,
  annotations: { "dev.cosignproject.cosign/signature": "c3RyYW5nZXI=" },
}

test.each([
  ["a bundle of cosign 3 among its referrers", "proof"],
  ["a signature of cosign 2 under its tag", "promise"],
  ["an attestation of cosign 2 under its tag", "promise"],
] as const)("verifies an image by %s", async (what, inclusion) => {
  if (what.startsWith("a bundle")) {
    putReferrer(registry, repository, image, [await bundleLayer(url(), statementAbout(image))])
  } else if (what.startsWith("a signature")) {
    putSignatures([await signatureLayer(url(), simpleSigning(image))])
  } else putSignatures([await attestationLayer(url(), statementAbout(image))], ".att")
  const ran = await verify("--image", named(), "--json")
  expect([ran.code, ran.err]).toEqual([0, ""])
  expect(objectsIn(ran)).toMatchObject([
    {
      ...{ verified: true, image: named(), resolved: named(), isTag: false, inclusion },
      ...{ signatures: { verified: 1, others: 0 }, others: [], faults: [] },
    },
  ])
})

test("says what a tag points to, and that a promise is only that", async () => {
  putSignatures([await signatureLayer(url(), simpleSigning(image))])
  const { code, out } = await verify("--image", `${registry.host}/${repository}:1`)
  expect(code).toBe(0)
  expect(out).toContain(`the tag points to ${named()} now`)
  expect(out).toContain("inclusion by the log's promise only")
})

test("one signature that holds is enough, and why the others do not count is said", async () => {
  const jws = JSON.stringify({ payload: "e30", protected: "e30", signature: "AA" })
  putReferrer(registry, repository, image, [{ content: jws, mediaType: "application/jose+json" }])
  putSignatures([strangers, await signatureLayer(url(), simpleSigning(image))])
  const ran = await verify("--image", named())
  expect(ran).toMatchObject({ code: 0, err: "" })
  expect(ran.out).toContain("1 signature verified, 2 more did not count")
  expect(ran.out).toMatch(/did not count {2}sha256:\S+: unsupported: a JSON Web Signature/)
  expect(ran.out).toMatch(
    /did not count {2}sha256:\S+: bad-proof: beside the signature there is no/,
  )
})

test.each([
  ["another image", () => signatureLayer(url(), simpleSigning(`sha256:${"0".repeat(64)}`))],
  ["something that is no statement about an image", () => signatureLayer(url(), "{}")],
] as const)("a signature over %s does not count, however good it is", async (what, layer) => {
  putSignatures([await layer()])
  const ran = await verify("--image", named(), "--json")
  expect(ran.code).toBe(what === "another image" ? 3 : 5)
  expect(objectsIn(ran)[0]).toMatchObject({
    verified: false,
    others: [{ code: what === "another image" ? "mismatch" : "malformed" }],
  })
})

test("what has the shape of simple signing and is of another type says nothing of the image", async () => {
  const ban = simpleSigning(image).replace("cosign container image signature", "image ban")
  putSignatures([await signatureLayer(url(), ban)])
  const ran = await verify("--image", named(), "--json")
  expect(ran.code).toBe(5)
  expect(objectsIn(ran)[0]).toMatchObject({ verified: false, others: [{ code: "unsupported" }] })
})

test("a bundle and an attestation about another image do not count", async () => {
  const other = statementAbout(`sha256:${"0".repeat(64)}`)
  putReferrer(registry, repository, image, [await bundleLayer(url(), other)])
  putSignatures([await attestationLayer(url(), other)], ".att")
  const { code, out } = await verify("--image", named())
  expect(code).toBe(3)
  expect(out).toContain("none of 2 signatures holds")
})

test("a stranger's signatures alone are false, and with what cannot be judged they are not", async () => {
  putSignatures([strangers])
  expect(await verify("--image", named())).toMatchObject({ code: 3 })
  putReferrer(registry, repository, image, [{ content: "\u0000?", mediaType: BUNDLE }])
  const { code, out } = await verify("--image", named())
  expect(code).toBe(5)
  expect(out).toContain("none of 2 signatures holds, and 1 cannot be judged")
})

test("another key's signature is false", async () => {
  putSignatures([await signatureLayer(url(), simpleSigning(image))])
  const other = writeKeys(workspace, "other").public
  const words = ["--image", named(), "--key", other, "--trusted-root", trustedRoot]
  const { code, out } = await run(["verify", ...words])
  expect(code).toBe(3)
  expect(out).toContain("bad-signature")
})

test("an image without signatures, without a registry, or that is not there is not false", async () => {
  const none = await verify("--image", named())
  expect(none.code).toBe(1)
  expect(none.out).toContain("without counterpart")
  expect(none.out).toContain("the registry has no signature of it")
  const gone = await verify("--image", named(`sha256:${"1".repeat(64)}`))
  expect(gone.code).toBe(1)
  expect(gone.out).toContain("failed")
  expect((await verify("--image", "acme/app:1")).code).toBe(1)
  expect((await verify("--image", "127.0.0.1:1/acme/app:1")).code).toBe(1)
})

test("what of the registry was not seen is said, and nothing is called false for want of it", async () => {
  putSignatures([await signatureLayer(url(), simpleSigning(image))])
  registry.front = (request, response) => {
    if (request.url?.endsWith(".att") !== true) return false
    response.writeHead(500).end("out of order")
    return true
  }
  const { code, out } = await verify("--image", named())
  expect(code).toBe(0)
  expect(out).toContain("not everything in the registry was seen: tag")
  putSignatures([strangers])
  const failed = await verify("--image", named())
  expect(failed.code).toBe(1)
  expect(failed.out).toContain("not all of its signatures were seen")
})

test("many images are a line each", async () => {
  putSignatures([await signatureLayer(url(), simpleSigning(image))])
  const other = putManifest(registry, "acme/other", [{ content: "2", mediaType: "text/x" }])
  const { code, out } = await verify("--image", named(), `${registry.host}/acme/other@${other}`)
  expect(code).toBe(1)
  expect(out.match(/^\w.*$/gm)).toHaveLength(3)
  expect(out).toContain("1 verified, 0 false, 0 not judged, 0 failed, 1 without counterpart")
})

test("a signature with a thousand strangers before it is found", { timeout: 60_000 }, async () => {
  const good = await signatureLayer(url(), simpleSigning(image))
  const bad = Array.from({ length: 1_000 }, (_, i) => ({ ...strangers, content: `stranger ${i}` }))
  putSignatures([...bad, good])
  const { code, out } = await verify("--image", named())
  expect(code).toBe(0)
  expect(out).toContain("1 signature verified, 1000 more did not count")
})

test("what strangers write is shown with its control characters", async () => {
  const content = simpleSigning("sha256:\u001b[2J\nverified: everything")
  putSignatures([await signatureLayer(url(), content)])
  const { code, out } = await verify("--image", named())
  expect(code).toBe(3)
  expect(out).not.toContain("\u001b")
  expect(out).not.toMatch(/^verified: everything/m)
})
