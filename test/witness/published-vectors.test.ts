// The requests that the witnesses of others are tested with (FiloSottile/torchwood, litewitness), in order,
// and the end-to-end vectors with deterministic keys.
import { describe, expect, test } from "vitest"
import { utf8 } from "../../src/core/base/bytes.ts"
import type { Refusal } from "../../src/core/base/errors.ts"
import { formatHex } from "../../src/core/base/text.ts"
import { parseVkey } from "../../src/core/note/note.ts"
import { parseOrigin } from "../../src/core/note/origin.ts"
import { EMPTY_HEAD } from "../../src/core/tree/hash.ts"
import { OldSizeConflict } from "../../src/witness/witness.ts"
import { mth, proof, sha256, singleBytes } from "../reference.ts"
import { testSigner } from "../signers.ts"
import { createMemoryWitnessStore } from "../storage/memory/witness-store.ts"
import { mlDsaCosigner } from "./ml-dsa-cosigner.ts"
import {
  H1,
  H2,
  H3,
  H4,
  H5,
  H6,
  HX,
  note,
  O,
  R1,
  R3,
  R5,
  S1,
  S3,
  S5,
  SF,
  SX,
  vectorVkey,
} from "./published-values.ts"
import { startWitness } from "./running-witness.ts"
import { testCosigner } from "./test-log.ts"

const OTHER = O.replace(/2$/, "3")

type Step = readonly [
  name: string,
  old: number,
  proof: readonly string[],
  note: string,
  expected: Refusal["code"] | number | "cosigned",
]

const steps: readonly Step[] = [
  ["the first checkpoint", 0, [], note("1", R1, S1), "cosigned"],
  ["a spoilt signature", 1, [H1, H2], note("3", R3, SX), "bad-signature"],
  ["an unknown log", 1, [H1, H2], note("3", R3, S3, OTHER), "not-found"],
  ["no proof", 1, [], note("3", R3, S3), "bad-proof"],
  ["a wrong proof", 1, [H1, HX], note("3", R3, S3), "bad-proof"],
  ["a step on", 1, [H1, H2], note("3", R3, S3), "cosigned"],
  ["the old size of before", 1, [H1, H6, H4], note("5", R5, S5), 3],
  ["another step on", 3, [H2, H3, H5, H4], note("5", R5, S5), "cosigned"],
  ["old size 0", 0, [], note("5", R5, S5), 5],
  ["a note without signatures", 5, [], `${O}\n5\n${R5}\n`, "malformed"],
  ["a size in words", 5, [], note("five", R1, SF), "malformed"],
]

describe("the published requests of a fresh witness, in order", async () => {
  const log = { origin: parseOrigin(O), vkeys: [parseVkey(vectorVkey)] }
  const { witness } = await startWitness({ logs: [log] })

  test.each(steps)("%s", async (_, old, hashes, text, expected) => {
    const body = utf8(
      ["old", ` ${old}\n`, ...hashes.map((hash) => `${hash}\n`), `\n${text}`].join(""),
    )
    const answer = await witness.addCheckpoint(body).catch((reason: unknown) => reason)
    if (expected === "cosigned")
      expect(answer).toMatchObject({ lines: expect.stringMatching(/^— /) })
    else if (typeof expected === "string") expect(answer).toMatchObject({ code: expected })
    else {
      expect(answer).toBeInstanceOf(OldSizeConflict)
      expect(answer).toMatchObject({ code: "conflict", size: expected })
    }
  })
})

describe("the end-to-end vectors", () => {
  const origin = parseOrigin("log.example/test")
  const logKey = testSigner(origin, 1, 1)
  const request = `old 5
${proof(5, singleBytes(14))
  .map((hash) => Buffer.from(hash).toString("base64"))
  .join("\n")}

log.example/test
14
pjSxv7zt/y45/+aSAblIZGIQ9OlCvvAbPP4eUWXJU9Y=

— log.example/test +uIDU2VsUb3sjtOD9WCbdrNyc8TmD1QzDr8v1aJqvxkoXssYBgBMdvpXRvbjJlRgFuXH0hcqkQV4bmGfyyisub/wcQA=
`
  const COSIGNATURE =
    "— witness.example/w1 3xwKNQAAAABlU/EA9TglBoqNvoc0Z16NC4llS5odD2mpG2Ev+VI4xN+7iuimRJMd21Qj2DOvIUACLjMPVt+irxLYOlujZEl9fRXWAA==\n"

  async function atFive(cosigners: readonly ReturnType<typeof testCosigner>[]) {
    const store = createMemoryWitnessStore()
    const root = mth(singleBytes(5))
    const text = `log.example/test\n5\n${Buffer.from(root).toString("base64")}\n`
    const head = { origin, size: 5, root }
    const line = logKey.sign(text, head, 0)
    const signed = Buffer.concat([Buffer.from("fae20353", "hex"), line.signature])
    const to = {
      ...head,
      note: `${text}\n— log.example/test ${signed.toString("base64")}\n`,
      time: 1_699_999_999,
    }
    await store.advance([{ origin, from: EMPTY_HEAD, to }])
    const log = { origin, vkeys: [logKey.vkey] }
    return await startWitness({ store, logs: [log], cosigners }, { time: 1_700_000_000 })
  }

  test("the answer to the published request is the published line", async () => {
    const { witness } = await atFive([testCosigner()])
    expect(await witness.addCheckpoint(utf8(request))).toEqual({ lines: COSIGNATURE })
    expect(witness.checkpoint(origin)).toBe(
      `${request.slice(request.indexOf("\n\n") + 2)}${COSIGNATURE}`,
    )
  })

  test("an ML-DSA-44 key adds a line of its own, in the order of the keys", async () => {
    const mlDsa = mlDsaCosigner("witness.example/w1", 3)
    const { witness } = await atFive([testCosigner(), mlDsa])
    const { lines } = await witness.addCheckpoint(utf8(request))
    const [first = "", second = "", rest] = lines.split(/(?<=\n)/)
    expect(first).toBe(COSIGNATURE)
    expect(rest).toBeUndefined()
    const blob = Buffer.from(second.split(" ")[2] ?? "", "base64")
    expect(blob.subarray(0, 12).toString("hex")).toBe("ca57e9ac000000006553f100")
    expect(second).toHaveLength(3268 - 2)
    expect(formatHex(sha256(blob.subarray(12)))).toBe(
      "137b167e11f769ce26da7d2be07a59593b20a5cf04790114da910a31548c60ba",
    )
  })
})
