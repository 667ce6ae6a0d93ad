// Walks over repositories in which signatures lie wherever clients put them, and over ones that lie.
import { afterEach, beforeEach, describe, expect, test } from "vitest"
import { createRegistry } from "../../../src/client/registry/registry.ts"
import { partsOf, readPart } from "../../../src/client/registry/signatures.ts"
import {
  type SignaturePlace,
  walkImage,
  walkRepository,
} from "../../../src/client/registry/walk.ts"
import { bundleOf, signed, signedEnvelope, simpleSigning } from "../messages/signed.ts"
import {
  BUNDLE,
  type FakeRegistry,
  type Layer,
  openFakeRegistry,
  putIndex,
  putManifest,
  putReferrer,
  SIMPLE_SIGNING,
  tagFor,
} from "./fake-registry.ts"

const NAME = "acme/app"
const content: Layer = { content: "content", mediaType: "application/octet-stream" }

let fake: FakeRegistry

beforeEach(async () => {
  fake = await openFakeRegistry()
})

afterEach(() => fake.close())

function registry(timeout = 5_000) {
  return createRegistry({ url: fake.url, fetch: globalThis.fetch, timeout })
}

async function walk(name = NAME, others: readonly string[] = [], timeout?: number) {
  const places: SignaturePlace[] = []
  const client = registry(timeout)
  const walked = await walkRepository(
    client,
    name,
    async (place) => void places.push(place),
    others,
  )
  const found = places.map(
    ({ use, subject, found: { digest } }) => `${use} ${digest} of ${subject}`,
  )
  return { ...walked, found: found.sort(), places }
}

const bundleLayer = (subject: string, note?: string): Layer => ({
  content: bundleOf(signedEnvelope(subject, note).envelope),
  mediaType: BUNDLE,
})

const legacyLayer = (subject: string, note?: string): Layer => {
  const { message, signature } = signed(simpleSigning(subject, note))
  return {
    content: message,
    mediaType: SIMPLE_SIGNING,
    annotations: { "dev.cosignproject.cosign/signature": signature },
  }
}

const envelopeLayer = (subject: string, note?: string): Layer => ({
  content: JSON.stringify(signedEnvelope(subject, note).envelope),
  mediaType: "application/vnd.dsse.envelope.v1+json",
  annotations: { "dev.cosignproject.cosign/signature": "" },
})

describe("a walk of a repository", () => {
  test.each([true, false])("finds referrers, with the API: %s", async (hasReferrers) => {
    fake.hasReferrers = hasReferrers
    const image = putManifest(fake, NAME, [content], { tag: "1" })
    const one = putReferrer(fake, NAME, image, [bundleLayer(image, "1")])
    const two = putReferrer(fake, NAME, image, [bundleLayer(image, "2")])
    const { found, faults } = await walk()
    expect(faults).toEqual([])
    expect(found).toEqual([one, two].map((digest) => `referrers ${digest} of ${image}`).sort())
  })

  test("finds cosign's tags, children of an index, and signatures of signatures", async () => {
    const child = putManifest(fake, NAME, [content])
    const index = putIndex(fake, NAME, [child], "latest")
    const ofChild = putReferrer(fake, NAME, child, [bundleLayer(child)])
    const ofIndex = putReferrer(fake, NAME, index, [bundleLayer(index)])
    const ofThat = putReferrer(fake, NAME, ofIndex, [bundleLayer(ofIndex)])
    const sig = putManifest(fake, NAME, [legacyLayer(index)], { tag: tagFor(index, ".sig") })
    const att = putManifest(fake, NAME, [envelopeLayer(index)], { tag: tagFor(index, ".att") })
    const { found, faults, subjects } = await walk()
    expect(faults).toEqual([])
    expect([...subjects]).toEqual(expect.arrayContaining([child, index, ofIndex]))
    expect(found).toEqual(
      [
        `referrers ${ofChild} of ${child}`,
        `referrers ${ofIndex} of ${index}`,
        `referrers ${ofThat} of ${ofIndex}`,
        `sig ${sig} of ${index}`,
        `att ${att} of ${index}`,
      ].sort(),
    )
  })

  test("finds tagged referrers, and signatures of images that another repository has", async () => {
    fake.hasReferrers = true
    const image = putManifest(fake, NAME, [content], { tag: "1" })
    const elsewhere = putReferrer(fake, "acme/signatures", image, [bundleLayer(image)])
    const { found } = await walk("acme/signatures", [image])
    expect(found).toEqual([`referrers ${elsewhere} of ${image}`])
    const layers = [bundleLayer(image, "tagged")]
    const tagged = putManifest(fake, "acme/signatures", layers, { subject: image, tag: "mine" })
    expect((await walk("acme/signatures")).found).toEqual(
      [elsewhere, tagged].map((digest) => `referrers ${digest} of ${image}`).sort(),
    )
  })

  test("of one image asks for its special tags itself", async () => {
    const image = putManifest(fake, NAME, [content], { tag: "1" })
    putReferrer(fake, NAME, image, [bundleLayer(image)])
    putManifest(fake, NAME, [legacyLayer(image)], { tag: tagFor(image, ".sig") })
    const uses: string[] = []
    const { faults } = await walkImage(
      registry(),
      NAME,
      image,
      async ({ use }) => void uses.push(use),
    )
    expect({ faults, uses: uses.sort() }).toEqual({ faults: [], uses: ["referrers", "sig"] })
    expect(fake.asked.filter((each) => each.includes("/tags/"))).toEqual([])
  })

  test("of a referrer that no list has finds it by its own word", async () => {
    const image = putManifest(fake, NAME, [content], { tag: "1" })
    const lost = putReferrer(fake, NAME, image, [bundleLayer(image)], { isListed: false })
    expect((await walk()).found).toEqual([])
    const found: string[] = []
    await walkImage(registry(), NAME, lost, async ({ subject }) => void found.push(subject))
    expect(found).toEqual([image])
  })
})

