import { describe, expect, it } from "vitest"
import type { Fetch } from "../../src/client/exchange.ts"
import { createLogClient, type LogClient } from "../../src/client/log-client.ts"
import { type Refusal, Trouble } from "../../src/core/base/errors.ts"
import { asHash } from "../../src/core/tree/hash.ts"
import type { EntryRequest } from "../../src/entry/kinds/registry.ts"

const hash = "ab".repeat(32)
const inclusionProof = { index: 1, size: 2, root: hash, hashes: [hash] }
const receipt = {
  index: 1,
  leafHash: hash,
  body: "Ym9keQ==",
  isNew: true,
  inclusionProof,
  checkpoint: "c",
}
const request: EntryRequest = { kind: "hashedrekord", digest: "d", signature: "s" }

interface Call {
  readonly url: string
  readonly init: RequestInit
}

function answering(answer: (call: Call) => Response | Promise<Response>) {
  const calls: Call[] = []
  const fetch: Fetch = async (url, init = {}) => {
    const call = { url: String(url), init: init as RequestInit }
    calls.push(call)
    return await answer(call)
  }
  return { calls, fetch }
}

function clientOf(answer: (call: Call) => Response | Promise<Response>): LogClient {
  return createLogClient({ url: "https://log.example/base", fetch: answering(answer).fetch })
}

function json(value: unknown, status = 200): Response {
  return Response.json(value, { status })
}

function problem(status: number, code: string, detail = "why"): Response {
  const headers = { "content-type": "application/problem+json" }
  return new Response(JSON.stringify({ code, detail, status }), { status, headers })
}

async function refused(client: Promise<unknown>, code: string): Promise<Error> {
  const error = await client.then(
    () => expect.fail("expected an error"),
    (thrown: unknown) => thrown as Refusal,
  )
  expect({ name: error.name, code: error.code }).toEqual({
    name: code === "network" ? "Trouble" : "Refusal",
    code,
  })
  return error
}

