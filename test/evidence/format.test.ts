import { describe, expect, test } from "vitest"
import { LONGEST_EVIDENCE } from "../../src/core/base/limits.ts"
import { makeEntryEvidence } from "../../src/evidence/entry-evidence.ts"
import { formatEvidence, parseEvidence } from "../../src/evidence/format.ts"
import { makeFork } from "../../src/evidence/head-evidence.ts"
import { verifyEvidence } from "../../src/evidence/verification.ts"
import { bodies, mth, proof } from "../reference.ts"
import { expectRefusal, valueOrRefusal } from "../refusals.ts"
import { testSigner } from "../signers.ts"
import {
  alice,
  anyRoot,
  hashedrekordOf,
  headOf,
  log,
  logged,
  noteOf,
  otherLog,
  witness,
} from "./made-cases.ts"

const tree = bodies(9).with(1, hashedrekordOf(alice, "entry"))
const note = noteOf(headOf(tree), [log])
const other = noteOf({ size: 6, root: anyRoot(1) }, [log])
const fork = makeFork(log.vkey, note, other, {
  implied: mth(tree.slice(0, 6)),
  hashes: proof(6, tree),
})
const entry = makeEntryEvidence("unexpected-entry", log.vkey, note, [logged(tree, 1)], "remark")

/** As it was written before files said whether they convict. */
function inFirstForm(text: string): string {
  return formatEvidence({ ...parseEvidence(text), format: "tlog-evidence/v1" })
}

const files = [
  { name: "a fork", text: fork.text },
  { name: "an entry", text: entry.text },
  { name: "a fork in the first form", text: inFirstForm(fork.text) },
  { name: "an entry in the first form", text: inFirstForm(entry.text) },
]

const WORD = /\n(key|convicts|presents) /

function otherVersion(version: string): string {
  return version === "v1" ? "v2" : "v1"
}

function otherWord(_: string, word: string): string {
  return word === "convicts" ? "\npresents " : "\nconvicts "
}

describe.each(files)("parseEvidence() of $name", ({ text }) => {
  test("gives what formats to the same text", () => {
    expect(formatEvidence(parseEvidence(text))).toBe(text)
  })

  const lines = text.slice(0, -1).split("\n")
  const joined = (changed: readonly string[]) => `${changed.join("\n")}\n`

  test("refuses it without any one of its lines but the remark and hashes", () => {
    const names = [
      "tlog-evidence/v1",
      "tlog-evidence/v2",
      "key",
      "kind",
      "convicts",
      "presents",
      "note",
      "old",
      "new",
      "index",
      "entry",
    ]
    const tried = lines.flatMap((line, i) =>
      names.includes(line.split(" ")[0] ?? "") ? [lines.toSpliced(i, 1)] : [],
    )
    expect(tried.length).toBeGreaterThan(4)
    for (const changed of tried) {
      expectRefusal("malformed", () => verifyEvidence(joined(changed)))
    }
  })

  test("refuses any two lines in the other order, unless nothing but proof hashes move", () => {
    for (let i = 1; i < lines.length; i++) {
      const [a, b] = [lines[i - 1] as string, lines[i] as string]
      if (a.split(" ")[0] === b.split(" ")[0] || !/ /.test(a + b)) continue
      expectRefusal("malformed", () => parseEvidence(joined(lines.with(i - 1, b).with(i, a))))
    }
  })

  test("refuses lines that it does not know, wherever they stand", () => {
    for (let i = 1; i <= lines.length; i++) {
      for (const line of ["", "extra line", "Kind fork"]) {
        expectRefusal("malformed", () => parseEvidence(joined(lines.toSpliced(i, 0, line))))
      }
    }
  })

  test.each([
    { name: "CRLF", changed: text.replaceAll("\n", "\r\n") },
    { name: "no LF at the end", changed: text.slice(0, -1) },
    { name: "a second LF at the end", changed: `${text}\n` },
    { name: "a space at the end of a line", changed: text.replace("\nkind", " \nkind") },
    { name: "two spaces", changed: text.replace(WORD, "\n$1  ") },
    { name: "another version", changed: text.replace(/v[12]/, "v3") },
    { name: "the other version", changed: text.replace(/v[12]/, otherVersion) },
    { name: "the other word", changed: text.replace(WORD, otherWord) },
    { name: "base64 without padding", changed: text.replace(/=\n/, "\n") },
    { name: "base64 with other trailing bits", changed: text.replace(/([A-Z])=\n/, "$1B\n") },
  ])("refuses $name", ({ changed }) => {
    expect(changed).not.toBe(text)
    expectRefusal("malformed", () => parseEvidence(changed))
  })

  test("refuses an unknown kind, and an unknown type of key", () => {
    expectRefusal("unsupported", () => parseEvidence(text.replace(/kind .*/, "kind odd")))
    const key = `log.example/test+00000000+${Buffer.from([0x09, 1]).toString("base64")}`
    expectRefusal("unsupported", () =>
      parseEvidence(text.replace(/\n(key|convicts|presents) .*/, `\n$1 ${key}`)),
    )
  })

  test("refuses it cut short anywhere but between two lines", () => {
    for (let end = 0; end < text.length; end++) {
      const cut = text.slice(0, end)
      const file = valueOrRefusal(() => parseEvidence(cut))
      if (!cut.endsWith("\n")) expect(file).toBeUndefined()
    }
  })
})

