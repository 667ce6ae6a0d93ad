import { createHash, generateKeyPairSync } from "node:crypto"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { verifyBundle } from "../../../src/client/verify/verify.ts"
import { Trouble } from "../../../src/core/base/errors.ts"
import { EMPTY_ROOT } from "../../../src/core/tree/hash.ts"
import type { DsseRequest } from "../../../src/entry/kinds/dsse-v002.ts"
import { entrySearch } from "../../../src/http/native/search.ts"
import type { Log } from "../../../src/log/ports/log.ts"
import { parseTrustedRoot } from "../../../src/sigstore/trusted-root.ts"
import { ecdsaCertificate, ed25519Certificate } from "../../entry/certificates.ts"
import { credulous } from "../../log/opened-log.ts"
import { ask, submit } from "../client.ts"
import { post, V1, V2 } from "../rekor-client.ts"
import { dsseV1, dsseV2, intotoV1 } from "../rekor-v1/submissions.ts"
import {
  openServedLog,
  publicKey,
  type ServedLog,
  signedEnvelope,
  signedRequest,
} from "../served-log.ts"

const hex = (text: string): string => createHash("sha256").update(text).digest("hex")
const artifact = `sha256:${hex("image")}`
const keyTerm = `sha256:${createHash("sha256").update(Buffer.from(publicKey, "base64")).digest("hex")}`
const provenance = "https://slsa.dev/provenance/v1"

/** An attestation about these artifacts, by the holder of a certificate. */
function attestation(predicateType: string, ...names: readonly string[]): DsseRequest {
  const statement = {
    _type: "https://in-toto.io/Statement/v1",
    subject: names.map((name) => ({ name, digest: { sha256: hex(name) } })),
    predicateType,
    predicate: {},
  }
  const payload = Buffer.from(JSON.stringify(statement)).toString("base64")
  const payloadType = "application/vnd.in-toto+json"
  const signatures = [{ sig: Buffer.from(predicateType).toString("base64"), keyid: "k" }]
  return {
    kind: "dsse",
    envelope: { payload, payloadType, signatures },
    verifiers: [{ certificate: ed25519Certificate }],
  }
}

interface FoundJson {
  readonly entries: readonly { readonly index: number; readonly kind: string }[]
  readonly next?: number
  readonly completeUpTo: number
}

