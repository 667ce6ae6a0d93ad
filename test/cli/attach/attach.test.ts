// `countersign attach` with a log that has only digests, and a desk that takes the messages.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest"
import { proposeEntry } from "../../../src/entry/kinds/request.ts"
import {
  bundleOf,
  logging,
  signed,
  signedEnvelope,
  simpleSigning,
} from "../../client/messages/signed.ts"
import {
  BUNDLE,
  digestOf,
  type FakeRegistry,
  openFakeRegistry,
  putManifest,
  putReferrer,
  SIMPLE_SIGNING,
  tagFor,
} from "../../client/registry/fake-registry.ts"
import { type Ran, run } from "../command/fake-terminal.ts"
import { type MessageDesk, openMessageDesk, problem } from "../message-desk.ts"
import { openWorkspace, type Workspace } from "../workspace.ts"

const commit = "c0ffee".padEnd(40, "0")
const image = digestOf("image")
const cosign3 = signedEnvelope(image)
const cosign2 = signed(simpleSigning(image))

let workspace: Workspace
let desk: MessageDesk

beforeAll(async () => {
  workspace = await openWorkspace()
  for (const each of [signed("other"), cosign3, cosign2, signed(commit)]) {
    await workspace.served.log.add(proposeEntry(logging(each)))
  }
})

afterAll(() => workspace.close())

beforeEach(() => {
  desk = openMessageDesk()
})

function attach(...words: readonly string[]): Promise<Ran> {
  return run(["attach", "--log", workspace.url, ...words], { fetch: desk.fetch })
}

const bundle = (stated = [{ index: 1 }]) => bundleOf(cosign3.envelope, stated)

describe("countersign attach", () => {
  test("gives the log what a bundle's entry was made over, and says what the log said", async () => {
    const file = workspace.write("good.json", bundle())
    expect(await attach("--bundle", file)).toEqual({
      code: 0,
      err: "",
      out: `${file}: dsse of entry 1: taken\n`,
    })
    expect(await attach("--bundle", file)).toMatchObject({
      code: 0,
      out: `${file}: dsse of entry 1: known\n`,
    })
    expect(desk.given[0]).toBe(`/v1/entries/1/message ${cosign3.message.toString()}`)
  })

  test("searches for the entry of a bundle that is of another log", async () => {
    const file = workspace.write("elsewhere.json", bundle([{ index: 0 }, { index: 70_000 }]))
    const { code, out } = await attach("--bundle", file, "--json")
    expect(code).toBe(0)
    expect(JSON.parse(out)).toMatchObject({
      source: file,
      form: "dsse",
      index: 1,
      isAttached: true,
    })
  })

  test("takes many bundles, also one a line, and names the bad ones by file", async () => {
    const good = workspace.write("good.json", `${bundle()}\n${bundle([])}\n`)
    const bad = workspace.write("bad.json", "{}")
    const { code, out, err } = await attach("--bundle", bad, good, "no-such-file.json")
    expect(code).toBe(1)
    expect(out).toBe(`${good}: dsse of entry 1: taken\n${good}: dsse of entry 1: known\n`)
    expect(err).toContain(`${bad}: bundle: expected`)
    expect(err).toContain("no-such-file.json")
  })

  test.each([
    ["an envelope", "--envelope", () => JSON.stringify(cosign3.envelope), 1, cosign3.message],
    ["a message", "--message", () => cosign2.message, 2, cosign2.message],
  ] as const)(
    "takes %s, whose entry is named or searched for",
    async (_name, flag, content, index, sent) => {
      const file = workspace.write("thing", content())
      expect(await attach(flag, file)).toMatchObject({ code: 0 })
      expect(await attach(flag, file, "--index", "7")).toMatchObject({ code: 0 })
      expect(desk.given).toEqual(
        [index, 7].map((at) => `/v1/entries/${at}/message ${sent.toString()}`),
      )
    },
  )

  test("takes a commit by its ID", async () => {
    expect(await attach("--commit", commit)).toMatchObject({ code: 0 })
    expect(desk.given).toEqual([`/v1/entries/3/message ${commit}`])
    expect(await attach("--commit", "main")).toMatchObject({ code: 1 })
  })

  test("gives monitors the same, with the origin of the log", async () => {
    const file = workspace.write("good.json", bundle())
    const { code, out } = await attach("--bundle", file, "--monitor", "http://monitor.example")
    expect(code).toBe(0)
    expect(out).toContain("taken; http://monitor.example: taken")
    expect(desk.given[1]).toMatch(/^\/messages\?origin=[^&]+&index=1 DSSEv1/)
  })

  test("of a signature over an artifact has nothing to give", async () => {
    const content = { messageSignature: { signature: "AAAA" }, verificationMaterial: {} }
    const file = workspace.write("blob.json", JSON.stringify(content))
    expect(await attach("--bundle", file)).toMatchObject({ code: 0 })
    expect(desk.given).toEqual([])
  })

  test("says so if the log has another signature over the same, or none at all", async () => {
    const signatures = [{ sig: signed(cosign3.message).signature }]
    const again = workspace.write("again.json", bundleOf({ ...cosign3.envelope, signatures }))
    const ran = await attach("--bundle", again)
    expect(ran).toMatchObject({ code: 1, out: `${again}: dsse of entry 1: taken\n` })
    expect(ran.err).toContain("no entry of the log has this signature")
    const other = workspace.write("other.json", bundleOf(signedEnvelope(image, "other").envelope))
    expect(await attach("--bundle", other)).toMatchObject({ code: 1, out: "" })
  })

  test.each([
    [422, "mismatch", "the digests differ"],
    [413, "too-large", "too long"],
    [404, "not-found", "nothing at this path"],
    [410, "gone", "redacted"],
    [503, "try-later", "later"],
  ])("exits with 1 and the reason where the log answers %i", async (status, code, detail) => {
    desk.answer = () => problem(status, code, detail)
    const ran = await attach("--bundle", workspace.write("good.json", bundle()))
    expect(ran.code).toBe(1)
    expect(ran.out).toContain(detail)
  })

  test("wants to be told what to attach", async () => {
    expect(await attach()).toMatchObject({ code: 2 })
    const file = workspace.write("good.json", bundle())
    expect(await attach("--bundle", file, "--index", "1")).toMatchObject({ code: 2 })
  })
})

