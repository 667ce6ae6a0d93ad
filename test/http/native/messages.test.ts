// Messages over HTTP: what is taken, what is refused and why, and what searches say before and after.
import { createHash, generateKeyPairSync, type KeyObject, sign } from "node:crypto"
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest"
import { utf8 } from "../../../src/core/base/bytes.ts"
import { dssePae } from "../../../src/entry/dsse.ts"
import { ask, submit } from "../client.ts"
import { post, V1 } from "../rekor-client.ts"
import { dsseV1, intotoV1 } from "../rekor-v1/submissions.ts"
import {
  openServedLog,
  type ServedLog,
  type ServedLogOptions,
  signedEnvelope,
  signedRequest,
} from "../served-log.ts"

const hex = (bytes: string | Uint8Array, hash = "sha256"): string =>
  createHash(hash).update(bytes).digest("hex")

const IN_TOTO = "application/vnd.in-toto+json"

/** What cosign 3 signs of an image. */
function statementOf(image: string): string {
  const subject = [{ digest: { sha256: image }, annotations: {} }]
  const type = "https://in-toto.io/Statement/v1"
  const predicateType = "https://sigstore.dev/cosign/sign/v1"
  return JSON.stringify({ _type: type, subject, predicateType, predicate: {} })
}

const paeOf = (image: string): Uint8Array => dssePae(IN_TOTO, utf8(statementOf(image)))

function spkiOf(key: KeyObject): string {
  return key.export({ type: "spki", format: "der" }).toString("base64")
}

/** A hashedrekord entry over these bytes by a new key, as cosign 3 sends it. */
function signedBytes(bytes: Uint8Array) {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" })
  return {
    kind: "hashedrekord",
    digest: `sha256:${hex(bytes)}`,
    signature: sign("sha256", bytes, privateKey).toString("base64"),
    publicKey: spkiOf(publicKey),
  }
}

interface Answered {
  readonly entries: readonly { readonly index: number }[]
  readonly signers?: readonly { readonly key: string; readonly entries: readonly number[] }[]
  readonly next?: number
  readonly completeUpTo: number
  readonly opaque: { readonly count: number; readonly upTo: number }
  readonly attachedUpTo: number
  readonly attachedNext?: number
}

function asked({ port }: ServedLog) {
  const answered = async (path: string): Promise<Answered> =>
    (await ask(port, path)).json() as Answered
  return {
    attach: (
      index: number | string,
      body: Uint8Array | string,
      type = "application/octet-stream",
    ) =>
      ask(port, `/v1/entries/${index}/message`, {
        method: "POST",
        headers: { "content-type": type },
        body,
      }),
    message: (index: number) => ask(port, `/v1/entries/${index}/message`),
    artifact: (digest: string) => answered(`/v1/artifacts/${digest}`),
    search: (query: string) => answered(`/v1/entries?${query}`),
    async add(request: object): Promise<number> {
      const reply = await submit(port, request)
      expect(reply.status).toBe(201)
      return (reply.json() as { readonly index: number }).index
    },
    async addV1(entry: object): Promise<number> {
      const reply = await post(port, V1, entry)
      expect(reply.status).toBe(201)
      const [value] = Object.values(reply.json() as Record<string, { readonly logIndex: number }>)
      return value?.logIndex ?? -1
    },
  }
}

async function opened(options: ServedLogOptions = {}) {
  const served = await openServedLog({
    ...options,
    limits: { messageBytes: 65_536, runEntries: 4, ...options.limits },
    config: { messageLimit: 65_536, ...options.config },
  })
  onTestFinished(() => served.close())
  return { served, ...asked(served) }
}

const indexesOf = ({ entries }: Answered): readonly number[] => entries.map(({ index }) => index)

