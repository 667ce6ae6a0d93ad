// `countersign bridge registry --once` over a registry in this process and a log that has only digests.
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest"
import { proposeEntry } from "../../../src/entry/kinds/request.ts"
import { lockDataDirectory } from "../../../src/storage/disk/process-lock.ts"
import {
  bundleOf,
  logging,
  type Signed,
  signed,
  signedEnvelope,
  simpleSigning,
} from "../../client/messages/signed.ts"
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
} from "../../client/registry/fake-registry.ts"
import { lying, type Ran, run } from "../command/fake-terminal.ts"
import { type MessageDesk, openMessageDesk, problem } from "../message-desk.ts"
import { openWorkspace, type Workspace } from "../workspace.ts"

const NAME = "acme/app"
const content: Layer = { content: "content", mediaType: "application/octet-stream" }

let workspace: Workspace
let registry: FakeRegistry
let desk: MessageDesk
let data: string
let image: string
let count = 0

beforeAll(async () => {
  workspace = await openWorkspace()
})

afterAll(() => workspace.close())

beforeEach(async () => {
  registry = await openFakeRegistry()
  desk = openMessageDesk()
  count += 1
  data = workspace.path(`bridge-${count}`)
  image = putManifest(registry, NAME, [content], { tag: "1" })
})

afterEach(() => registry.close())

async function logged<T extends Signed>(thing: T): Promise<T> {
  await workspace.served.log.add(proposeEntry(logging(thing)))
  return thing
}

/** A signature of cosign 3 that the log has, as a referrer; gives the digest of its manifest. */
async function signImage(note: string, subject = image, isListed = true): Promise<string> {
  const { envelope } = await logged(signedEnvelope(subject, `${count} ${note}`))
  const layer = { content: bundleOf(envelope), mediaType: BUNDLE }
  return putReferrer(registry, NAME, subject, [layer], { isListed })
}

function legacyLayer({ message, signature }: Signed): Layer {
  const annotations = { "dev.cosignproject.cosign/signature": signature }
  return { content: message, mediaType: SIMPLE_SIGNING, annotations }
}

function bridge(...words: readonly string[]): Promise<Ran> {
  const where = ["--url", registry.url, "--log", workspace.url, "--data", data]
  return run(["bridge", "registry", ...where, "--repos", "acme/**", "--once", ...words], desk)
}

async function findings(...words: readonly string[]) {
  const { code, out } = await bridge("--json", ...words)
  const lines = out
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, string>)
  return { code, found: lines.slice(0, -1), last: lines.at(-1) as Record<string, unknown> }
}

/** Takes a referrer out of the fallback tag, as a client does that wrote the tag at the same time. */
function unlist(digest: string): void {
  const { manifests, tags } = registry.repository(NAME)
  const bytes = manifests.get(tags.get(tagFor(image)) ?? "")?.bytes.toString() ?? "{}"
  const listed = (JSON.parse(bytes).manifests as { digest: string }[]).map((each) => each.digest)
  putIndex(
    registry,
    NAME,
    listed.filter((each) => each !== digest),
    tagFor(image),
  )
}

describe("a bridge to a registry", () => {
  test("gives the log what its entries were made over, once", async () => {
    await signImage("one")
    const legacy = await logged(signed(simpleSigning(image, `${count}`)))
    putManifest(registry, NAME, [legacyLayer(legacy)], { tag: tagFor(image, ".sig") })
    const ran = await bridge()
    expect(ran).toMatchObject({ code: 0, out: "" })
    expect(ran.err).toContain("findings: 0; repositories walked whole: 1; nothing left undone")
    expect(desk.given).toHaveLength(2)
    registry.asked.length = 0
    expect(await bridge()).toMatchObject({ code: 0 })
    expect(desk.given).toHaveLength(2)
    // What is known is not fetched again; that its manifest is there is.
    expect(registry.asked.filter((each) => each.includes("/blobs/"))).toEqual([])
  })

  test("gives monitors the same, also one that is added later", async () => {
    await signImage("one")
    await bridge()
    expect(await bridge("--monitor", "http://monitor.example")).toMatchObject({ code: 0 })
    expect(desk.given.map((line) => line.split(" ", 1)[0])).toEqual([
      expect.stringContaining("/v1/entries/"),
      expect.stringContaining("/messages?origin="),
    ])
  })

  test("walks only repositories that were named", async () => {
    putManifest(registry, "other/app", [content], { tag: "1" })
    await bridge()
    expect(registry.asked.filter((each) => each.includes("/v2/other/"))).toEqual([])
  })

  test("finds signatures that are kept in another repository", async () => {
    registry.hasReferrers = true
    const { envelope } = await logged(signedEnvelope(image, `${count} elsewhere`))
    putReferrer(registry, "store/signatures", image, [
      { content: bundleOf(envelope), mediaType: BUNDLE },
    ])
    await bridge("--also-signatures-in", "store/signatures")
    expect(desk.given).toHaveLength(1)
  })

  test("says which signatures no log takes", async () => {
    const jws = JSON.stringify({ payload: "e30", protected: "e30", signature: "AA" })
    putReferrer(registry, NAME, image, [{ content: jws, mediaType: "application/jose+json" }])
    const { code, err } = await bridge()
    expect(code).toBe(0)
    expect(err).toContain("cannot be logged")
  })
})