describe("countersign attach --image", () => {
  const repository = "acme/app"
  let registry: FakeRegistry
  let target: string

  beforeEach(async () => {
    registry = await openFakeRegistry()
    target = putManifest(registry, repository, [{ content: "image", mediaType: "text/x" }], {
      tag: "1",
    })
  })

  afterEach(() => registry.close())

  test("gives everything that signs the image in its registry, by digest and by tag", async () => {
    putReferrer(registry, repository, target, [{ content: bundle(), mediaType: BUNDLE }])
    const annotations = { "dev.cosignproject.cosign/signature": cosign2.signature }
    const layer = { content: cosign2.message, mediaType: SIMPLE_SIGNING, annotations }
    putManifest(registry, repository, [layer], { tag: tagFor(target, ".sig") })
    for (const reference of [`@${target}`, ":1"]) {
      const { code, out } = await attach("--image", `${registry.host}/${repository}${reference}`)
      expect(code).toBe(0)
      expect(out).toContain("dsse of entry 1")
      expect(out).toContain("simple-signing of entry 2")
    }
    const sent = desk.given.map((line) => line.split(" ", 1)[0])
    expect(new Set(sent)).toEqual(new Set(["/v1/entries/1/message", "/v1/entries/2/message"]))
  })

  test("exits with 1 if there are no signatures, none that is logged, or no image", async () => {
    const name = `${registry.host}/${repository}@${target}`
    expect((await attach("--image", name)).err).toContain("found none")
    const jws = JSON.stringify({ payload: "e30", protected: "e30", signature: "AA" })
    putReferrer(registry, repository, target, [
      { content: jws, mediaType: "application/jose+json" },
    ])
    const notation = await attach("--image", name)
    expect(notation.code).toBe(1)
    expect(notation.err).toContain("cannot be logged")
    expect(await attach("--image", `${registry.host}/acme/none:1`)).toMatchObject({ code: 1 })
  })

  test("takes only names that say where the image is", async () => {
    for (const name of ["app@sha256:00", "acme/app:1", `${registry.host}/App:1`]) {
      const { code, err } = await attach("--image", name)
      expect(code).toBe(1)
      expect(err).toContain("expected HOST/REPOSITORY")
    }
  })
})

describe("countersign attach --image with a registry that wants to know who asks", () => {
  let registry: FakeRegistry
  let name: string

  beforeEach(async () => {
    registry = await openFakeRegistry()
    const target = putManifest(registry, "acme/app", [{ content: "image", mediaType: "text/x" }])
    putReferrer(registry, "acme/app", target, [{ content: bundle(), mediaType: BUNDLE }])
    name = `${registry.host}/acme/app@${target}`
  })

  afterEach(() => registry.close())

  test("shows it the credentials of the file that is named", async () => {
    const auth = Buffer.from("reader:word").toString("base64")
    const auths = { [registry.host]: { auth } }
    registry.front = (request, response) => {
      if (request.headers.authorization === `Basic ${auth}`) return false
      response.writeHead(401, { "www-authenticate": "Basic" }).end()
      return true
    }
    const config = workspace.write("config.json", JSON.stringify({ auths }))
    expect(await attach("--image", name, "--registry-config", config)).toMatchObject({ code: 0 })
    const without = await attach("--image", name)
    expect(without.code).toBe(1)
    expect(without.err).toContain("--registry-config")
  })

  test("goes to another address only if it is told so", async () => {
    const elsewhere = name.replace(registry.host, "registry.example")
    expect(await attach("--image", elsewhere, "--registry", registry.url)).toMatchObject({
      code: 0,
    })
    expect(registry.asked.length).toBeGreaterThan(0)
  })
})