describe("a signature of which the log has only a hash", () => {
  const image = hex("image")
  const digest = `sha256:${image}`

  test("is counted as opaque until its message is attached, and then is found by what that says", async () => {
    const { artifact, search, attach, add } = await opened()
    const request = signedBytes(paeOf(image))
    await add(request)
    expect(await artifact(digest)).toMatchObject({
      entries: [],
      completeUpTo: 1,
      opaque: { count: 1, upTo: 1 },
      attachedUpTo: 0,
    })
    const reply = await attach(0, paeOf(image))
    expect(reply.status).toBe(201)
    expect(reply.json()).toMatchObject({
      digest: request.digest,
      form: "dsse-pae",
      sequence: 1,
      isNew: true,
    })
    const after = await artifact(digest)
    expect(after).toMatchObject({ opaque: { count: 0, upTo: 1 }, attachedUpTo: 1 })
    expect(indexesOf(after)).toEqual([0])
    const key = `sha256:${hex(Buffer.from(request.publicKey, "base64"))}`
    expect(after.signers).toEqual([{ key, identities: [], entries: [0] }])
    const type = encodeURIComponent("https://sigstore.dev/cosign/sign/v1")
    expect(indexesOf(await search(`predicateType=${type}`))).toEqual([0])
    expect(indexesOf(await search(`subjectDigest=${digest}&key=${key}`))).toEqual([0])
    expect(indexesOf(await search(`subjectDigest=${digest}&key=sha256:${hex("x")}`))).toEqual([])
  })

  test("needs one message for all entries with its digest, older and newer ones", async () => {
    const { artifact, attach, message, add } = await opened()
    for (let i = 0; i < 6; i++) await add(signedBytes(paeOf(image)))
    await add(signedRequest("a file"))
    await attach(3, paeOf(image))
    for (let i = 0; i < 6; i++) await add(signedBytes(paeOf(image)))
    const found = await artifact(digest)
    expect(indexesOf(found)).toEqual([12, 11, 10, 9, 8, 7, 5, 4, 3, 2, 1, 0])
    expect(found.opaque).toEqual({ count: 1, upTo: 13 })
    expect((await message(12)).bytes).toEqual(Buffer.from(paeOf(image)))
    const again = await attach(11, paeOf(image))
    expect(again.status).toBe(200)
    expect(again.json()).toMatchObject({ sequence: 1, isNew: false })
  })

  test("is listed as opaque: all of them, by key, from both ends and in pages", async () => {
    const { search, attach, add } = await opened()
    const images = Array.from({ length: 9 }, (_, i) => hex(`image ${i}`))
    const requests = images.map((each) => signedBytes(paeOf(each)))
    for (const request of requests) await add(request)
    for (const index of [2, 3, 7]) await attach(index, paeOf(images[index] ?? ""))
    const expected = [0, 1, 4, 5, 6, 8]
    const all = await search("opaque=true")
    expect(indexesOf(all)).toEqual(expected)
    expect(all).toMatchObject({ opaque: { count: 6, upTo: 9 }, completeUpTo: 9, attachedUpTo: 3 })
    expect(indexesOf(await search("opaque=true&order=newest"))).toEqual(expected.toReversed())
    const first = await search("opaque=true&limit=4")
    expect([indexesOf(first), first.next]).toEqual([expected.slice(0, 4), 5])
    const second = await search("opaque=true&limit=4&after=5")
    expect([indexesOf(second), second.next]).toEqual([expected.slice(4), undefined])
    const keyOf = (index: number) =>
      `sha256:${hex(Buffer.from(requests[index]?.publicKey ?? "", "base64"))}`
    expect(indexesOf(await search(`opaque=true&key=${keyOf(4)}`))).toEqual([4])
    expect(indexesOf(await search(`opaque=true&key=${keyOf(3)}`))).toEqual([])
    expect(indexesOf(await search("opaque=true&kind=hashedrekord&limit=2"))).toEqual([0, 1])
  })
})