describe("unlogged-signature", () => {
  async function putUnlogged(stated: readonly { index: number }[] = []): Promise<void> {
    const { envelope } = signedEnvelope(image, `${count} unlogged`)
    putReferrer(registry, NAME, image, [{ content: bundleOf(envelope, stated), mediaType: BUNDLE }])
  }

  test("is a signature that the log does not have, until it has it", async () => {
    await putUnlogged()
    const { code, found, last } = await findings()
    expect({ code, isWhole: last["isWhole"] }).toEqual({ code: 2, isWhole: true })
    expect(found).toMatchObject([
      { kind: "unlogged-signature", repository: NAME, subject: image, isAccepted: false },
    ])
    expect((await findings()).found[0]?.["id"]).toBe(found[0]?.["id"])
  })

  test("goes away once the signature is logged", async () => {
    const late = signedEnvelope(image, `${count} late`)
    putReferrer(registry, NAME, image, [{ content: bundleOf(late.envelope), mediaType: BUNDLE }])
    expect((await findings()).code).toBe(2)
    await logged(late)
    expect(await findings()).toMatchObject({ code: 0, found: [] })
  })

  test("is not explained by an entry that only the bundle claims", async () => {
    await signImage("honest")
    await putUnlogged([{ index: 0 }])
    expect((await findings()).found).toMatchObject([{ kind: "unlogged-signature" }])
  })

  test("is not explained by another's entry over the same bytes", async () => {
    const own = await logged(signed(simpleSigning(image, `${count} both`)))
    const stolen = signed(own.message)
    const layers = [legacyLayer(own), legacyLayer(stolen)]
    putManifest(registry, NAME, layers, { tag: tagFor(image, ".sig") })
    expect((await findings()).found).toHaveLength(1)
  })

  test("counts no more once it is accepted by its ID", async () => {
    await putUnlogged()
    const { found } = await findings()
    const accepted = await findings("--accept", found[0]?.["id"] ?? "")
    expect(accepted).toMatchObject({ code: 0, found: [{ isAccepted: true }] })
  })

  test("is not said while the log's search is behind, and that is said", async () => {
    await putUnlogged()
    desk = {
      ...desk,
      fetch: lying(/\/v1\/entries\?/, (answer) => ({ ...answer, completeUpTo: 0 })),
    }
    const { code, found, last } = await findings()
    expect({ code, found }).toEqual({ code: 1, found: [] })
    expect(JSON.stringify(last)).toContain("search is behind")
  })

  test("is not said while the log does not answer, and that is said", async () => {
    await putUnlogged()
    const { fetch } = desk
    desk.answer = () => problem(503, "try-later", "busy")
    desk = {
      ...desk,
      fetch: (input, init) =>
        /\/v1\/entries/.test(String(input))
          ? Promise.reject(new Error("down"))
          : fetch(input, init),
    }
    expect(await findings()).toMatchObject({ code: 1, found: [] })
  })

  test("is an entry whose proof does not hold as little", async () => {
    await signImage("one")
    const wrong = (answer: Record<string, unknown>) => {
      const proof = answer["inclusionProof"] as Record<string, unknown>
      return { ...answer, inclusionProof: { ...proof, root: "00".repeat(32) } }
    }
    desk = { ...desk, fetch: lying(/\/proof\?/, wrong) }
    expect(await findings("--policy", workspace.policy)).toMatchObject({ code: 1, found: [] })
  })
})

test("a signature over the image itself is found by the digest of the image", async () => {
  const { manifests } = registry.repository(NAME)
  const own = await logged(signed(manifests.get(image)?.bytes ?? ""))
  const messageSignature = { signature: own.signature }
  const content = JSON.stringify({ messageSignature, verificationMaterial: { publicKey: {} } })
  putReferrer(registry, NAME, image, [{ content, mediaType: BUNDLE }])
  expect(await findings()).toMatchObject({ code: 0, found: [] })
  expect(desk.given).toEqual([])
})