describe("a walk that does not see everything says so", () => {
  test("of a repository that is not there", async () => {
    const { faults } = await walk("acme/none")
    expect(faults).toEqual([{ place: "acme/none", why: "the registry has no such repository" }])
  })

  test("of a listed referrer that is not there", async () => {
    const image = putManifest(fake, NAME, [content], { tag: "1" })
    const digest = putReferrer(fake, NAME, image, [bundleLayer(image)])
    fake.repository(NAME).manifests.delete(digest)
    const { faults, missing } = await walk()
    expect(faults).toHaveLength(1)
    expect([...missing]).toEqual([digest])
  })

  test("of a manifest that cannot be read, and goes on behind it", async () => {
    putManifest(fake, NAME, [content], { tag: "1" })
    const image = putManifest(fake, NAME, [{ ...content, content: "2" }], { tag: "2" })
    putReferrer(fake, NAME, image, [bundleLayer(image)])
    fake.front = (request, response) => {
      if (request.url?.endsWith("/manifests/1") !== true) return false
      response.end("[]")
      return true
    }
    const { faults, found } = await walk()
    expect(faults).toMatchObject([{ place: `${NAME}:1` }])
    expect(found).toHaveLength(1)
  })

  test("of a registry that hangs, which is left alone soon", async () => {
    for (let i = 0; i < 20; i++)
      putManifest(fake, NAME, [{ ...content, content: `${i}` }], { tag: `${i}` })
    fake.front = (request) => request.url?.includes("/manifests/") === true
    const { faults } = await walk(NAME, [], 100)
    expect(faults.at(-1)?.why).toContain("given up")
    expect(faults).toHaveLength(6)
  })

  test("of indexes that lie within each other for ever", async () => {
    const last = putManifest(fake, NAME, [content])
    let top = last
    for (let depth = 0; depth < 12; depth++) top = putIndex(fake, NAME, [top])
    putIndex(fake, NAME, [top], "deep")
    const { faults } = await walk()
    expect(new Set(faults.map(({ why }) => why))).toEqual(new Set(["it lies too deep"]))
  })

  test("of indexes that name each other, which a registry can only claim", async () => {
    const index = putIndex(fake, NAME, [], "a")
    const claimed = `sha256:${"1".repeat(64)}`
    fake.front = (request, response) => {
      if (request.url?.endsWith(claimed) !== true) return false
      const manifests = [
        { digest: claimed, size: 1 },
        { digest: index, size: 1 },
      ]
      response.end(JSON.stringify({ manifests }))
      return true
    }
    putIndex(fake, NAME, [claimed, index], "b")
    const { faults } = await walk()
    expect(faults).toMatchObject([{ why: expect.stringContaining("with bytes of") as string }])
  })
})

