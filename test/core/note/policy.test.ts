import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { concat, utf8 } from "../../../src/core/base/bytes.ts"
import { formatCheckpoint } from "../../../src/core/note/checkpoint.ts"
import { formatVkey, makeVkey, type NoteSignature, parseNote } from "../../../src/core/note/note.ts"
import { checkPolicy, parsePolicy } from "../../../src/core/note/policy.ts"
import { mth, singleBytes } from "../../reference.ts"
import { expectRefusal, valueOrRefusal } from "../../refusals.ts"
import { testSigner } from "../../signers.ts"

const LOG = "log.example/test+fae20353+AYqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29c"
const W1 = "witness.example/w1+df1c0a35+BIE5dw6ofRdfVqNUZsNMfszLjYqRtO43ol32D1uPybOU"
const EXAMPLE = `log ${LOG} https://log.example/test/
witness W1 ${W1} https://w1.example/
group G any W1
quorum G
`
const NOTE = parseNote(`log.example/test
14
pjSxv7zt/y45/+aSAblIZGIQ9OlCvvAbPP4eUWXJU9Y=

— log.example/test +uIDU2VsUb3sjtOD9WCbdrNyc8TmD1QzDr8v1aJqvxkoXssYBgBMdvpXRvbjJlRgFuXH0hcqkQV4bmGfyyisub/wcQA=
— witness.example/w1 3xwKNQAAAABlU/EA9TglBoqNvoc0Z16NC4llS5odD2mpG2Ev+VI4xN+7iuimRJMd21Qj2DOvIUACLjMPVt+irxLYOlujZEl9fRXWAA==
`)
const TIME = 1_700_000_000

const head = { origin: "log.example/test", size: 14, root: mth(singleBytes(14)) }
const text = formatCheckpoint(head.origin, head)
const log = testSigner(head.origin, 1, 1)
const witnesses = [2, 3, 4, 5, 6].map((seed) => testSigner(`witness.example/w${seed}`, 4, seed))
const vkeyOf = (seed: number) => formatVkey(testSigner(`witness.example/w${seed}`, 4, seed).vkey)