describe("lost-referrer", () => {
  test.each([true, false])(
    "is what was there and is gone, with the API: %s",
    async (hasReferrers) => {
      registry.hasReferrers = hasReferrers
      const [, lost] = [await signImage("kept"), await signImage("lost")]
      expect((await findings()).code).toBe(0)
      if (!hasReferrers) unlist(lost)
      else registry.repository(NAME).manifests.delete(lost)
      const { code, found } = await findings()
      expect({ code, found }).toMatchObject({
        code: 2,
        found: [{ kind: "lost-referrer", repository: NAME, subject: image, place: lost }],
      })
      expect((await findings()).found[0]?.["since"]).toBe(found[0]?.["since"])
    },
  )

  test.each([true, false])("is put back from copies, with the API: %s", async (hasReferrers) => {
    registry.hasReferrers = hasReferrers
    const [kept, lost] = [await signImage("kept"), await signImage("lost")]
    await bridge()
    if (!hasReferrers) unlist(lost)
    const { manifests } = registry.repository(NAME)
    const before = manifests.get(lost)?.bytes
    manifests.delete(lost)
    registry.blobs.clear()
    const { code, err } = await bridge("--push-back")
    expect(code).toBe(2)
    expect(err).toContain(`put back ${lost}`)
    expect(manifests.get(lost)?.bytes).toEqual(before)
    expect(registry.blobs.size).toBeGreaterThan(1)
    expect(manifests.has(kept)).toBe(true)
    expect(await findings()).toMatchObject({ code: 0, found: [] })
  })

  test("is a layer under cosign's tag too, and is put back beside the others", async () => {
    const [one, two] = [
      await logged(signed(simpleSigning(image, `${count} 1`))),
      await logged(signed(simpleSigning(image, `${count} 2`))),
    ]
    const tag = tagFor(image, ".sig")
    putManifest(registry, NAME, [one, two].map(legacyLayer), { tag })
    await bridge()
    putManifest(registry, NAME, [legacyLayer(two)], { tag })
    expect((await findings()).found).toMatchObject([{ kind: "lost-referrer" }])
    expect((await bridge("--push-back")).err).toContain("put back sig sha256:")
    expect(await findings()).toMatchObject({ code: 0, found: [] })
    registry.repository(NAME).tags.delete(tag)
    await bridge("--push-back")
    expect(await findings()).toMatchObject({ code: 0, found: [] })
  })

  test("is not said of what went with its image", async () => {
    const digest = await signImage("one")
    await bridge()
    const { manifests, tags } = registry.repository(NAME)
    for (const each of [digest, image]) manifests.delete(each)
    tags.clear()
    const { code, err } = await bridge()
    expect(code).toBe(0)
    expect(err).toContain("the image is gone")
  })

  test("is not said after a walk that missed something, and nothing is forgotten by it", async () => {
    const lost = await signImage("lost")
    putManifest(registry, NAME, [{ ...content, content: "2" }], { tag: "2" })
    await bridge()
    unlist(lost)
    registry.front = (request, response) => {
      if (request.url?.endsWith("/manifests/2") !== true) return false
      response.writeHead(500).end()
      return true
    }
    expect(await findings()).toMatchObject({ code: 1, found: [] })
    registry.front = () => false
    expect(await findings()).toMatchObject({ code: 2, found: [{ kind: "lost-referrer" }] })
  })

  test("is still there after an outage, which is reported", async () => {
    const lost = await signImage("lost")
    await bridge()
    unlist(lost)
    expect((await findings()).code).toBe(2)
    registry.front = (_request, response) => {
      response.writeHead(503).end()
      return true
    }
    const outage = await findings()
    expect(outage).toMatchObject({ code: 2, found: [{ kind: "lost-referrer" }] })
    expect(outage.last).toMatchObject({ isWhole: false, whole: [] })
    registry.front = () => false
    expect((await findings()).code).toBe(2)
  })
})