test("parseEvidence() refuses decimals that are not as they would be printed", () => {
  for (const index of ["01", "+1", "1.0", "-1", "1e0", "0x1", `${2 ** 53}`, ""]) {
    expectRefusal("malformed", () =>
      parseEvidence(entry.text.replace("index 1\n", `index ${index}\n`)),
    )
  }
})

test("parseEvidence() reads a file with the most lines that there can be", () => {
  const file = parseEvidence(entry.text)
  const hashes = Array.from({ length: 63 }, (_, i) => anyRoot(i))
  const places = [0, 1].map((index) => {
    return { index, body: Uint8Array.of(1), payload: Uint8Array.of(2), path: hashes }
  })
  const witnesses = Array.from({ length: 16 }, (_, i) => testSigner(`w${i}`, 4, 30 + i).vkey)
  const promise = { promised: Uint8Array.of(1), signature: Uint8Array.of(2) }
  const all = { ...file, witnesses, old: note, new: note, implied: anyRoot(1), hashes }
  const text = formatEvidence({ ...all, promise, places })
  expect(text.split("\n")).toHaveLength(222)
  expect(parseEvidence(text)).toMatchObject({ places, promise })
  expectRefusal("malformed", () => parseEvidence(text + text))
})

test("parseEvidence() refuses more than 63 hashes and more than 1 MiB", () => {
  const file = parseEvidence(fork.text)
  const long = { ...file, hashes: Array.from({ length: 63 }, (_, i) => anyRoot(i)) }
  expect(parseEvidence(formatEvidence(long)).hashes).toHaveLength(63)
  const longer = { ...file, hashes: [...long.hashes, anyRoot(63)] }
  expectRefusal("too-large", () => parseEvidence(formatEvidence(longer)))
  expectRefusal("too-large", () => parseEvidence("x".repeat(LONGEST_EVIDENCE + 1)))
})

describe("verifyEvidence()", () => {
  test("refuses signature lines that are not the convicted key's", () => {
    const file = parseEvidence(fork.text)
    for (const stray of [otherLog, witness]) {
      const changed = { ...file, new: noteOf(headOf(tree), [log, stray]) }
      expectRefusal("malformed", () => verifyEvidence(formatEvidence(changed)))
    }
    const [text = "", line = ""] = note.split("\n\n")
    const twice = { ...file, new: `${text}\n\n${line}${line}` }
    expectRefusal("malformed", () => verifyEvidence(formatEvidence(twice)))
  })

  test("refuses lines that the kind never has", () => {
    const file = parseEvidence(fork.text)
    const { places } = parseEvidence(entry.text)
    const strangers = [
      { places },
      { remark: "of no account" },
      { note },
      { witnesses: [witness.vkey] },
      { promise: { promised: Uint8Array.of(1), signature: Uint8Array.of(2) } },
    ]
    for (const stranger of strangers) {
      expectRefusal("malformed", () => verifyEvidence(formatEvidence({ ...file, ...stranger })))
    }
    const { implied: _, ...unbound } = file
    expectRefusal("malformed", () => verifyEvidence(formatEvidence(unbound)))
  })

  test("convicts the key that is asked for and no other", () => {
    expect(verifyEvidence(fork.text, log.vkey).id).toBe(fork.id)
    expectRefusal("untrusted", () => verifyEvidence(fork.text, otherLog.vkey))
  })
})
