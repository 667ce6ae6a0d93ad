import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { utf8 } from "../../../src/core/base/bytes.ts"
import { parseNote } from "../../../src/core/note/note.ts"
import { checkPolicy, parsePolicy } from "../../../src/core/note/policy.ts"
import {
  formatTlogProof,
  parseTlogProof,
  type TlogProof,
} from "../../../src/core/note/tlog-proof.ts"
import { asHash } from "../../../src/core/tree/hash.ts"
import { verifyInclusion } from "../../../src/core/tree/proof.ts"
import { nodeHasher, path, singleBytes } from "../../reference.ts"
import { expectRefusal, valueOrRefusal } from "../../refusals.ts"

const CHECKPOINT = `log.example/test
14
pjSxv7zt/y45/+aSAblIZGIQ9OlCvvAbPP4eUWXJU9Y=

— log.example/test +uIDU2VsUb3sjtOD9WCbdrNyc8TmD1QzDr8v1aJqvxkoXssYBgBMdvpXRvbjJlRgFuXH0hcqkQV4bmGfyyisub/wcQA=
— witness.example/w1 3xwKNQAAAABlU/EA9TglBoqNvoc0Z16NC4llS5odD2mpG2Ev+VI4xN+7iuimRJMd21Qj2DOvIUACLjMPVt+irxLYOlujZEl9fRXWAA==
`
const HASHES = `8Jp6EpVBaa5ZXRLYcOaaTACSADFX1yUj1ibSo5kCQeI=
9+COmp6HgivXmgvyTRTHpDG+gHM2vTxQzLLSSbKpFAQ=
Omno2fsjDdxCSaFF7tU4MOERloVL1OWIB2PyTlXuyT0=
739JtiD2x+qbljohTaNLUCHG3tjtV3NDgKMRq3JqqQc=
`
const FILE = `c2sp.org/tlog-proof@v1
index 10
${HASHES}
${CHECKPOINT}`

const proof: TlogProof = {
  index: 10,
  path: path(10, singleBytes(14)),
  checkpoint: CHECKPOINT,
}

describe("the published proof of entry 10", () => {
  test("formatTlogProof() prints it and parseTlogProof() reads it", () => {
    expect(formatTlogProof(proof)).toBe(FILE)
    expect(parseTlogProof(FILE)).toEqual(proof)
    expect(parseTlogProof(utf8(FILE))).toEqual(proof)
  })

  test("it verifies under the published policy", () => {
    const { index, path: hashes, checkpoint } = parseTlogProof(FILE)
    const policy =
      parsePolicy(`log log.example/test+fae20353+AYqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29c
witness W1 witness.example/w1+df1c0a35+BIE5dw6ofRdfVqNUZsNMfszLjYqRtO43ol32D1uPybOU
quorum W1
`)
    const head = checkPolicy(policy, parseNote(checkpoint)).checkpoint
    const leaf = nodeHasher.leaf(Uint8Array.of(10))
    verifyInclusion(leaf, index, head, hashes)
    expectRefusal("bad-proof", () => verifyInclusion(leaf, 11, head, hashes))
    expectRefusal("bad-proof", () => verifyInclusion(leaf, 14, head, hashes))
  })
})

describe("parseTlogProof()", () => {
  test("reads an extra line, and a proof without hashes", () => {
    const file = `c2sp.org/tlog-proof@v1\nextra AAE=\nindex 0\n\n${CHECKPOINT}`
    const parsed = parseTlogProof(file)
    expect(parsed).toEqual({
      index: 0,
      path: [],
      extra: Uint8Array.of(0, 1),
      checkpoint: CHECKPOINT,
    })
    expect(formatTlogProof(parsed)).toBe(file)
  })

  test("splits at the first empty line, since the checkpoint has one of its own", () => {
    expect(parseTlogProof(FILE).checkpoint).toBe(CHECKPOINT)
    const other = FILE.replace("log.example/test\n14", "a\n\nlog.example/test\n14")
    expect(parseTlogProof(other).checkpoint.startsWith("a\n\nlog")).toBe(true)
  })

  const hash = HASHES.split("\n")[0]
  const refused: Record<string, string> = {
    nothing: "",
    "another version": FILE.replace("@v1", "@v2"),
    "a file without an empty line": FILE.slice(0, FILE.indexOf("\n\n") + 1),
    "a file without a checkpoint": FILE.slice(0, FILE.indexOf("\n\n") + 2),
    "a checkpoint without signatures": FILE.slice(0, FILE.indexOf("— ")),
    "a cut last line": FILE.slice(0, -1),
    "a file without an index": FILE.replace("index 10\n", ""),
    "an index with a leading zero": FILE.replace("index 10", "index 010"),
    "an index above 2^53-1": FILE.replace("index 10", "index 9007199254740992"),
    "an index in upper case": FILE.replace("index", "Index"),
    "two spaces before the index": FILE.replace("index ", "index  "),
    "extra after the index": FILE.replace("index 10\n", "index 10\nextra AAE=\n"),
    "two extra lines": FILE.replace("index", "extra AAE=\nextra AAE=\nindex"),
    "an empty extra line": FILE.replace("index", "extra \nindex"),
    "an extra line that is not base64": FILE.replace("index", "extra ?\nindex"),
    "a hash of another length": FILE.replace(`${hash}`, "AAE="),
    "carriage returns": FILE.replaceAll("\n", "\r\n"),
    "64 hashes": FILE.replace(HASHES, `${hash}\n`.repeat(64)),
  }
  for (const [name, file] of Object.entries(refused)) {
    test(`refuses ${name}`, () => {
      expect(file).not.toBe(FILE)
      expectRefusal("malformed", () => parseTlogProof(file))
    })
  }

  test("takes 63 hashes and refuses more than 512 KiB", () => {
    expect(parseTlogProof(FILE.replace(HASHES, `${hash}\n`.repeat(63))).path).toHaveLength(63)
    expectRefusal("too-large", () => parseTlogProof(FILE + "a".repeat(524_288)))
  })

  test("gives back what formatTlogProof() prints", () => {
    const bytes = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((hash) => asHash(hash))
    const value = fc.record(
      {
        index: fc.maxSafeNat(),
        path: fc.array(bytes, { maxLength: 63 }),
        extra: fc.uint8Array({ minLength: 1 }),
        checkpoint: fc.constant(CHECKPOINT),
      },
      { requiredKeys: ["index", "path", "checkpoint"] },
    )
    fc.assert(
      fc.property(value, (candidate) => {
        expect(parseTlogProof(formatTlogProof(candidate as TlogProof))).toEqual(candidate)
      }),
    )
    expect(formatTlogProof({ ...proof, extra: new Uint8Array(0) })).toBe(FILE)
  })

  test("takes only what formatTlogProof() prints", () => {
    const line = fc.constantFrom("c2sp.org/tlog-proof@v1", "extra AAE=", "index 1", `${hash}`, "")
    const prefix = fc.array(line, { maxLength: 6 }).map((lines) => lines.join("\n"))
    fc.assert(
      fc.property(prefix, (start) => {
        const file = `c2sp.org/tlog-proof@v1\n${start}\n\n${CHECKPOINT}`
        const parsed = valueOrRefusal(() => parseTlogProof(file))
        if (parsed) expect(formatTlogProof(parsed)).toBe(file)
      }),
      { numRuns: 1000 },
    )
  })
})