describe("a bridge that cannot do all of its work says so", () => {
  test.each([
    ["a pattern that no repository fits", ["--repos", "none/**"]],
    ["a repository that is not there", ["--repos", "acme/none"]],
  ])("of %s", async (_name, words) => {
    const { code, found, last } = await findings(...words)
    expect({ code, found, isWhole: last["isWhole"] }).toEqual({
      code: 1,
      found: [],
      isWhole: false,
    })
  })

  test("of a registry that lists nothing, though named repositories are walked", async () => {
    await signImage("one")
    registry.front = (request, response) => {
      if (request.url?.startsWith("/v2/_catalog") !== true) return false
      response.writeHead(401).end()
      return true
    }
    const { code, last } = await findings("--repos", NAME)
    expect(code).toBe(1)
    expect(last["whole"]).toEqual([NAME])
    const named = ["--url", registry.url, "--log", workspace.url, "--data", data, "--repos", NAME]
    expect(await run(["bridge", "registry", ...named, "--once"], desk)).toMatchObject({ code: 0 })
  })

  test("of a log that does not take messages, and gives them the next time", async () => {
    await signImage("one")
    desk.answer = () => problem(404, "not-found", "no such path")
    expect((await findings()).code).toBe(1)
    delete desk.answer
    expect((await findings()).code).toBe(0)
    expect(desk.given).toHaveLength(2)
  })

  test("of a signature that it cannot read", async () => {
    putReferrer(registry, NAME, image, [{ content: "{", mediaType: BUNDLE }])
    const { code, last } = await findings()
    expect(code).toBe(1)
    expect(JSON.stringify(last)).toContain("not readable")
  })

  test("of copies that have no room", async () => {
    const { envelope } = await logged(signedEnvelope(image, `${count} ${"x".repeat(1024 * 1024)}`))
    putReferrer(registry, NAME, image, [{ content: bundleOf(envelope), mediaType: BUNDLE }])
    const { code, last } = await findings("--copies", "1")
    expect(code).toBe(1)
    expect(JSON.stringify(last)).toContain("no room for copies")
  })

  test("but not of a message that was redacted", async () => {
    await signImage("one")
    desk.answer = () => problem(410, "gone", "redacted")
    expect((await findings()).code).toBe(0)
  })
})

describe("the memory of a bridge", () => {
  const stateFile = () => join(data, "bridge.json")

  test.each([
    ["changed", (text: string) => text.replace('"index":', '"index": ')],
    ["cut", (text: string) => text.slice(0, -10)],
    ["empty", () => ""],
    ["of nothing", (text: string) => text.replace(/\{[\s\S]*/, "{}\n")],
  ])("is refused by name if it is %s, and stays as it is", async (_name, damage) => {
    await signImage("one")
    await bridge()
    const damaged = damage(readFileSync(stateFile(), "utf8"))
    writeFileSync(stateFile(), damaged)
    const { code, err } = await bridge()
    expect(code).toBe(1)
    expect(err).toContain(`${stateFile()} is damaged`)
    expect(readFileSync(stateFile(), "utf8")).toBe(damaged)
  })

  test("is of one registry and one log", async () => {
    await bridge()
    const other = await openFakeRegistry()
    const words = ["--url", other.url, "--log", workspace.url, "--data", data, "--repos", NAME]
    const { code, err } = await run(["bridge", "registry", ...words, "--once"], desk)
    await other.close()
    expect(code).toBe(1)
    expect(err).toContain("give each its own --data")
  })

  test("is used by one process at a time", async () => {
    await bridge()
    const lock = lockDataDirectory(data)
    const { code, err } = await bridge()
    lock.release()
    expect(code).toBe(1)
    expect(err).toContain("in use by another process")
  })

  test("is worth nothing without its copies only for what is put back", async () => {
    const lost = await signImage("lost")
    await bridge()
    rmSync(join(data, "copies"), { recursive: true })
    unlist(lost)
    const { code, err } = await bridge("--push-back")
    expect(code).toBe(2)
    expect(err).toContain("is gone")
    expect(existsSync(stateFile())).toBe(true)
  })
})

test("a wrong command line of a bridge is not mistaken for findings", async () => {
  expect(await run(["bridge", "registry", "--once"], desk)).toMatchObject({ code: 64 })
  const words = ["--url", "http://r.example", "--log", workspace.url, "--data", data]
  expect(await run(["bridge", "registry", ...words], desk)).toMatchObject({ code: 64 })
})

test("a descriptor that is nested for ever is a fault, and not the end of the bridge", async () => {
  const { message, signature } = await logged(signed(simpleSigning(image, `${count}`)))
  const tag = tagFor(image, ".sig")
  putManifest(registry, NAME, [legacyLayer({ message, signature })], { tag })
  const { manifests, tags } = registry.repository(NAME)
  const text = manifests.get(tags.get(tag) ?? "")?.bytes.toString() ?? ""
  const deep = `${"[".repeat(100_000)}${"]".repeat(100_000)}`
  const bytes = Buffer.from(text.replace('"size"', `"platform":${deep},"size"`))
  manifests.set(tags.get(tag) ?? "", { type: "x", bytes })
  const { code, last } = await findings()
  expect(code).toBe(1)
  expect(last["isWhole"]).toBe(false)
})
