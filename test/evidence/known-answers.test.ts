// The published known answers of tlog-evidence/v1 for forks: made byte for byte, verified, and refused as
// soon as one bit of them is another.
import { expect, test } from "vitest"
import { formatVkey } from "../../src/core/note/note.ts"
import type { Evidence } from "../../src/evidence/evidence.ts"
import { formatEvidence, newestForm, parseEvidence } from "../../src/evidence/format.ts"
import { makeFork } from "../../src/evidence/head-evidence.ts"
import { evidenceId, verifyEvidence } from "../../src/evidence/verification.ts"
import { mth, proof, singleBytes } from "../reference.ts"
import { expectRefusal, valueOrRefusal } from "../refusals.ts"
import { headOf, log, natively, noteOf } from "./made-cases.ts"

const B = singleBytes(7)
const A = B.with(1, Uint8Array.of(0xff))

/** The same case in the form that was published first. */
function inFirstForm({ text: newest, kind }: Evidence): Evidence {
  const text = formatEvidence({ ...parseEvidence(newest), format: "tlog-evidence/v1" })
  return { id: evidenceId(text), kind, text }
}

const cases = [
  {
    size: 3,
    bytes: 825,
    id: "bafebf66e54627f2ac837ef334a55df8afa5fc6dc0e0a3c14e60a55da971328d",
  },
  {
    size: 4,
    bytes: 690,
    id: "a745af785a738854df9fd901c2dde82625c29618dd79e4bc78d64ed5374d0e0f",
  },
  {
    size: 7,
    bytes: 592,
    id: "fedabc8b5bf4c2bec60d042cbb18ae20a6f1835b0216bb224f96e4324189098a",
  },
].map(({ size, ...known }) => {
  const proven = size < 7 ? { implied: mth(B.slice(0, size)), hashes: proof(size, B) } : undefined
  const notes = [noteOf(headOf(B), [log]), noteOf(headOf(A.slice(0, size)), [log])] as const
  const newest = makeFork(log.vkey, ...notes, proven)
  return { size, ...known, newest, made: inFirstForm(newest) }
})

test("the log's key is the one of the known answers", () => {
  expect(formatVkey(log.vkey)).toBe(
    "log.example/test+fae20353+AYqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29c",
  )
})

test.each(cases)("the fork at $size against 7 has its known text", ({ made, bytes, id }) => {
  expect(Buffer.byteLength(made.text)).toBe(bytes)
  expect(made.id).toBe(id)
  expect(verifyEvidence(made.text, log.vkey)).toMatchObject({
    id,
    format: "tlog-evidence/v1",
    kind: "fork",
    effect: "convicts",
    convicted: log.vkey,
    origin: "log.example/test",
    freezes: true,
  })
})

test.each(cases)(
  "the newest form of the fork at $size says that it convicts",
  ({ made, newest }) => {
    const [first, kind, key, ...rest] = newest.text.split("\n")
    const [, , known, ...others] = made.text.split("\n")
    expect([first, kind, key]).toEqual([
      "tlog-evidence/v2",
      "kind fork",
      known?.replace("key ", "convicts "),
    ])
    expect(rest).toEqual(others)
    expect(newestForm(made.text)).toBe(newest.text)
    expect(verifyEvidence(newest.text, log.vkey)).toMatchObject({
      format: "tlog-evidence/v2",
      effect: "convicts",
    })
    expectRefusal("malformed", () => verifyEvidence(newest.text.replace("convicts", "presents")))
  },
)

test("the fork at 3 against 7 reads as it is published", () => {
  const [{ made }] = cases as [(typeof cases)[0]]
  const [first, kind, key, old, newer, ...rest] = made.text.split("\n")
  expect([first, kind, key]).toEqual([
    "tlog-evidence/v1",
    "kind fork",
    "key log.example/test+fae20353+AYqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29c",
  ])
  expect(Buffer.from(old?.slice("old ".length) ?? "", "base64").toString()).toBe(
    `log.example/test
3
2MOjH458cTBMbLLC0JYwu3TOKHQElCglWGWPBQ99sH0=

— log.example/test +uIDU4iR3ICNWqz6oLz+KxxvHv/vWNhaiK8PgMN6B36MNqOfaKjo2vWa3Qw4tbHs+XhwMSCjKGeh+ykSEd0GJTiIaQQ=
`,
  )
  expect(Buffer.from(newer?.slice("new ".length) ?? "", "base64").toString()).toBe(
    `log.example/test
7
NWAZGAMChESyMgGKwEf9tWHAnCOnpodsheCLXk1I6fM=

— log.example/test +uIDU2efxwxyfSUr01gFXHLZLKZBOrlotovvb9ysCy6bNE912mb51buxHJKCy2ToeBEUfCemomstDWH1aPJXWN8YDg0=
`,
  )
  expect(rest).toEqual([
    "implied O2zM1+PgI/85MAbwMDFe562esRGwIrQfun5bejlz9og=",
    "/PCmxwDdE+J0tvuo3uqN2bJuTu3eNJVxfKyECMnFF38=",
    "WDx9+3swVdmUZVRAMqVx4QoTSxtvdpQiu7cf1/oWel0=",
    "ogv5p8wtyKCPX0FacbGfasQnurVNJO7IaLXTEDRJlTo=",
    "ickpg07RRZsH9lteGiFDqM9djv3zD0n//6Moux2RM7s=",
    "",
  ])
})

/** Every text that differs in one bit; bytes that are no UTF-8 become other characters. */
function* flips(text: string): Generator<string> {
  const bytes = Buffer.from(text)
  for (let bit = 0; bit < 8 * bytes.length; bit++) {
    const copy = Buffer.from(bytes)
    const at = Math.floor(bit / 8)
    copy[at] = (copy[at] as number) ^ (1 << (bit % 8))
    yield copy.toString()
  }
}

test.each(cases)("every bit of the fork at $size against 7 counts", ({ made }) => {
  let tried = 0
  const verifying: string[] = []
  for (const flipped of flips(made.text)) {
    tried += 1
    if (valueOrRefusal(() => verifyEvidence(flipped, undefined, natively))) verifying.push(flipped)
  }
  expect(tried).toBe(8 * made.text.length)
  expect(verifying).toEqual([])
})