describe("parsePolicy()", () => {
  test("reads the published example", () => {
    const policy = parsePolicy(EXAMPLE)
    expect(policy.logs.map(({ vkey, url }) => [formatVkey(vkey), url])).toEqual([
      [LOG, "https://log.example/test/"],
    ])
    expect(policy.witnesses.map(({ name, vkey, url }) => [name, formatVkey(vkey), url])).toEqual([
      ["W1", W1, "https://w1.example/"],
    ])
    expect(policy.groups).toEqual([{ name: "G", threshold: 1, members: ["W1"] }])
    expect(policy.quorum).toBe("G")
    expect(parsePolicy(utf8(EXAMPLE))).toEqual(policy)
  })

  test("takes spaces, tabs, comments, empty lines, and logs after the quorum", () => {
    const policy = parsePolicy(
      `\n # log comment\n\t witness \t W1  ${W1} \nquorum W1\n\nlog\t${LOG}\n`,
    )
    expect(policy.logs).toHaveLength(1)
    expect(policy.logs[0]).not.toHaveProperty("url")
    expect(policy.quorum).toBe("W1")
  })

  test("takes an origin with blanks from a line that is a comment to others", () => {
    const line = "#countersign:origin log.example - 1193050959916656506"
    const { logs } = parsePolicy(`log ${LOG}\n${line}\n#countersign:origin a+b\nquorum none\n`)
    expect(logs[0]?.origins).toEqual(["log.example - 1193050959916656506", "a+b"])
    expect(parsePolicy(`log ${LOG}\n# countersign:origin x\nquorum none\n`).logs[0]).toEqual({
      vkey: logs[0]?.vkey,
    })
    expectRefusal("malformed", () => parsePolicy(`${line}\nlog ${LOG}\nquorum none\n`))
    expectRefusal("malformed", () => parsePolicy(`log ${LOG}\n${line}\n${line}\nquorum none\n`))
  })

  test("takes a quorum of none, and no logs", () => {
    expect(parsePolicy("quorum none\n")).toEqual({
      logs: [],
      witnesses: [],
      groups: [],
      quorum: "none",
    })
  })

  test("takes the same key as log and as witness, and a witness that is in no group", () => {
    const both = testSigner("both.example", 4, 7)
    const vkey = formatVkey(both.vkey)
    expect(parsePolicy(`log ${vkey}\nwitness W ${vkey}\nquorum none\n`).witnesses).toHaveLength(1)
  })

  test("takes names that are no UTF-8 and keeps them apart", () => {
    const names = ["4b", "e284aa", "e9", "c3a9"].map((hex) => Buffer.from(hex, "hex"))
    const lines = names.map((name, i) =>
      concat(utf8("witness "), name, utf8(` ${vkeyOf(2 + i)}\n`)),
    )
    const policy = parsePolicy(concat(...lines, utf8("quorum "), Uint8Array.of(0xe9), utf8("\n")))
    expect(new Set(policy.witnesses.map(({ name }) => name)).size).toBe(4)
    expect(policy.quorum).toBe("é")
    expect(policy.witnesses[2]?.name).toBe(policy.quorum)
  })

  test("takes 32 logs, witnesses and groups", () => {
    const seeds = Array.from({ length: 32 }, (_, i) => i + 10)
    const logs = seeds.map((seed) => `log ${formatVkey(testSigner("l.example", 1, seed).vkey)}\n`)
    const lines = seeds.map((seed) => `witness W${seed} ${vkeyOf(seed)}\n`)
    const groups = seeds.map((seed) => `group G${seed} any W${seed}\n`)
    const policy = parsePolicy(`${[...logs, ...lines, ...groups].join("")}quorum G10\n`)
    expect(policy.groups).toHaveLength(32)
  })

  const [a, b] = [`witness A ${vkeyOf(2)}\n`, `witness B ${vkeyOf(3)}\n`]
  const q = "quorum none\n"
  const refused: Record<string, string> = {
    "an empty file": "",
    "a file without a quorum": `log ${LOG}\n`,
    "a file cut before its last line feed": EXAMPLE.slice(0, -1),
    "two quorum lines": `${q}${q}`,
    "an unknown keyword": `${q}trust me\n`,
    "an upper-case keyword": `Quorum none\n`,
    "carriage returns": EXAMPLE.replaceAll("\n", "\r\n"),
    "U+007F": `# \u007f\n${q}`,
    "a NUL": `# \u0000\n${q}`,
    "a trailing comment": `quorum none # comment\n`,
    "a quorum without a name": "quorum\n",
    "a quorum of an unknown name": "quorum X\n",
    "a quorum before its definition": `quorum A\n${a}`,
    "a log without a key": `log\n${q}`,
    "a log with extra fields": `log ${LOG} url extra\n${q}`,
    "a log with a damaged key": `log ${LOG.replace("fae2", "fae3")}\n${q}`,
    "a log twice": `log ${LOG}\nlog ${LOG}\n${q}`,
    "a witness without a key": `witness A\n${q}`,
    "a witness with extra fields": `${a.slice(0, -1)} url extra\n${q}`,
    "a witness with a key that signs texts": `witness A ${LOG}\n${q}`,
    "a witness named none": `witness none ${vkeyOf(2)}\n${q}`,
    "a name twice": `${a}witness A ${vkeyOf(3)}\n${q}`,
    "a group with a witness's name": `${a}${b}group A any B\n${q}`,
    "a group named none": `${a}group none any A\n${q}`,
    "a group without members": `${a}group G any\n${q}`,
    "a group without a threshold": `${a}group G\n${q}`,
    "a group of an unknown name": `${a}group G any X\n${q}`,
    "a group of itself": `${a}group G any G\n${q}`,
    "a group before its member": `group G any A\n${a}${q}`,
    "a group of none": `${a}group G any none\n${q}`,
    "a member twice in one group": `${a}group G all A A\n${q}`,
    "a member of two groups": `${a}group G any A\ngroup H any A\n${q}`,
    "a threshold of 0": `${a}group G 0 A\n${q}`,
    "a threshold above the members": `${a}${b}group G 3 A B\n${q}`,
    "a threshold with a leading zero": `${a}group G 01 A\n${q}`,
    "a threshold in words": `${a}group G most A\n${q}`,
  }
  for (const [name, file] of Object.entries(refused)) {
    test(`refuses ${name}`, () => {
      expectRefusal("malformed", () => parsePolicy(file))
    })
  }

  test("refuses one key under two names, key IDs and types", () => {
    const { publicKey } = testSigner("a.example", 1, 1).vkey
    const logOf = (name: string, type: 1 | 4) =>
      `log ${formatVkey(makeVkey(name, type, publicKey))}\n`
    for (const other of [logOf("b.example", 1), logOf("a.example", 4)]) {
      expectRefusal("malformed", () => parsePolicy(`${logOf("a.example", 1)}${other}${q}`))
    }
    const again = `witness B ${formatVkey(makeVkey("c.example", 4, testSigner("b.example", 4, 2).vkey.publicKey))}\n`
    expectRefusal("malformed", () => parsePolicy(`${a}${again}${q}`))
  })

  test("refuses more than 1 MiB and unsupported key types", () => {
    expectRefusal("too-large", () => parsePolicy(`${"\n".repeat(1_048_576)}quorum none\n`))
    expectRefusal("unsupported", () => parsePolicy("log a+00000000+/w==\nquorum none\n"))
  })

  test("gives a policy or a refusal for every file", () => {
    const word = fc.constantFrom("log", "witness", "group", "quorum", "A", "B", "none", "any", "1")
    const piece = fc.oneof(word, fc.constantFrom(LOG, W1, "\n", "\n", "\n", "#", "é", "\r"))
    const file = fc.array(piece, { maxLength: 30 }).map((pieces) => `${pieces.join(" ")}\n`)
    fc.assert(
      fc.property(fc.oneof(file, fc.uint8Array()), (input) => {
        const policy = valueOrRefusal(() => parsePolicy(input))
        if (policy) expect(typeof policy.quorum).toBe("string")
      }),
      { numRuns: 1000 },
    )
  })
})