describe("an envelope", () => {
  const image = hex("image")
  const statement = statementOf(image)

  test("that is kept is not opaque; where none is kept it is, until its message comes", async () => {
    const keeping = await opened({ limits: { attachmentBytes: 4_096 } })
    await keeping.add(signedEnvelope(statement))
    expect((await keeping.search("kind=dsse")).opaque).toEqual({ count: 0, upTo: 1 })
    expect(indexesOf(await keeping.search("opaque=true"))).toEqual([])
    const { search, attach, message, add } = await opened()
    await add(signedEnvelope(statement))
    expect((await search("kind=dsse")).opaque).toEqual({ count: 1, upTo: 1 })
    expect(indexesOf(await search("opaque=true"))).toEqual([0])
    const reply = await attach(0, paeOf(image))
    expect(reply.status).toBe(201)
    // What the body has is the digest of the payload.
    expect(reply.json()).toMatchObject({ digest: `sha256:${hex(statement)}`, form: "dsse-pae" })
    expect((await search("kind=dsse")).opaque).toEqual({ count: 0, upTo: 1 })
    expect((await message(0)).bytes).toEqual(Buffer.from(paeOf(image)))
  })

  test.each([
    ["dsse 0.0.1", dsseV1],
    ["intoto 0.0.2", intotoV1],
  ] as const)("of Rekor v1 (%s) takes the message that was signed", async (name, make) => {
    const { attach, addV1, search } = await opened()
    const payload = statementOf(hex(`image of ${name}`))
    const index = await addV1(make(payload))
    expect((await search("opaque=true")).opaque.count).toBe(1)
    expect((await attach(index, dssePae("text/plain", utf8(payload)))).status).toBe(422)
    expect((await attach(index, dssePae(IN_TOTO, utf8(payload)))).status).toBe(201)
    expect((await search("kind=dsse")).opaque.count).toBe(0)
  })

  test("keeps the messages of one payload under several types apart, and both say what it says", async () => {
    const { attach, message, add, search, served } = await opened()
    const payload = utf8(statement)
    for (const type of ["text/plain", IN_TOTO]) {
      const { publicKey, privateKey } = generateKeyPairSync("ed25519")
      const sig = sign(null, dssePae(type, payload), privateKey).toString("base64")
      const text = Buffer.from(payload).toString("base64")
      await add({
        kind: "dsse",
        envelope: { payload: text, payloadType: type, signatures: [{ sig }] },
        verifiers: [{ publicKey: spkiOf(publicKey) }],
      })
    }
    expect((await attach(0, dssePae("text/plain", payload))).status).toBe(201)
    const type = encodeURIComponent("https://sigstore.dev/cosign/sign/v1")
    expect(indexesOf(await search(`predicateType=${type}`))).toContain(1)
    expect((await search("kind=dsse")).opaque.count).toBe(0)
    expect((await message(1)).status).toBe(404)
    const reply = await attach(1, dssePae(IN_TOTO, payload))
    expect(reply.json()).toMatchObject({ sequence: 2, isNew: true })
    expect((await message(0)).bytes).toEqual(Buffer.from(dssePae("text/plain", payload)))
    expect((await message(1)).bytes).toEqual(Buffer.from(dssePae(IN_TOTO, payload)))
    const first = await ask(served.port, `/v1/messages/sha256:${hex(payload)}`)
    expect(first.bytes).toEqual(Buffer.from(dssePae("text/plain", payload)))
  })
})

