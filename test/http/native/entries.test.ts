import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { verifyReceipt } from "../../../src/client/receipt.ts"
import { parseBase64, parseHex } from "../../../src/core/base/text.ts"
import { asHash } from "../../../src/core/tree/hash.ts"
import type { EntryRequest } from "../../../src/entry/kinds/registry.ts"
import { ask, submit, submitBatch } from "../client.ts"
import { document, mismatch } from "../door/contract-check.ts"
import { openServedLog, type ServedLog, signedEnvelope, signedRequest } from "../served-log.ts"

interface ReceiptJson {
  readonly index: number
  readonly leafHash: string
  readonly body: string
  readonly isNew: boolean
  readonly checkpoint: string
  readonly inclusionProof: {
    readonly index: number
    readonly size: number
    readonly root: string
    readonly hashes: readonly string[]
  }
}

interface LineJson extends ReceiptJson {
  readonly status: number
  readonly problem?: { readonly code: string; readonly status: number; readonly detail: string }
}

describe("submission", () => {
  let served: ServedLog
  beforeAll(async () => {
    served = await openServedLog()
  })
  afterAll(() => served.close())

  /** Verifies a receipt as a client does, with the log's own keys as trusted. */
  function verify(request: EntryRequest, json: ReceiptJson): void {
    const hash = (hex: string) => asHash(parseHex(hex, "hash"))
    const { index, size, root, hashes } = json.inclusionProof
    const receipt = {
      index: json.index,
      leafHash: hash(json.leafHash),
      body: parseBase64(json.body, "body"),
      isNew: json.isNew,
      proof: { index, size, root: hash(root), hashes: hashes.map(hash) },
      checkpoint: json.checkpoint,
    }
    const verified = verifyReceipt(request, receipt, served.log)
    expect(verified.isPinned).toBe(true)
  }

  // SPEC: consumers MUST ignore members that they do not know (DSSE v1, envelope).
  test("an envelope with members that DSSE does not know is the same entry as without them", async () => {
    const request = signedEnvelope()
    const { envelope } = request
    const signatures = envelope.signatures.map((signature) => {
      return { ...signature, certificate: "LS0t", intermediates: [], timestamps: [] }
    })
    const more = { ...request, envelope: { ...envelope, signatures, comment: "by its producer" } }
    const first = (await submit(served.port, more)).json() as ReceiptJson
    expect(first.isNew).toBe(true)
    const again = (await submit(served.port, request)).json() as ReceiptJson
    expect(again).toMatchObject({ index: first.index, isNew: false })
  })

  test.each([
    ["hashedrekord", () => signedRequest("artifact")],
    ["dsse", signedEnvelope],
  ])("POST /v1/entries logs an entry of kind %s and answers with its receipt", async (_, make) => {
    const request = make()
    const size = served.log.head().size
    const reply = await submit(served.port, request)
    const receipt = reply.json() as ReceiptJson
    expect(reply.status).toBe(201)
    expect(reply.headers.location).toBe(`/v1/entries/${size}`)
    expect(receipt).toMatchObject({ index: size, isNew: true })
    verify(request, receipt)
  })

  test("POST /v1/entries answers 200 with the first index and a fresh proof for a duplicate", async () => {
    const request = signedRequest("duplicate")
    const first = (await submit(served.port, request)).json() as ReceiptJson
    await submit(served.port, signedRequest("between"))
    const reply = await submit(served.port, request)
    const second = reply.json() as ReceiptJson
    expect(reply.status).toBe(200)
    expect(second).toMatchObject({ index: first.index, leafHash: first.leafHash, isNew: false })
    expect(second.inclusionProof.size).toBe(served.log.head().size)
    verify(request, second)
  })

  test.each([
    "application/json; charset=utf-8",
    'Application/JSON;charset="UTF-8"',
    "application/json; charset=utf8",
    "application/json ",
  ])("POST /v1/entries takes the media type %s", async (type) => {
    const reply = await submit(served.port, signedRequest("media"), { "content-type": type })
    expect([200, 201]).toContain(reply.status)
  })

  test("POST /v1/entries takes a chunked body in pieces", async () => {
    const text = Buffer.from(JSON.stringify(signedRequest("pieces")))
    const pieces = [text.subarray(0, 10), text.subarray(10, 11), text.subarray(11)]

    const headers = { "content-type": "application/json", "content-encoding": "identity" }
    const reply = await ask(served.port, "/v1/entries", { method: "POST", headers, body: pieces })
    expect(reply.status).toBe(201)
  })

  function linesOf(text: string): LineJson[] {
    const { BatchLine } = document.components.schemas
    const lines = text.split("\n")
    expect(lines.pop()).toBe("")
    return lines.map((line) => {
      expect(mismatch(BatchLine, JSON.parse(line))).toBeUndefined()
      return JSON.parse(line)
    })
  }

  test("POST /v1/entries/batch answers each line as if it were alone", async () => {
    const known = signedRequest("known")
    await submit(served.port, known)
    const good = [signedRequest("line 1"), signedRequest("line 2"), known]
    const bad = { ...signedRequest("line 3"), signature: good[0]?.signature }
    const lines = [good[0], "{", good[1], "", known, bad, { kind: "rpm" }]
    const body = lines.map((line) => (typeof line === "string" ? line : JSON.stringify(line)))
    const reply = await submitBatch(served.port, body.join("\n"))
    const answers = linesOf(reply.text())
    expect(answers.map(({ status }) => status)).toEqual([201, 400, 201, 400, 200, 422, 422])
    expect(answers.map(({ problem }) => problem?.code)).toEqual([
      undefined,
      "malformed",
      undefined,
      "malformed",
      undefined,
      "bad-signature",
      "unsupported",
    ])
    for (const [i, line] of lines.entries()) {
      const answer = answers[i]
      if (answer !== undefined && answer.status < 300) verify(line as EntryRequest, answer)
    }
  })

  test("POST /v1/entries/batch logs a body that stands on two lines once", async () => {
    const line = JSON.stringify(signedRequest("twice"))
    const size = served.log.head().size
    const answers = linesOf((await submitBatch(served.port, `${line}\r\n${line}\r\n`)).text())
    expect(answers.map(({ index }) => index)).toEqual([size, size])
    expect(served.log.head().size).toBe(size + 1)
  })

  test("POST /v1/entries/batch takes 1,000 lines and refuses 1,001", async () => {
    const size = served.log.head().size
    const full = await submitBatch(served.port, "{}\n".repeat(1_000))
    expect(linesOf(full.text()).every(({ status }) => status === 400)).toBe(true)
    const over = await submitBatch(served.port, "{}\n".repeat(1_001))
    expect(over.status).toBe(413)
    expect(over.json()).toMatchObject({ code: "too-large" })
    expect(served.log.head().size).toBe(size)
  })

  test("POST /v1/entries/batch refuses a batch without lines", async () => {
    const reply = await submitBatch(served.port, "")
    expect(reply.status).toBe(400)
    expect(reply.json()).toMatchObject({ code: "malformed" })
  })
})