describe("createLogClient()", () => {
  it.each([
    "log.example",
    "ftp://log.example",
    "https://u:p@log.example",
    "https://log.example/?q",
    "",
  ])("refuses the URL %j", (url) => {
    expect(() => createLogClient({ url })).toThrow("log URL")
  })

  it("asks below the base URL, with or without a final slash, and never follows a redirect", async () => {
    for (const url of ["https://log.example/base", "https://log.example/base/"]) {
      const { calls, fetch } = answering(() => new Response("note"))
      await createLogClient({ url, fetch }).checkpoint()
      expect(calls[0]?.url).toBe("https://log.example/base/checkpoint")
      expect(calls[0]?.init.redirect).toBe("manual")
    }
  })

  it("asks for everything under the paths of the contract", async () => {
    const { calls, fetch } = answering(({ url }) =>
      url.includes("consistency")
        ? json({ from: 1, to: 2, hashes: [hash] })
        : url.endsWith("/v1/head")
          ? json({
              origin: "o",
              treeId: "1",
              size: 2,
              root: hash,
              time: "t",
              checkpoint: "c",
              vkeys: ["k"],
            })
          : url.endsWith("/1")
            ? json({ index: 1, leafHash: hash, body: "YQ==", time: "t" })
            : url.includes("roof") && !url.includes("tlog")
              ? json({ index: 1, leafHash: hash, inclusionProof })
              : new Response("text"),
    )
    const log = createLogClient({ url: "https://log.example", fetch })
    const leaf = asHash(new Uint8Array(32).fill(0xab))
    expect(await log.entry(1)).toMatchObject({ index: 1, leafHash: leaf, time: "t" })
    expect((await log.inclusion(1)).proof).toMatchObject({ index: 1, size: 2, hashes: [leaf] })
    await log.inclusion(1, 2)
    await log.inclusionOf(leaf, 2)
    expect(await log.consistency(1, 2)).toEqual([leaf])
    expect(await log.treeHead()).toMatchObject({ size: 2, keys: ["k"] })
    expect(await log.bundle(1)).toBe("text")
    expect(await log.tlogProof(1)).toBe("text")
    expect(await log.trustedRoot()).toBe("text")
    expect(await log.tile({ kind: "tile", level: 0, index: 1067, width: 8 })).toHaveLength(4)
    expect(calls.map(({ url }) => url.replace("https://log.example/", ""))).toEqual([
      "v1/entries/1",
      "v1/entries/1/proof",
      "v1/entries/1/proof?size=2",
      `v1/proofs/inclusion?leafHash=${hash}&size=2`,
      "v1/proofs/consistency?from=1&to=2",
      "v1/head",
      "v1/entries/1/bundle",
      "v1/entries/1/tlog-proof",
      "v1/trusted-root.json",
      "tile/0/x001/067.p/8",
    ])
  })

  it("reads the newest head of a log that has it under its older name", async () => {
    const head = { origin: "o", treeId: "1", size: 2, root: hash, time: "t", checkpoint: "c" }
    const { calls, fetch } = answering(({ url }) =>
      url.endsWith("/v1/tree-head") ? json({ ...head, keys: ["k"] }) : problem(404, "not-found"),
    )
    const log = createLogClient({ url: "https://log.example", fetch })
    expect(await log.treeHead()).toMatchObject({ size: 2, keys: ["k"] })
    expect(calls.map(({ url }) => url.replace("https://log.example/", ""))).toEqual([
      "v1/head",
      "v1/tree-head",
    ])
  })

  it("asks for no older name when the log refuses for another reason", async () => {
    const { calls, fetch } = answering(() => problem(503, "try-later"))
    await refused(createLogClient({ url: "https://log.example", fetch }).treeHead(), "try-later")
    expect(calls).toHaveLength(1)
  })

  it("submits one request as JSON and reads the receipt", async () => {
    const { calls, fetch } = answering(() => json(receipt, 201))
    const found = await createLogClient({ url: "https://log.example", fetch }).submit(request)
    expect(found).toMatchObject({ index: 1, isNew: true, checkpoint: "c" })
    expect(calls[0]?.init).toMatchObject({
      method: "POST",
      body: JSON.stringify(request),
      headers: { "content-type": "application/json" },
    })
  })

  it("submits a batch as lines and reads one outcome for each, refusals among them", async () => {
    const lines = [
      { status: 201, ...receipt },
      { status: 422, problem: { code: "bad-signature", detail: "no" } },
      { status: 503, problem: { code: "trouble", detail: "busy" } },
    ]
    const { calls, fetch } = answering(
      () => new Response(lines.map((line) => `${JSON.stringify(line)}\n`).join("")),
    )
    const client = createLogClient({ url: "https://log.example", fetch })
    const outcomes = await client.submitBatch([request, request, request])
    expect(outcomes[0]).toMatchObject({ receipt: { index: 1 } })
    expect(outcomes[1]).toMatchObject({ error: { code: "bad-signature" } })
    expect(outcomes[2]).toMatchObject({ error: expect.any(Trouble) })
    expect(calls[0]?.init.body).toBe(`${JSON.stringify(request)}\n`.repeat(3))
    await refused(client.submitBatch([request]), "malformed")
    await refused(client.submitBatch(Array(1001).fill(request)), "too-large")
  })

  it("refuses answers that are about something else", async () => {
    const entry = { index: 2, leafHash: hash, body: "YQ==", time: "t" }
    await refused(clientOf(() => json(entry)).entry(1), "mismatch")
    const inclusion = { leafHash: hash, inclusionProof }
    await refused(clientOf(() => json(inclusion)).inclusion(2), "mismatch")
    await refused(clientOf(() => json(inclusion)).inclusion(1, 3), "mismatch")
    const consistency = { from: 1, to: 3, hashes: [] }
    await refused(clientOf(() => json(consistency)).consistency(1, 2), "mismatch")
  })

  it("refuses answers that are malformed", async () => {
    for (const answer of [
      "",
      "[]",
      "{}",
      '{"index":-1}',
      JSON.stringify({ ...receipt, body: "?" }),
    ]) {
      await refused(clientOf(() => new Response(answer)).submit(request), "malformed")
      await refused(clientOf(() => new Response(answer)).entry(1), "malformed")
    }
    await refused(clientOf(() => new Response(Uint8Array.of(255))).checkpoint(), "malformed")
  })

  it("throws the log's own code and the detail with control characters made visible", async () => {
    const error = await refused(
      clientOf(() => problem(404, "beyond-tree", "not\u001b[2J so large")).entry(1),
      "beyond-tree",
    )
    expect(error.message).toBe("the log answers 404: not\\u001b[2J so large")
  })

  it("maps what has no code by its status", async () => {
    const text = (status: number) => clientOf(() => new Response("sorry", { status })).checkpoint()
    await refused(text(404), "not-found")
    await refused(text(413), "too-large")
    await refused(text(429), "try-later")
    await refused(text(400), "malformed")
    await refused(text(500), "network")
    await refused(text(503), "network")
    await refused(clientOf(() => problem(500, "bug")).entry(1), "network")
    await refused(clientOf(() => problem(422, "of-tomorrow")).entry(1), "malformed")
  })

  it("stops reading an answer that is too long", async () => {
    let sent = 0
    const endless = () =>
      new ReadableStream<Uint8Array>({
        pull(controller) {
          sent += 65_536
          controller.enqueue(new Uint8Array(65_536))
        },
      })
    await refused(clientOf(() => new Response(endless())).checkpoint(), "too-large")
    const tile = { kind: "tile", level: 0, index: 0, width: 2 } as const
    await refused(clientOf(() => new Response(endless())).tile(tile), "too-large")
    await refused(clientOf(() => new Response(endless(), { status: 400 })).entry(1), "too-large")
    expect(sent).toBeLessThan(4_000_000)
  })

  it("turns a network's failure into trouble with the reason", async () => {
    const fetch: Fetch = () =>
      Promise.reject(new TypeError("fetch failed", { cause: new Error("ECONNREFUSED") }))
    const log = createLogClient({ url: "https://log.example", fetch })
    const error = await refused(log.checkpoint(), "network")
    expect(error.message).toContain("ECONNREFUSED")
  })

  it("ends a request that takes too long, and all of them when its signal fires", async () => {
    const hanging: Fetch = (_url, init) =>
      new Promise((_resolve, reject) => {
        init?.signal?.addEventListener("abort", () => reject(init.signal?.reason))
      })
    const slow = createLogClient({ url: "https://log.example", fetch: hanging, timeout: 5 })
    await refused(slow.checkpoint(), "network")
    const controller = new AbortController()
    const { signal } = controller
    const log = createLogClient({ url: "https://log.example", fetch: hanging, signal })
    const asked = log.checkpoint()
    controller.abort(new Error("enough"))
    await expect(asked).rejects.toThrow("enough")
  })

  describe("messages:", () => {
    const message = new TextEncoder().encode("what was signed")
    const digest = "sha256:ae13b2a1ac3e2dd4b0ae0d1a4b9bdaa1"
    const attached = { digest, form: "payload", sequence: 7, isNew: true, attachedUpTo: 6 }
    const listed = (sequence: number) => ({ sequence, digest, form: "payload", index: 1, size: 15 })

    it("attaches bytes as they are, and gives what became of them", async () => {
      const { calls, fetch } = answering(() => json({ ...attached, more: 1 }, 201))
      const log = createLogClient({ url: "https://log.example", fetch })
      expect(await log.attach(3, message)).toEqual(attached)
      const [{ url, init } = expect.fail("no call")] = calls
      expect(url).toBe("https://log.example/v1/entries/3/message")
      expect(init).toMatchObject({
        method: "POST",
        body: message,
        headers: { "content-type": "application/octet-stream" },
      })
    })

    it("throws what the log says against one", async () => {
      await refused(clientOf(() => problem(410, "gone")).attach(1, message), "gone")
      await refused(clientOf(() => new Response("", { status: 410 })).attach(1, message), "gone")
      await refused(clientOf(() => problem(422, "mismatch")).attach(1, message), "mismatch")
      await refused(clientOf(() => problem(403, "not-allowed")).attach(1, message), "not-allowed")
    })

    it("takes a message for a digest only if it has that", async () => {
      const { subtle } = globalThis.crypto
      const hash = Buffer.from(await subtle.digest("SHA-256", message)).toString("hex")
      const { calls, fetch } = answering(() => new Response(message))
      const log = createLogClient({ url: "https://log.example", fetch })
      expect(await log.message(`sha256:${hash}`)).toEqual(message)
      expect(calls[0]?.url).toBe(`https://log.example/v1/messages/sha256%3A${hash}`)
      await refused(log.message(`sha256:${"0".repeat(64)}`), "mismatch")
      await refused(log.message("sha256:00"), "mismatch")
      expect(await log.messageOf(4)).toEqual(message)
    })

    it("gives the list in pages, and refuses one that leads back", async () => {
      const page = { messages: [listed(4), listed(6)], next: 6, attachedUpTo: 9 }
      const { calls, fetch } = answering(() => json(page))
      const log = createLogClient({ url: "https://log.example", fetch })
      expect(await log.messages({ after: 3, limit: 2 })).toEqual(page)
      expect(calls[0]?.url).toBe("https://log.example/v1/messages?after=3&limit=2")
      await refused(log.messages({ after: 4 }), "malformed")
      const falling = { messages: [listed(6), listed(4)], attachedUpTo: 9 }
      await refused(clientOf(() => json(falling)).messages(), "malformed")
      await refused(clientOf(() => json({ ...page, next: 5 })).messages(), "malformed")
      await refused(clientOf(() => json({ messages: [] })).messages(), "malformed")
    })
  })

  it("says what the log cannot know, if the log says it", async () => {
    const found = { completeUpTo: 5, checkpoint: undefined }
    const opaque = { count: 3, upTo: 5 }
    const told = { opaque, attachedUpTo: 2, attachedNext: 1 }
    for (const known of [{}, told]) {
      const answer = { entries: [], attestations: [], ...found, ...known }
      const log = clientOf(() => json(answer))
      expect(await log.search({ opaque: true })).toEqual({
        entries: [],
        completeUpTo: 5,
        size: 5,
        ...known,
      })
      expect(await log.artifact("sha256:00")).toMatchObject(known)
    }
    const { calls, fetch } = answering(() => json({ entries: [], ...found, ...told }))
    const log = createLogClient({ url: "https://log.example", fetch })
    await log.search({ opaque: true, key: "sha256:1" }, { attachedAfter: 1 })
    const { searchParams } = new URL(calls[0]?.url ?? "")
    expect(Object.fromEntries(searchParams)).toEqual({
      opaque: "true",
      key: "sha256:1",
      attachedAfter: "1",
    })
    await refused(
      clientOf(() => json({ entries: [], ...found, opaque: { count: -1, upTo: 1 } })).search({}),
      "malformed",
    )
  })
})