describe("what is no message of the entry", () => {
  let served: ServedLog
  const image = hex("image")
  const pae = paeOf(image)
  const changed = pae.slice()
  changed[pae.length - 9] = (changed[pae.length - 9] as number) ^ 1
  const text = new TextDecoder().decode(pae)
  const payload = statementOf(image)

  beforeAll(async () => {
    served = await openServedLog({
      limits: { messageBytes: 4_096, attachmentBytes: 0 },
      config: { messageLimit: 4_096 },
    })
    const { add } = asked(served)
    await add(signedBytes(pae))
    await add(signedEnvelope(payload))
    await add(signedRequest("a file"))
    await add(signedBytes(utf8(text.replace(/DSSEv1 28/, "DSSEv1 27"))))
  })
  afterAll(() => served.close())

  test.each<[string, number | string, Uint8Array | string, number, RegExp]>([
    ["a changed byte", 0, changed, 422, /digest/],
    ["another entry's", 0, paeOf(hex("other")), 422, /digest/],
    ["the payload alone, where the whole was hashed", 0, payload, 422, /digest/],
    ["another type than was signed", 1, dssePae("text/plain", utf8(payload)), 422, /signature/],
    ["another payload", 1, paeOf(hex("other")), 422, /digest/],
    ["a PAE with wrong lengths", 1, text.replace(/DSSEv1 28/, "DSSEv1 27"), 400, /blank|length/],
    ["a PAE with wrong lengths that was hashed", 3, text.replace("v1 28", "v1 27"), 400, /./],
    ["an artifact", 2, "a file", 422, /artifact/],
    ["no bytes", 0, "", 422, /./],
    ["a message of an entry that is not there", 4, pae, 404, /size 4/],
    ["a message of no index", "x", pae, 400, /index/],
    ["too many bytes", 0, new Uint8Array(4_097), 413, /4096 bytes/],
  ])("is refused with the reason: %s", async (_, index, body, status, detail) => {
    const { attach, search } = asked(served)
    const reply = await attach(index, body)
    expect(reply.json()).toMatchObject({ status, detail: expect.stringMatching(detail) })
    expect(reply.status).toBe(status)
    expect((await search("opaque=true")).opaque).toEqual({ count: 4, upTo: 4 })
  })

  test("is refused before it is looked at if it is of another media type", async () => {
    const { attach } = asked(served)
    expect((await attach(0, pae, "application/json")).status).toBe(415)
  })

  test("is answered 404 where nothing is attached", async () => {
    const { message } = asked(served)
    for (const index of [0, 1, 2, 9]) expect((await message(index)).status).toBe(404)
    const reply = await ask(served.port, `/v1/messages/sha256:${hex("nothing")}`)
    expect(reply.status).toBe(404)
    expect((await ask(served.port, "/v1/messages")).json()).toEqual({
      messages: [],
      attachedUpTo: 0,
    })
  })

  test("is taken by no log that keeps none, and such a log says so", async () => {
    const { attach, add, served } = await opened({ limits: { messageBytes: 0 } })
    await add(signedBytes(pae))
    const reply = await attach(0, pae)
    expect(reply.json()).toMatchObject({ status: 403, code: "not-allowed" })
    expect((await ask(served.port, "/v1/messages")).status).toBe(200)
  })
})

describe("the list of messages", () => {
  test("is given in pages, with what a follower needs to fetch each", async () => {
    const { attach, add, served } = await opened()
    const images = Array.from({ length: 7 }, (_, i) => hex(`image ${i}`))
    for (const each of images) await add(signedBytes(paeOf(each)))
    for (const [i, each] of images.entries()) {
      expect((await attach(i, paeOf(each))).json()).toMatchObject({ sequence: i + 1 })
    }
    await ask(served.port, "/v1/entries?opaque=true")
    const seen: unknown[] = []
    let after = 0
    for (;;) {
      const reply = await ask(served.port, `/v1/messages?after=${after}&limit=3`)
      const page = reply.json() as { messages: readonly { digest: string }[]; next?: number }
      expect(page).toMatchObject({ attachedUpTo: 7 })
      seen.push(...page.messages)
      for (const { digest } of page.messages) {
        const message = await ask(served.port, `/v1/messages/${digest}`)
        expect(`sha256:${hex(message.bytes)}`).toBe(digest)
        expect(message.headers["content-type"]).toBe("application/octet-stream")
      }
      if (page.next === undefined) break
      after = page.next
    }
    expect(seen).toEqual(
      images.map((each, i) => {
        const pae = paeOf(each)
        return {
          sequence: i + 1,
          digest: `sha256:${hex(pae)}`,
          form: "dsse-pae",
          index: i,
          size: pae.length,
        }
      }),
    )
    expect((await ask(served.port, "/v1/messages?limit=1001")).status).toBe(400)
  })
})

describe("attachedAfter", () => {
  test("leaves out what earlier messages say, and no entry that says it itself", async () => {
    const { attach, add, search } = await opened({ limits: { attachmentBytes: 1_000 } })
    const image = hex("image")
    await add(signedEnvelope(statementOf(image)))
    for (const name of ["one", "two"]) {
      const pae = dssePae(
        IN_TOTO,
        utf8(statementOf(image).replace('"predicate":{}', `"predicate":"${name}"`)),
      )
      await attach(await add(signedBytes(pae)), pae)
    }
    const query = `digest=sha256:${image}`
    expect(indexesOf(await search(query))).toEqual([0, 1, 2])
    expect(indexesOf(await search(`${query}&attachedAfter=1`))).toEqual([0, 2])
    expect(indexesOf(await search(`${query}&attachedAfter=2`))).toEqual([0])
  })
})