describe("searching", () => {
  let served: ServedLog

  beforeAll(async () => {
    served = await openServedLog({
      verifier: credulous,
      limits: { runEntries: 4, attachmentBytes: 2_000 },
    })
    const certified = { certificate: ecdsaCertificate, publicKey: undefined }
    const requests = [
      signedRequest("image"),
      attestation(provenance, "image"),
      attestation("https://spdx.dev/Document", "image", "other"),
      { ...signedRequest("other"), ...certified },
      attestation("https://example.org/long", "image", "x".repeat(512)),
      ...Array.from({ length: 15 }, (_, i) => signedRequest(`more ${i}`)),
    ]
    for (const request of requests) await submit(served.port, request)
  })
  afterAll(() => served.close())

  async function find(query: string): Promise<FoundJson> {
    const reply = await ask(served.port, `/v1/entries?${query}`)
    expect(reply.status).toBe(200)
    return reply.json() as FoundJson
  }

  async function indexes(query: string): Promise<number[]> {
    return (await find(`${query}&limit=100`)).entries.map(({ index }) => index)
  }

  test.each([
    [`digest=${artifact}`, [0, 1, 2, 4]],
    [`digest=sha256:${hex("other")}`, [2, 3]],
    [`digest=sha256:${hex("nothing")}`, []],
    ["identity=Signer@Example.org", [1, 2, 3, 4]],
    ["identity=signer@example.com", []],
    [`key=${keyTerm}`, [0, ...Array.from({ length: 15 }, (_, i) => 5 + i)]],
    ["subject=image", [1, 2, 4]],
    [`subjectDigest=${artifact}`, [1, 2, 4]],
    [`predicateType=${encodeURIComponent(provenance)}`, [1]],
    ["kind=dsse", [1, 2, 4]],
    ["kind=dsse:0.0.2", [1, 2, 4]],
    ["kind=dsse:0.0.1", []],
    [`digest=${artifact}&kind=hashedrekord`, [0]],
    [`digest=${artifact}&identity=signer@example.org&kind=hashedrekord`, []],
    [`digest=${artifact}&order=newest`, [4, 2, 1, 0]],
    [`digest=${artifact}&after=1`, [2, 4]],
    [`digest=${artifact}&after=2&order=newest`, [1, 0]],
  ])("by %s finds exactly the entries that have it", async (query, expected) => {
    expect(await indexes(query)).toEqual(expected)
  })

  test("answers as the contract says, complete up to the checkpoint that it gives", async () => {
    const reply = await ask(served.port, `/v1/entries?digest=${artifact}`)
    expect(reply.status).toBe(200)
    const { size, checkpoint } = served.log.head()
    expect(reply.json()).toMatchObject({ completeUpTo: size, checkpoint })
    expect((reply.json() as FoundJson).entries[0]).toMatchObject({
      index: 0,
      kind: "hashedrekord:0.0.2",
      body: Buffer.from((await served.log.entry(0)).body).toString("base64"),
    })
  })

  test.each(["oldest", "newest"])("in pages, %s first, gives each entry once", async (order) => {
    const found: number[] = []
    let after: number | undefined
    do {
      const place = after === undefined ? "" : `&after=${after}`
      const page = await find(`key=${keyTerm}&limit=3&order=${order}${place}`)
      expect(page.entries.length).toBeLessThanOrEqual(3)
      found.push(...page.entries.map(({ index }) => index))
      after = page.next
    } while (after !== undefined)
    const all = await indexes(`key=${keyTerm}`)
    expect(found).toEqual(order === "oldest" ? all : all.toReversed())
  })

  test("by what a new submission says finds it as soon as it was answered", async () => {
    for (let i = 0; i < 12; i++) {
      const request = signedRequest(`fresh ${i}`)
      const receipt = await submit(served.port, request)
      const { index } = receipt.json() as { index: number }
      expect(await indexes(`digest=${request.digest}`)).toEqual([index])
    }
  })

  describe("for an artifact", () => {
    test("gives its signers and its attestations in one answer", async () => {
      const reply = await ask(served.port, `/v1/artifacts/${artifact}`)
      expect(reply.status).toBe(200)
      const { entries, signers, attestations } = reply.json() as Record<string, unknown>
      expect(entries).toEqual([
        { index: 4, kind: "dsse:0.0.2" },
        { index: 2, kind: "dsse:0.0.2" },
        { index: 1, kind: "dsse:0.0.2" },
        { index: 0, kind: "hashedrekord:0.0.2" },
      ])
      expect(signers).toEqual([
        expect.objectContaining({ identities: ["signer@example.org"], entries: [4, 2, 1] }),
        { key: keyTerm, identities: [], entries: [0] },
      ])
      expect(attestations).toEqual([
        expect.objectContaining({ index: 4, isKept: true }),
        expect.objectContaining({
          index: 2,
          isKept: true,
          predicateType: "https://spdx.dev/Document",
          subjects: ["image", "other"],
        }),
        expect.objectContaining({ index: 1, isKept: true, predicateType: provenance }),
      ])
    })

    test("that nobody has signed gives empty lists", async () => {
      const reply = await ask(served.port, `/v1/artifacts/sha256:${hex("unknown")}`)
      expect(reply.status).toBe(200)
      expect(reply.json()).toMatchObject({ entries: [], signers: [], attestations: [] })
    })
  })

  test("GET …/attestation gives the envelope as it was submitted", async () => {
    const reply = await ask(served.port, "/v1/entries/1/attestation")
    expect(reply.status).toBe(200)
    expect(reply.json()).toEqual(attestation(provenance, "image").envelope)
  })

  test("GET …/attestation of an entry that has none is not found", async () => {
    const reply = await ask(served.port, "/v1/entries/0/attestation")
    expect(reply.status).toBe(404)
    expect(reply.text()).toContain("no attestation is kept of entry 0")
  })

  test("for Rekor v1 joins criteria by and, or by or", async () => {
    const search = entrySearch(served.log)
    const image = [{ name: "digest", value: artifact }] as const
    const slsa = [{ name: "predicate-type", value: provenance }] as const
    const subject = [{ name: "subject-digest", value: artifact }] as const
    expect((await search([image, slsa], "or")).toSorted()).toEqual([0, 1])
    expect(await search([image, slsa], "and")).toEqual([])
    expect(await search([subject, slsa], "and")).toEqual([1])
  })
})

