import * as fc from "fast-check"
import { describe, expect, test } from "vitest"
import { Refusal } from "../../src/core/base/errors.ts"
import { OldSize } from "../../src/signer/judgement.ts"
import { createLineReader } from "../../src/signer/lines.ts"
import {
  type Asked,
  formatReply,
  formatRequest,
  LONGEST_REQUEST,
  parseReply,
  parseRequest,
  type Reply,
} from "../../src/signer/message.ts"
import { bodies, proof } from "../reference.ts"
import { NOW, treeOf } from "./made-signer.ts"

const hashes = proof(3, bodies(9))
const body = Buffer.from("an entry")
const promise = {
  ...{ body: body.toString("base64"), integratedTime: NOW },
  ...{ logID: "ab".repeat(32), logIndex: 3 },
}
const questions: readonly Asked[] = [
  { ask: "identity" },
  { ask: "checkpoint", text: treeOf(bodies(9)).text, from: 3, proof: hashes },
  { ask: "rekor-checkpoint", checkpoint: "a\nnote" },
  { ask: "entry-timestamp", checkpoint: "a\nnote", promise, body, proof: hashes },
]

describe("a request", () => {
  test.each(questions)("$ask is read as it was written", (asked) => {
    const line = formatRequest(asked)
    expect(line.indexOf("\n")).toBe(line.length - 1)
    const read = parseRequest(line.slice(0, -1))
    expect(JSON.stringify(read)).toBe(JSON.stringify(parseRequest(formatRequest(read))))
    expect(read).toMatchObject({ ask: asked.ask })
  })

  test("of the longest entry fits", () => {
    const longest = Buffer.alloc(65_535)
    const asked = { ...promise, body: longest.toString("base64") }
    const sixty = Array.from({ length: 63 }, () => hashes[0] ?? expect.fail())
    const checkpoint = treeOf(bodies(9)).text.repeat(8)
    const line = formatRequest({
      ...{ ask: "entry-timestamp", checkpoint, promise: asked, body: longest, proof: sixty },
    })
    expect(line.length).toBeLessThan(LONGEST_REQUEST)
    expect(parseRequest(line)).toMatchObject({ ask: "entry-timestamp" })
  })

  test.each([
    ["no JSON", "checkpoint", "malformed"],
    ["no object", "[1]", "malformed"],
    ["nothing", "", "malformed"],
    ["no version", '{"ask":"identity"}', "unsupported"],
    ["another version", '{"signer":2,"ask":"identity"}', "unsupported"],
    ["no question", '{"signer":1}', "unsupported"],
    ["raw bytes", '{"signer":1,"ask":"sign","with":{"bytes":"AAAA"}}', "unsupported"],
    ["a cosignature", '{"signer":1,"ask":"cosign","with":{}}', "unsupported"],
    ["a name of Object's", '{"signer":1,"ask":"constructor"}', "unsupported"],
    ["a member too many", '{"signer":1,"ask":"identity","key":"x"}', "malformed"],
    ["a member too many inside", '{"signer":1,"ask":"identity","with":{"a":1}}', "malformed"],
    ["no members", '{"signer":1,"ask":"checkpoint"}', "malformed"],
    [
      "a hash of another length",
      '{"signer":1,"ask":"checkpoint","with":{"text":"","from":0,"proof":["AAAA"]}}',
      "malformed",
    ],
    [
      "a size below 0",
      '{"signer":1,"ask":"checkpoint","with":{"text":"","from":-1,"proof":[]}}',
      "malformed",
    ],
    [
      "a proof without end",
      `{"signer":1,"ask":"checkpoint","with":{"text":"","from":0,"proof":[${'"",'.repeat(99)}""]}}`,
      "too-large",
    ],
    ["a line without end", "x".repeat(LONGEST_REQUEST + 1), "too-large"],
    ["depth without end", "[".repeat(LONGEST_REQUEST), "malformed"],
  ])("with %s is refused", (_, line, code) => {
    expect(() => parseRequest(line)).toThrow(expect.objectContaining({ name: "Refusal", code }))
  })

  test("of any bytes is read or refused, and nothing else happens", () => {
    const text = fc.oneof(fc.string(), fc.json(), fc.constant('{"signer":1,"ask":"checkpoint"'))
    void fc.assert(
      fc.property(text, (line) => {
        try {
          parseRequest(line)
        } catch (reason) {
          expect(reason).toBeInstanceOf(Refusal)
        }
      }),
    )
  })
})

describe("a reply", () => {
  const identity = { origin: "log.example", treeId: "4711", vkeys: ["a", "b"], size: 7 }
  test.each<Reply>([
    { identity },
    { note: "a\nnote\n" },
    { signature: Uint8Array.of(1, 2, 3) },
    { trouble: "the token is away" },
  ])("is read as it was written: %o", (reply) => {
    expect(parseReply(formatReply(reply))).toEqual(reply)
  })

  test("with a refusal keeps its code, its words and the size to prove from", () => {
    const refused = parseReply(formatReply({ refusal: new Refusal("bad-proof", "no") }))
    expect(refused).toMatchObject({ refusal: { code: "bad-proof", message: "no" } })
    const stale = parseReply(formatReply({ refusal: new OldSize(12, 3) }))
    expect("refusal" in stale && stale.refusal).toBeInstanceOf(OldSize)
    expect(stale).toMatchObject({ refusal: { code: "conflict", size: 12 } })
  })
})

describe("a line reader", () => {
  test("gives the lines however they are cut", () => {
    void fc.assert(
      fc.property(fc.array(fc.string()), fc.integer({ min: 1, max: 9 }), (texts, width) => {
        const lines = texts.map((text) => text.replaceAll("\n", " ").toWellFormed())
        const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(""))
        const reader = createLineReader(10_000)
        const read: string[] = []
        for (let at = 0; at < bytes.length; at += width) {
          read.push(...reader.push(bytes.subarray(at, at + width)))
        }
        expect(read).toEqual(lines)
        expect(reader.hasBegun()).toBe(false)
      }),
    )
  })

  test("refuses a line that is too long before it has ended, and what is no UTF-8", () => {
    const reader = createLineReader(5)
    expect(reader.push(Buffer.from("12345\n123"))).toEqual(["12345"])
    expect(reader.hasBegun()).toBe(true)
    expect(() => reader.push(Buffer.from("456"))).toThrow(/up to 5 bytes/)
    expect(() => createLineReader(9).push(Uint8Array.of(0xff, 10))).toThrow(Refusal)
  })
})