describe("what lies in a place", () => {
  async function readOnly(layers: readonly Layer[], tag?: ".sig" | ".att") {
    const image = putManifest(fake, NAME, [content], { tag: "1" })
    if (tag === undefined) putReferrer(fake, NAME, image, layers)
    else putManifest(fake, NAME, layers, { tag: tagFor(image, tag) })
    const { places } = await walk()
    const parts = places.flatMap((place) => partsOf(place).map((part) => ({ place, part })))
    return await Promise.all(parts.map(({ place, part }) => readPart(registry(), place, part)))
  }

  const subject = `sha256:${"2".repeat(64)}`

  test.each([
    ["a bundle", [bundleLayer(subject)], undefined, ["dsse"]],
    [
      "a bundle under a wrong media type",
      [{ ...bundleLayer(subject), mediaType: "text/plain" }],
      undefined,
      ["dsse"],
    ],
    ["simple signing", [legacyLayer(subject)], ".sig", ["simple-signing"]],
    ["simple signing as a referrer", [legacyLayer(subject)], undefined, ["simple-signing"]],
    ["an envelope", [envelopeLayer(subject)], ".att", ["dsse"]],
    [
      "a list of packages",
      [{ content: '{"spdxVersion":"2"}', mediaType: "text/spdx+json" }],
      undefined,
      [],
    ],
    [
      "a statement that nobody signed",
      [{ content: '{"_type":"x"}', mediaType: "application/vnd.in-toto+json" }],
      undefined,
      [],
    ],
  ] as const)("%s is read", async (_name, layers, tag, forms) => {
    const [read, ...others] = await readOnly(layers, tag)
    expect(others).toEqual([])
    expect(read?.unreadable).toBeUndefined()
    expect(read?.messages.map(({ form }) => form)).toEqual(forms)
  })

  test("signatures of several signers under one tag are a part each, under keys of their own", async () => {
    const image = putManifest(fake, NAME, [content], { tag: "1" })
    const layers = [legacyLayer(image), legacyLayer(image)]
    putManifest(fake, NAME, layers, { tag: tagFor(image, ".sig") })
    const { places } = await walk()
    const keys = places.flatMap(partsOf).map(({ key }) => key)
    expect(new Set(keys).size).toBe(2)
  })

  test("simple signing that is an envelope as well is read as both", async () => {
    const { envelope } = signedEnvelope(subject)
    const both = JSON.stringify({ ...JSON.parse(simpleSigning(subject)), ...envelope })
    const [read] = await readOnly([{ ...legacyLayer(subject), content: both }], ".sig")
    expect(read?.messages.map(({ form }) => form)).toEqual(["dsse", "simple-signing"])
  })

  test("what notation makes cannot be logged", async () => {
    const jws = JSON.stringify({ payload: "e30", protected: "e30", header: {}, signature: "AA" })
    const [one] = await readOnly([{ content: jws, mediaType: "application/jose+json" }])
    expect(one).toMatchObject({
      messages: [],
      unloggable: expect.stringContaining("JSON Web") as string,
    })
    const cose = Uint8Array.of(0xd2, 0x84)
    const [, two] = await readOnly([{ content: cose, mediaType: "application/cose" }])
    expect(two).toMatchObject({ unloggable: expect.stringContaining("COSE") as string })
  })

  test.each([
    ["is broken", [{ content: "{", mediaType: BUNDLE }], undefined],
    [
      "uses names that only some readers know",
      [{ content: '{"dsse_envelope":{}}', mediaType: BUNDLE }],
      undefined,
    ],
    ["is nothing under cosign's tag", [{ content: "{}", mediaType: "text/plain" }], ".att"],
    [
      "has a broken annotation",
      [{ ...legacyLayer(subject), annotations: { "dev.cosignproject.cosign/signature": "*" } }],
      ".sig",
    ],
  ] as const)("a signature that %s is not passed over", async (_name, layers, tag) => {
    const [read] = await readOnly(layers, tag)
    expect(read).toMatchObject({ messages: [], unreadable: expect.any(String) as string })
  })

  test("a layer that is gone, or larger than anything that is read, is not passed over", async () => {
    const layer = bundleLayer(subject)
    fake.front = (request) => {
      if (request.url?.includes("/blobs/") === true) fake.blobs.clear()
      return false
    }
    const [gone] = await readOnly([layer])
    expect(gone?.unreadable).toContain("is not there")
  })
})