describe("a log whose search index", () => {
  const query = `/v1/entries?digest=${artifact}`

  async function servedWith(search: Log["search"]): Promise<ServedLog> {
    const change = (log: Log): Log => ({ ...log, search })
    return await openServedLog({ log: change, search: entrySearch({ search } as Log) })
  }

  test("is damaged answers 503 to searches and goes on with all else", async () => {
    const served = await servedWith(() => Promise.reject(new Trouble("damaged", "a page")))
    expect((await submit(served.port, signedRequest("image"))).status).toBe(201)
    for (const path of [query, `/v1/artifacts/${artifact}`]) {
      const reply = await ask(served.port, path)
      expect(reply.status).toBe(503)
      expect(reply.json()).toMatchObject({
        code: "trouble",
        detail: expect.stringContaining("index"),
      })
    }
    const reply = await post(served.port, "/api/v1/index/retrieve", { email: "a@b.c" })
    expect(reply.status).toBe(503)
    expect((await ask(served.port, "/readyz")).status).toBe(200)
    await served.close()
  })

  test("is behind says up to where an answer is complete, and gives none to Rekor v1", async () => {
    const head = { size: 9, root: EMPTY_ROOT, time: 0, checkpoint: "the newest checkpoint" }
    const known = { completeUpTo: 7, opaque: { count: 3, upTo: 6 }, attachedUpTo: 2 }
    const served = await servedWith(async () => ({ indexes: [], ...known, head }))
    const reply = await ask(served.port, query)
    expect(reply.json()).toEqual({ entries: [], ...known, checkpoint: head.checkpoint })
    const refused = await post(served.port, "/api/v1/index/retrieve", { email: "a@b.c" })
    expect(refused.status).toBe(503)
    expect(refused.text()).toContain("7 of 9 entries")
    await served.close()
  })
})

describe("an attestation that came through a Rekor API", () => {
  const statement = JSON.stringify({ subject: [], predicateType: provenance })

  test.each<[string, string, object]>([
    ["dsse of Rekor v2", V2, dsseV2(statement)],
    ["dsse of Rekor v1", V1, dsseV1(statement)],
    ["intoto of Rekor v1", V1, intotoV1(statement)],
  ])("(%s) is kept, too", async (_, path, submission) => {
    const served = await openServedLog({ limits: { attachmentBytes: 2_000 } })
    expect((await post(served.port, path, submission)).status).toBe(201)
    const reply = await ask(served.port, "/v1/entries/0/attestation")
    const { payload, payloadType } = reply.json() as Readonly<Record<string, string>>
    expect(Buffer.from(payload ?? "", "base64").toString()).toBe(statement)
    expect(payloadType).toBe("application/vnd.in-toto+json")
    const found = await ask(
      served.port,
      `/v1/entries?predicateType=${encodeURIComponent(provenance)}`,
    )
    expect((found.json() as FoundJson).entries.map(({ index }) => index)).toEqual([0])
    await served.close()
  })
})

test("the bundle of an entry whose envelope is kept verifies offline", async () => {
  const served = await openServedLog({ limits: { attachmentBytes: 2_000 } })
  const predicate = { _type: "https://in-toto.io/Statement/v1", predicateType: provenance }
  const subject = [{ name: "image", digest: { sha256: hex("image") } }]
  const payload = JSON.stringify({ ...predicate, subject, predicate: {} })
  const signer = generateKeyPairSync("ed25519")
  await submit(served.port, signedEnvelope(payload, signer))
  const bundle = (await ask(served.port, "/v1/entries/0/bundle")).text()
  const trustedRoot = parseTrustedRoot((await ask(served.port, "/v1/trusted-root.json")).text())
  const key = signer.publicKey.export({ type: "spki", format: "der" })
  const asked = { bundle, artifact: Buffer.from("image"), key, trust: { trustedRoot } }
  expect(verifyBundle(asked)).toMatchObject({ index: 0, kind: "dsse" })
  await served.close()
})

