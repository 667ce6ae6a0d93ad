// Signed messages out of what clients leave behind, and their entries in a log, which alone decides.
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { createLogClient, type LogClient } from "../../../src/client/log-client.ts"
import { bundleMessages } from "../../../src/client/messages/bundle-messages.ts"
import { lookUp } from "../../../src/client/messages/lookup.ts"
import { logRecipient, monitorRecipient } from "../../../src/client/messages/recipient.ts"
import { commitMessage, signedBytes } from "../../../src/client/messages/signed-message.ts"
import { proposeEntry } from "../../../src/entry/kinds/request.ts"
import { ecdsaCertificate } from "../../entry/certificates.ts"
import { openServedLog, type ServedLog } from "../../http/served-log.ts"
import { digestOf } from "../registry/fake-registry.ts"
import { bundleOf, logging, signed, signedEnvelope, simpleSigning } from "./signed.ts"

const image = digestOf("image")

describe("the messages of a bundle", () => {
  test.each(["0.1", "0.2", "0.3"])("of version %s are the encoding that was signed", (version) => {
    const { envelope, message, signature } = signedEnvelope(image)
    const [found, ...others] = bundleMessages(bundleOf(envelope, [{ index: 7 }], version))
    expect(others).toEqual([])
    expect(found).toMatchObject({ form: "dsse", stated: [{ index: 7 }] })
    expect(Buffer.from(found?.message ?? [])).toEqual(message)
    expect(Buffer.from(found?.signature ?? []).toString("base64")).toBe(signature)
    expect(found?.digests).toContain(digestOf(message))
    expect(found?.digests).toContain(digestOf(Buffer.from(envelope.payload, "base64")))
  })

  test("without an entry of a log are there all the same", () => {
    const { envelope } = signedEnvelope(image)
    const bare = { dsseEnvelope: envelope, verificationMaterial: { publicKey: { hint: "" } } }
    expect(bundleMessages(JSON.stringify(bare))).toHaveLength(1)
  })

  test("are told from members that nobody knows, and from white space", () => {
    const bundle = { ...JSON.parse(bundleOf(signedEnvelope(image).envelope)), strange: [1] }
    expect(bundleMessages(`\n ${JSON.stringify(bundle, null, 2)}\n`)).toHaveLength(1)
  })

  test("of an envelope with two signatures are two", () => {
    const { envelope } = signedEnvelope(image)
    const twice = { ...envelope, signatures: [...envelope.signatures, { sig: "AAAA", keyid: "b" }] }
    expect(bundleMessages(JSON.stringify(twice))).toHaveLength(2)
  })

  test("that is several forms at once are those of each form", () => {
    const { envelope } = signedEnvelope(image)
    const other = signedEnvelope(image, "other").envelope
    const both = { ...JSON.parse(bundleOf(envelope)), ...other, base64Signature: "AAAA" }
    expect(bundleMessages(JSON.stringify(both)).map(({ form }) => form)).toEqual([
      "dsse",
      "artifact",
      "dsse",
    ])
  })

  test.each(["Payload", "PAYLOADTYPE", "\u017fignatures"])(
    "with a member %s beside its own are refused: readers differ in which one they take",
    (name) => {
      const { envelope } = signedEnvelope(image)
      const text = JSON.stringify({ ...envelope, [name]: "e30=" })
      expect(() => bundleMessages(text)).toThrow(/as well/)
    },
  )

  test("of a signature with two names are refused as well", () => {
    const { envelope, signature } = signedEnvelope(image)
    const text = JSON.stringify({ ...envelope, signatures: [{ sig: signature, Sig: "AAAA" }] })
    expect(() => bundleMessages(text)).toThrow(/as well/)
  })

  test("of an artifact are none, but the signature is known", () => {
    const digest = Buffer.alloc(32, 1)
    const content = { messageDigest: { algorithm: "SHA2_256", digest: digest.toString("base64") } }
    const [found] = bundleMessages(
      JSON.stringify({
        messageSignature: { ...content, signature: "AAAA" },
        verificationMaterial: {},
      }),
    )
    expect(found?.message).toBeUndefined()
    expect(found).toMatchObject({ form: "artifact", digests: [`sha256:${digest.toString("hex")}`] })
  })

  test("of cosign's older form are those of the envelope in it, or of an artifact", () => {
    const { envelope } = signedEnvelope(image)
    const rekorBundle = { Payload: { body: "e30=", logIndex: 4 } }
    const coded = Buffer.from(JSON.stringify(envelope)).toString("base64")
    const [attested] = bundleMessages(JSON.stringify({ base64Signature: coded, rekorBundle }))
    expect(attested).toMatchObject({ form: "dsse", stated: [{ index: 4 }] })
    const [blob] = bundleMessages(JSON.stringify({ base64Signature: "MEUC", rekorBundle }))
    expect(blob).toMatchObject({ form: "artifact", stated: [{ index: 4 }] })
  })

  test.each([
    ["that is no JSON", "bundle"],
    ["of nothing", "{}"],
    ["without content", '{"verificationMaterial":{}}'],
    ["with an envelope without signatures", '{"payload":"","payloadType":"t","signatures":[]}'],
    ["with a broken signature", '{"payload":"","payloadType":"t","signatures":[{"sig":"*"}]}'],
    [
      "with an index that is none",
      bundleOf({}, []).replace('"tlogEntries":[]', '"tlogEntries":[{"logIndex":"-1"}]'),
    ],
  ])("%s are refused", (_name, text) => {
    expect(() => bundleMessages(text)).toThrow(expect.objectContaining({ code: "malformed" }))
  })

  test("of a commit are its digits, and nothing else is a commit", () => {
    const id = "a".repeat(40)
    expect(commitMessage(id)).toMatchObject({
      form: "commit",
      message: new TextEncoder().encode(id),
    })
    expect(() => commitMessage(id.toUpperCase())).toThrow(/40 or 64/)
    expect(() => commitMessage("a".repeat(41))).toThrow(/40 or 64/)
  })
})

