import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, expect, test } from "vitest"
import { LONGEST_EVIDENCE } from "../../../src/core/base/limits.ts"
import { formatVkey } from "../../../src/core/note/note.ts"
import { makeEntryEvidence } from "../../../src/evidence/entry-evidence.ts"
import { formatEvidence, parseEvidence } from "../../../src/evidence/format.ts"
import { makeFork, makeWitnessRollback } from "../../../src/evidence/head-evidence.ts"
import {
  alice,
  anyRoot,
  hashedrekordOf,
  headOf,
  log,
  logged,
  noteOf,
  ORIGIN,
  otherLog,
  TIME,
  witness,
} from "../../evidence/made-cases.ts"
import { bodies } from "../../reference.ts"
import { noNetwork, run } from "../command/fake-terminal.ts"

const folder = mkdtempSync(join(tmpdir(), "countersign-evidence-"))
afterAll(() => rmSync(folder, { recursive: true }))

function write(name: string, content: string | Uint8Array): string {
  const path = join(folder, name)
  writeFileSync(path, content)
  return path
}

const [one, other] = [1, 2].map((seed) => noteOf({ size: 5, root: anyRoot(seed) }, [log])) as [
  string,
  string,
]
const fork = makeFork(log.vkey, one, other)
const file = write("fork.evidence", fork.text)

function verify(...words: readonly string[]) {
  return run(["evidence", "verify", ...words], { fetch: noNetwork })
}

test("countersign evidence verify says what a file proves, and warns that its key is its own word", async () => {
  const { code, out, err } = await verify(file)
  expect(code).toBe(0)
  expect(out).toContain(`convicts: fork by ${ORIGIN}`)
  expect(out).toContain(fork.id)
  expect(out).toContain(formatVkey(log.vkey))
  expect(out).toContain("no tree has both")
  expect(err).toContain("compare it with one from elsewhere")
})

test("countersign evidence verify --key does not warn, and prints JSON on demand", async () => {
  const { code, out, err } = await verify(file, "--key", formatVkey(log.vkey), "--json")
  expect([code, err]).toEqual([0, ""])
  expect(JSON.parse(out)).toMatchObject({
    verified: true,
    format: "tlog-evidence/v2",
    effect: "convicts",
    id: fork.id,
    kind: "fork",
    origin: ORIGIN,
    key: formatVkey(log.vkey),
    witnesses: [],
    freezes: true,
  })
})

test("countersign evidence verify exits with 3 for a case against another key", async () => {
  const words = [file, "--key", formatVkey(otherLog.vkey)]
  const { code, out, err } = await verify(...words)
  expect([code, out]).toEqual([3, ""])
  expect(err).toContain("untrusted")
  const json = await verify(...words, "--json")
  expect(json.code).toBe(3)
  expect(JSON.parse(json.out)).toMatchObject({ verified: false, code: "untrusted" })
})

test("countersign evidence verify exits with 3 for a changed file", async () => {
  const changed = fork.text.replace("kind fork", "kind time")
  expect((await verify(write("changed.evidence", changed))).code).toBe(3)
})

test.each([
  { name: "no evidence at all", content: "hello\n" },
  { name: "bytes that are no text", content: Uint8Array.of(0xff, 0xfe) },
  { name: "an empty file", content: "" },
])("countersign evidence verify exits with 5 for $name", async ({ content }) => {
  const path = write("unreadable.evidence", content)
  expect((await verify(path)).code).toBe(5)
  const json = JSON.parse((await verify(path, "--json")).out)
  expect(json).toMatchObject({ verified: false, judged: false, code: "malformed" })
})

test("countersign evidence verify does not judge a file that is too large", async () => {
  const large = await verify(write("large.evidence", "x".repeat(LONGEST_EVIDENCE + 1)))
  expect(large.code).toBe(5)
  expect(large.err).toContain(`${LONGEST_EVIDENCE}`)
})

test("countersign evidence verify fails for a file that is not there", async () => {
  expect((await verify(join(folder, "missing.evidence"))).code).toBe(1)
})

test("countersign evidence verify takes no key that is none", async () => {
  expect((await verify(file, "--key", "log.example")).code).toBe(2)
  expect((await verify()).code).toBe(2)
})

test("countersign evidence verify names a witness as convicted", async () => {
  const at = (size: number, time: number) =>
    noteOf({ size, root: anyRoot(size) }, [witness], { time })
  const { text } = makeWitnessRollback(witness.vkey, at(5, TIME), at(4, TIME + 1))
  const { code, out } = await verify(write("rollback.evidence", text))
  expect(code).toBe(0)
  expect(out).toContain(formatVkey(witness.vkey))
  expect(out).toContain("the witness's own clock")
})

test("countersign evidence verify says that a file presents something, and never that it convicts", async () => {
  const tree = bodies(4).with(1, hashedrekordOf(alice, "entry"))
  const note = noteOf(headOf(tree), [log])
  const { text } = makeEntryEvidence("unexpected-entry", log.vkey, note, [logged(tree, 1)])
  const presented = write("presented.evidence", text)
  const { code, out, err } = await verify(presented, "--key", formatVkey(log.vkey))
  expect(code).toBe(0)
  expect(out).toContain(`presents: unexpected-entry in ${ORIGIN}`)
  expect(err).toContain("nobody is accused")
  expect(out + err + text).not.toMatch(/convict/i)
  const json = await verify(presented, "--json")
  expect(JSON.parse(json.out)).toMatchObject({ verified: true, effect: "presents" })
  const strict = await verify(presented, "--convicts")
  expect([strict.code, strict.out]).toEqual([3, ""])
  expect((await verify(file, "--convicts")).code).toBe(0)
})

test("countersign evidence verify takes files of the first form, and says that they are", async () => {
  const first = formatEvidence({ ...parseEvidence(fork.text), format: "tlog-evidence/v1" })
  const { code, out } = await verify(write("first.evidence", first), "--json")
  expect(code).toBe(0)
  expect(JSON.parse(out)).toMatchObject({ format: "tlog-evidence/v1", effect: "convicts" })
})