describe("checkPolicy()", () => {
  test("a log with an origin of its own is trusted under that one, and no more under the name of its key", () => {
    const origin = "A log + its tree"
    const policy = (line: string) =>
      parsePolicy(`log ${formatVkey(log.vkey)}\n${line}\nquorum none\n`)
    const own = formatCheckpoint(origin, head)
    const note = { text: own, signatures: [log.sign(own, head, 0)] }
    expect(checkPolicy(policy(`#countersign:origin ${origin}`), note).checkpoint).toMatchObject({
      origin,
      size: 14,
    })
    expectRefusal("untrusted", () => checkPolicy(policy("#"), note))
    const named = { text, signatures: [log.sign(text, head, 0)] }
    expect(checkPolicy(policy("#"), named).checkpoint.origin).toBe(head.origin)
    expectRefusal("untrusted", () => checkPolicy(policy(`#countersign:origin ${origin}`), named))
  })

  const all = witnesses.map((witness, i) => `witness W${i} ${formatVkey(witness.vkey)}\n`).join("")
  const policyWith = (rules: string) => parsePolicy(`log ${LOG}\n${all}${rules}`)
  const lineOf = (i: number, time = TIME) =>
    (witnesses[i] as (typeof witnesses)[number]).sign(text, head, time)
  const check = (rules: string, cosigned: readonly number[]) =>
    checkPolicy(policyWith(rules), noteWith(cosigned.map((i) => lineOf(i))))
  const noteWith = (lines: readonly NoteSignature[]) => ({
    text,
    signatures: [log.sign(text, head, 0), ...lines],
  })

  test("accepts the published checkpoint under the published policy", () => {
    expect(checkPolicy(parsePolicy(EXAMPLE), NOTE)).toEqual({
      checkpoint: { ...head, extensions: [] },
      cosignatures: [{ name: "witness.example/w1", time: TIME }],
    })
  })

  test("takes every cosignature of a listed witness along, also with a quorum of none", () => {
    expect(check("quorum none\n", []).cosignatures).toEqual([])
    expect(check("quorum none\n", [0, 3]).cosignatures.map(({ name }) => name)).toEqual([
      "witness.example/w2",
      "witness.example/w5",
    ])
  })

  test("asks for the one witness that is the quorum", () => {
    check("quorum W1\n", [1])
    expectRefusal("untrusted", () => check("quorum W1\n", [0, 2, 3, 4]))
  })

  test("counts any, all and numbers of members, for every set of cosigners", () => {
    const groups = { any: 1, "2": 2, all: 3 }
    for (const [word, threshold] of Object.entries(groups)) {
      const rules = `group G ${word} W0 W1 W2\nquorum G\n`
      for (const cosigned of [[], [0], [2], [0, 1], [1, 2], [0, 1, 2], [3, 4], [0, 3, 4]]) {
        const members = cosigned.filter((i) => i < 3).length
        if (members >= threshold) check(rules, cosigned)
        else expectRefusal("untrusted", () => check(rules, cosigned))
      }
    }
  })

  test("counts groups of groups", () => {
    const rules = "group X 2 W0 W1 W2\ngroup Y any W3 W4\ngroup Z all X Y\nquorum Z\n"
    check(rules, [0, 2, 4])
    check(rules, [0, 1, 2, 3, 4])
    for (const cosigned of [[0, 1, 2], [0, 3, 4], [3, 4], []]) {
      expectRefusal("untrusted", () => check(rules, cosigned))
    }
  })

  test("counts a chain of ten thousand groups", () => {
    const chain = Array.from({ length: 10_000 }, (_, i) => `group G${i + 1} any G${i}\n`).join("")
    const rules = `group G0 any W0\n${chain}quorum G10000\n`
    check(rules, [0])
    expectRefusal("untrusted", () => check(rules, [1]))
  })

  test("says which witnesses are missing, and names none that would not count", () => {
    const rules = "group X 2 W0 W1 W2\nquorum X\n"
    const { message } = expectRefusal("untrusted", () => check(rules, [1, 4]))
    expect(message).toContain("W0 (witness.example/w2), W2 (witness.example/w4)")
    expect(message).not.toMatch(/W1|W3|W4/)
  })

  test("does not count a cosignature without a time", () => {
    const policy = policyWith("quorum W0\n")
    checkPolicy(policy, noteWith([lineOf(0)]))
    expectRefusal("untrusted", () => checkPolicy(policy, noteWith([lineOf(0, 0)])))
  })

  test("does not count one witness twice", () => {
    const policy = policyWith("group G 2 W0 W1\nquorum G\n")
    const note = noteWith([lineOf(0), lineOf(0, TIME + 1)])
    expectRefusal("untrusted", () => checkPolicy(policy, note))
  })

  test("refuses a known witness's bad signature even if the quorum is reached without it", () => {
    const policy = policyWith("quorum W0\n")
    const other = testSigner("witness.example/w3", 4, 99)
    const forged = { ...lineOf(1), signature: other.sign(text, head, TIME).signature }
    expectRefusal("bad-signature", () => checkPolicy(policy, noteWith([lineOf(0), forged])))
  })

  test("asks for the signature of a listed log of the checkpoint's origin", () => {
    const policy = policyWith("quorum none\n")
    expectRefusal("untrusted", () => checkPolicy(policy, { text, signatures: [lineOf(0)] }))
    const impostor = testSigner(head.origin, 1, 99)
    const forged = { text, signatures: [impostor.sign(text, head, 0), lineOf(0)] }
    expectRefusal("untrusted", () => checkPolicy(policy, forged))
    const damaged = { ...log.sign(text, head, 0), signature: new Uint8Array(64) }
    expectRefusal("bad-signature", () => checkPolicy(policy, { text, signatures: [damaged] }))
  })

  test("does not let one listed log sign for the origin of another", () => {
    const other = testSigner("other.example", 1, 8)
    const policy = parsePolicy(`log ${LOG}\nlog ${formatVkey(other.vkey)}\nquorum none\n`)
    const otherHead = { ...head, origin: "other.example" }
    const otherText = formatCheckpoint(otherHead.origin, otherHead)
    checkPolicy(policy, { text: otherText, signatures: [other.sign(otherText, otherHead, 0)] })
    const crossed = { text: otherText, signatures: [log.sign(otherText, otherHead, 0)] }
    expectRefusal("untrusted", () => checkPolicy(policy, crossed))
    const unlisted = formatCheckpoint("third.example", head)
    const signed = { text: unlisted, signatures: [log.sign(unlisted, head, 0)] }
    expectRefusal("untrusted", () => checkPolicy(policy, signed))
  })

  test("takes a log and witnesses with ML-DSA-44 keys", () => {
    const [mlLog, mlWitness] = [testSigner(head.origin, 6, 1), testSigner("w.example", 6, 2)]
    const file = `log ${formatVkey(mlLog.vkey)}\nwitness W ${formatVkey(mlWitness.vkey)}\nquorum W\n`
    const signatures = [mlLog.sign(text, head, 5), mlWitness.sign(text, head, 6)]
    expect(checkPolicy(parsePolicy(file), { text, signatures }).cosignatures).toEqual([
      { name: "w.example", time: 6 },
    ])
  })
})