describe("the entry of a message", () => {
  let served: ServedLog
  let log: LogClient
  const envelope = signedEnvelope(image)
  const legacy = signed(simpleSigning(image))

  beforeAll(async () => {
    served = await openServedLog()
    log = createLogClient({ url: `http://127.0.0.1:${served.port}` })
    for (const each of [signed("other"), envelope, legacy]) {
      await served.log.add(proposeEntry(logging(each)))
    }
  })

  afterAll(() => served.close())

  function only(bundle: string) {
    const [message] = bundleMessages(bundle)
    if (message === undefined) throw new Error("no message")
    return message
  }

  async function indexesOf(message: Parameters<typeof lookUp>[1]) {
    const { entries, isWhole } = await lookUp(log, message)
    expect(isWhole).toBe(true)
    return entries.map(({ index, hasSignature }) => [index, hasSignature])
  }

  test("is found where the bundle says", async () => {
    expect(await indexesOf(only(bundleOf(envelope.envelope, [{ index: 1 }])))).toEqual([[1, true]])
  })

  test.each([
    ["says nothing", []],
    ["says another place", [{ index: 0 }]],
    ["is of a larger log", [{ index: 123_456 }]],
    ["has an entry that was never in this log", [{ index: 1_000, body: "e30=" }]],
  ])("is searched for if the bundle %s", async (_name, stated) => {
    expect(await indexesOf(only(bundleOf(envelope.envelope, stated)))).toEqual([[1, true]])
  })

  test("over the same message with another signature is found, and not taken for its own", async () => {
    const again = {
      ...envelope.envelope,
      signatures: [{ sig: signed(envelope.message).signature }],
    }
    expect(await indexesOf(only(bundleOf(again, [{ index: 1 }])))).toEqual([[1, false]])
  })

  test("under another certificate than the one that came along is not its own", async () => {
    const bundle = JSON.parse(bundleOf(envelope.envelope, [{ index: 1 }]))
    bundle.verificationMaterial.certificate = { rawBytes: ecdsaCertificate }
    expect(await indexesOf(only(JSON.stringify(bundle)))).toEqual([[1, false]])
  })

  test("is found by the bytes of a message alone", async () => {
    expect(await indexesOf(signedBytes("bytes", legacy.message))).toEqual([[2, false]])
  })

  test("that is nowhere is not found", async () => {
    expect(
      await indexesOf(only(bundleOf(signedEnvelope(image, "new").envelope, [{ index: 1 }]))),
    ).toEqual([])
  })

  test("is not known to be missing while the log's search is behind", async () => {
    const behind = {
      ...log,
      search: async (...asked: Parameters<LogClient["search"]>) => ({
        ...(await log.search(...asked)),
        completeUpTo: 1,
      }),
    }
    expect((await lookUp(behind, signedBytes("bytes", Buffer.from("new")))).isWhole).toBe(false)
  })
})

describe("those who are given a message", () => {
  interface Asked {
    readonly url: string
    readonly init: RequestInit | undefined
  }

  function answering(status: number, asked: Asked[], body: object): typeof globalThis.fetch {
    return async (url, init) => {
      asked.push({ url: String(url), init })
      return Response.json(body, { status })
    }
  }

  const attached = { digest: "d", form: "f", sequence: 1, attachedUpTo: 1 }

  test.each([
    [201, { ...attached, isNew: true }, "taken"],
    [202, { ...attached, isNew: true }, "taken"],
    [200, { ...attached, isNew: false }, "known"],
    [410, { code: "gone", detail: "redacted" }, "redacted"],
  ])("say by %i whether it is new", async (status, body, said) => {
    for (const isLog of [true, false]) {
      const asked: Asked[] = []
      const [url, fetch] = ["http://peer.example", answering(status, asked, body)]
      const recipient = isLog
        ? logRecipient(url, createLogClient({ url, fetch }))
        : monitorRecipient({ url, origin: "log.example/a b", fetch })
      expect(await recipient.give(3, Buffer.from("m"))).toBe(said)
      const path = isLog ? "v1/entries/3/message" : "messages?origin=log.example%2Fa%20b&index=3"
      expect(asked[0]?.url).toBe(`${url}/${path}`)
      expect(asked[0]?.init).toMatchObject({ method: "POST", redirect: "manual" })
      expect(asked[0]?.init?.headers).toEqual({ "content-type": "application/octet-stream" })
    }
  })

  test("refuse in their own words", async () => {
    const fetch = answering(422, [], { code: "mismatch", detail: "no" })
    const monitor = monitorRecipient({ url: "http://monitor.example/", origin: "o", fetch })
    await expect(monitor.give(3, Buffer.from("m"))).rejects.toMatchObject({ code: "mismatch" })
  })
})