describe("a statement", () => {
  const subjects = Array.from({ length: 1_131 }, (_, i) => {
    return { name: `pkg:npm/%40acme/f${i}@1.0.0`, digest: { SHA2_256: hex(`f${i}`).toUpperCase() } }
  })
  const material = hex("material")
  const statement = {
    subject: subjects,
    predicateType: provenance,
    predicate: { materials: [{ uri: "x", digest: { sha256: material } }] },
  }
  let served: ServedLog

  beforeAll(async () => {
    served = await openServedLog()
    expect((await post(served.port, V2, dsseV2(JSON.stringify(statement)))).status).toBe(201)
  })
  afterAll(() => served.close())

  test.each([
    ["its last subject", `digest=sha256:${hex("f1130")}`, [0]],
    ["a subject's digest by another algorithm's name", `subjectDigest=blake3:${hex("f7")}`, [0]],
    ["a subject's name as it is written", "subject=pkg:npm/%2540acme/f1130@1.0.0", [0]],
    ["a subject's name in another spelling", "subject=PKG:npm/@acme/f1130@1.0.0", [0]],
    ["what it was made of", `mention=sha256:${material}`, [0]],
    ["what it was made of, as if that were signed", `digest=sha256:${material}`, []],
    ["a subject, as if that were mentioned", `mention=sha256:${hex("f7")}`, []],
  ])("is found by %s", async (_name, query, expected) => {
    const reply = await ask(served.port, `/v1/entries?${query}`)
    expect(reply.status).toBe(200)
    expect((reply.json() as FoundJson).entries.map(({ index }) => index)).toEqual(expected)
  })
})

test("an envelope with a key that has not signed it is refused, and nobody is found by that key", async () => {
  const served = await openServedLog()
  const envelope = signedEnvelope()
  const owner = { publicKey: signedRequest("x").publicKey }
  const stranger = signedEnvelope(undefined, generateKeyPairSync("ed25519"))
  const both = { ...stranger, verifiers: [...stranger.verifiers, owner] }
  const reply = await post(served.port, "/v1/entries", both)
  expect(reply.status).toBe(422)
  expect(reply.text()).toContain("verifier 1 verifies no signature")
  expect((await post(served.port, "/v1/entries", envelope)).status).toBe(201)
  expect(served.log.head().size).toBe(1)
  await served.close()
})

test("an attestation that would not be kept is refused with the limit, at every door", async () => {
  const served = await openServedLog({ verifier: credulous, limits: { attachmentBytes: 800 } })
  const statement = JSON.stringify({ subject: [], pad: "x".repeat(800) })
  for (const [path, submission, status] of [
    ["/v1/entries", attestation(provenance, "image", "x".repeat(512)), 413],
    [V2, dsseV2(statement), 413],
    // As Rekor does with whatever it cannot process.
    [V1, dsseV1(statement), 400],
    [V1, intotoV1(statement), 400],
  ] as const) {
    const reply = await post(served.port, path, submission)
    expect(reply.text()).toContain("keeps envelopes of up to 800 bytes")
    expect(reply.status).toBe(status)
  }
  expect(served.log.head().size).toBe(0)
  await served.close()
})

test("a log that keeps no attestation finds it, and says that it has not kept it", async () => {
  const served = await openServedLog({ verifier: credulous })
  await submit(served.port, attestation(provenance, "image", "x".repeat(512)))
  const { attestations } = (await ask(served.port, `/v1/artifacts/${artifact}`)).json() as {
    attestations: object[]
  }
  expect(attestations).toEqual([expect.objectContaining({ index: 0, isKept: false })])
  expect((await ask(served.port, "/v1/entries/0/attestation")).status).toBe(404)
  await served.close()
})

describe("an attestation that is not the one in the body", () => {
  async function answerOf(attachment: Awaited<ReturnType<Log["attachment"]>>) {
    const served = await openServedLog({
      verifier: credulous,
      log: (log) => ({ ...log, attachment: () => Promise.resolve(attachment) }),
    })
    await submit(served.port, attestation(provenance, "image"))
    const reply = await ask(served.port, "/v1/entries/0/attestation")
    await served.close()
    return reply
  }

  test("is never given away", async () => {
    const { envelope } = attestation(provenance, "another")
    const bytes = Buffer.from(JSON.stringify(envelope))
    expect((await answerOf({ mediaType: "x/y", bytes })).status).toBe(500)
  })

  test("because it was redacted is not found, and the answer says when", async () => {
    const reply = await answerOf({ redacted: Date.UTC(2026, 0, 2) })
    expect(reply.status).toBe(404)
    expect(reply.text()).toContain("redacted at 2026-01-02T00:00:00.000Z")
  })
})
