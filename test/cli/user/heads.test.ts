import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest"
import { MOST_REMEMBERED } from "../../../src/cli/user/remembered-heads.ts"
import type { Fetch } from "../../../src/client/exchange.ts"
import { formatCheckpoint, parseCheckpointText } from "../../../src/core/note/checkpoint.ts"
import { parseHeadList } from "../../../src/core/note/head-list.ts"
import { formatNote, formatVkey, parseNote } from "../../../src/core/note/note.ts"
import { portableHasher } from "../../../src/core/tree/hash.ts"
import { verifyEvidence } from "../../../src/evidence/verification.ts"
import { openMonitorDoor } from "../../http/monitor/door.ts"
import { fill } from "../../http/served-log.ts"
import { testSigner } from "../../signers.ts"
import { noNetwork, run } from "../command/fake-terminal.ts"
import { openWorkspace, type Workspace, writeKeys } from "../workspace.ts"

const signer = testSigner("log.example", 1, 1)
const stranger = testSigner("log.example", 1, 2)
const vkey = formatVkey(signer.vkey)

function noteOf(size: number, seed = 0, by = signer): string {
  const root = portableHasher.leaf(Uint8Array.of(size % 256, size >> 8, seed))
  const head = { origin: by.vkey.name, size, root }
  const text = formatCheckpoint(by.vkey.name, head)
  return formatNote(text, [by.sign(text, head, 0)])
}

function newFile(content?: string): string {
  const folder = mkdtempSync(join(tmpdir(), "countersign-heads-"))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const path = join(folder, "heads")
  if (content !== undefined) writeFileSync(path, content)
  return path
}

function notesIn(path: string): string[] {
  return parseHeadList(readFileSync(path), 999).map(({ text }) => text)
}

function evidenceBeside(path: string): string[] {
  const folder = join(path, "..")
  return readdirSync(folder)
    .filter((name) => name.endsWith(".evidence"))
    .map((name) => join(folder, name))
}

function exchange(path: string, fetch: Fetch, ...words: string[]) {
  const to = ["--to", "https://monitor.example"]
  return run(["heads", "exchange", "--heads", path, ...to, "--vkey", vkey, ...words], { fetch })
}

/** A monitor that answers with these notes, and what it was sent. */
function monitor(answer: string, sent: string[] = []): Fetch {
  return async (url, init) => {
    expect(String(url)).toBe("https://monitor.example/heads")
    expect(new Headers(init?.headers).get("content-type")).toBe("text/plain; charset=utf-8")
    sent.push(String(init?.body))
    return new Response(answer, { status: 202 })
  }
}

describe("countersign verify --heads", () => {
  let workspace: Workspace
  beforeAll(async () => {
    workspace = await openWorkspace()
  })
  afterAll(() => workspace.close())

  test("remembers the checkpoint of every bundle that holds, each once, and nothing else", async () => {
    const keys = writeKeys(workspace, "signer")
    const heads = workspace.path("heads")
    const trust = ["--policy", workspace.policy]
    const verify = (artifact: string, bundle: string) => {
      const words = ["--artifact", artifact, "--bundle", bundle, "--key", keys.public]
      return run(["verify", ...words, ...trust, "--heads", heads], { fetch: noNetwork })
    }
    for (const name of ["a.bin", "b.bin"]) {
      const artifact = workspace.write(name, name)
      const words = ["--artifact", artifact, "--key", keys.secret, "--log", workspace.url]
      expect(await run(["submit", ...words, ...trust])).toMatchObject({ code: 0 })
      const bundle = `${artifact}.sigstore.json`
      expect(await verify(artifact, bundle)).toMatchObject({ code: 0, err: "" })
      expect(await verify(artifact, bundle)).toMatchObject({ code: 0 })
    }
    const kept = parseHeadList(workspace.read("heads"), 9).map(({ head }) => head.size)
    expect(kept).toEqual([1, 2])
    expect(workspace.read("heads")).not.toContain("a.bin")
    const other = workspace.path("b.bin")
    expect(await verify(other, workspace.path("a.bin.sigstore.json"))).toMatchObject({ code: 3 })
    expect(parseHeadList(workspace.read("heads"), 9)).toHaveLength(2)
    const listed = await run(["heads", "list", "--heads", heads, "--json"], { fetch: noNetwork })
    const lines = listed.out
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line))
    expect(lines).toMatchObject([{ origin: "log.example", size: 1 }, { size: 2 }])
  })

  test("convicts nobody by a head of another key, and takes no file that is none of heads", async () => {
    const heads = workspace.path("heads")
    workspace.write("heads", workspace.read("heads") + noteOf(1, 1, stranger))
    const artifact = workspace.path("a.bin")
    const words = ["--artifact", artifact, "--bundle", `${artifact}.sigstore.json`]
    const trust = ["--key", workspace.path("signer.pub"), "--policy", workspace.policy]
    const ran = await run(["verify", ...words, ...trust, "--heads", heads], { fetch: noNetwork })
    expect(ran).toMatchObject({ code: 0 })
    workspace.write("heads", "no heads\n")
    const refused = await run(["verify", ...words, ...trust, "--heads", heads], {
      fetch: noNetwork,
    })
    expect(refused).toMatchObject({ code: 1, out: "" })
  })
})

describe("countersign heads exchange", () => {
  test("sends heads of trusted logs only, and remembers the newest that the monitor has", async () => {
    const path = newFile(noteOf(3) + noteOf(9, 0, testSigner("other.example", 1, 3)))
    const sent: string[] = []
    const ran = await exchange(path, monitor(noteOf(8), sent), "--json")
    expect(ran).toMatchObject({ code: 0 })
    expect(ran.err).toContain("1 heads are of no trusted log and are not sent")
    expect(JSON.parse(ran.out)).toMatchObject({ origin: "log.example", size: 8 })
    expect(sent).toEqual([noteOf(3)])
    expect(notesIn(path)).toContain(noteOf(8))
    expect(notesIn(path)).toHaveLength(3)
  })

  test("goes on if the monitor does not follow one of the logs", async () => {
    const other = testSigner("other.example", 1, 3)
    const path = newFile(noteOf(3) + noteOf(9, 0, other))
    const fetch: Fetch = async (_, init) =>
      String(init?.body).startsWith("other")
        ? new Response("untrusted: not followed\n", { status: 422 })
        : new Response(noteOf(4), { status: 202 })
    const ran = await exchange(path, fetch, "--vkey", formatVkey(other.vkey))
    expect(ran).toMatchObject({ code: 0 })
    expect(ran.err).toContain("not followed")
    expect(notesIn(path)).toContain(noteOf(4))
    const refusing: Fetch = async () => new Response("untrusted: no\n", { status: 422 })
    expect(await exchange(path, refusing)).toMatchObject({ code: 1, out: "" })
  })

  test("does not remember what the log has not signed", async () => {
    const path = newFile(noteOf(3))
    for (const answer of [noteOf(8, 0, stranger), noteOf(8).replace("\n8\n", "\n9\n")]) {
      const ran = await exchange(path, monitor(answer))
      expect(ran).toMatchObject({ code: 0, out: "" })
      expect(ran.err).toContain("no trusted log has signed")
      expect(notesIn(path)).toEqual([noteOf(3)])
    }
    expect(await exchange(path, monitor("nonsense\n"))).toMatchObject({ code: 1 })
  })

  test("writes evidence and exits with 3 if two heads contradict each other", async () => {
    const path = newFile(noteOf(3) + noteOf(5))
    const ran = await exchange(path, monitor(noteOf(5, 1)))
    expect(ran.code).toBe(3)
    const [file] = evidenceBeside(path)
    expect(ran.err).toContain(file)
    const verified = verifyEvidence(readFileSync(file as string, "utf8"), signer.vkey)
    expect(verified).toMatchObject({ kind: "fork", freezes: true })
    // Both stay remembered: the next run says it again.
    expect(notesIn(path)).toHaveLength(3)
    expect(await exchange(path, monitor(noteOf(3)))).toMatchObject({ code: 3 })
    expect(evidenceBeside(path)).toHaveLength(1)
  })

  test("convicts by a head under another name of the log, and sends it along", async () => {
    const alias = (salt: number) => {
      const [first = "", ...rest] = parseNote(noteOf(5, salt)).text.split("\n")
      const text = [`${first} - 7`, ...rest].join("\n")
      const head = parseCheckpointText(text)
      return formatNote(text, [signer.sign(text, head, 0)])
    }
    const sent: string[] = []
    const path = newFile(alias(0))
    expect(await exchange(path, monitor(noteOf(5), sent))).toMatchObject({ code: 0, err: "" })
    expect(sent).toEqual([alias(0)])
    const forked = newFile(alias(1))
    const ran = await exchange(forked, monitor(noteOf(5)))
    expect(ran.code).toBe(3)
    const [file] = evidenceBeside(forked)
    const verified = verifyEvidence(readFileSync(file as string, "utf8"), signer.vkey)
    expect(verified).toMatchObject({ kind: "fork", effect: "convicts" })
  })

  test("convicts nobody by a head that the log has not signed", async () => {
    const path = newFile(noteOf(5) + noteOf(5, 1, stranger))
    expect(await exchange(path, monitor(noteOf(5)))).toMatchObject({ code: 0 })
    expect(evidenceBeside(path)).toEqual([])
  })

  test("sends many heads in portions and keeps the file bounded", async () => {
    const notes = Array.from({ length: MOST_REMEMBERED }, (_, i) => noteOf(i + 1))
    const path = newFile(notes.join(""))
    const sent: string[] = []
    expect(await exchange(path, monitor(noteOf(999), sent))).toMatchObject({ code: 0 })
    expect(sent.map((body) => parseHeadList(body, 16).length)).toEqual(Array(16).fill(16))
    expect(sent.join("")).toBe(notes.join(""))
    expect(notesIn(path)).toHaveLength(MOST_REMEMBERED)
    expect(notesIn(path)).toContain(noteOf(999))
    expect(notesIn(path)).not.toContain(noteOf(1))
  })

  test("works with a real monitor, and leaves the file alone if that refuses", async () => {
    const door = await openMonitorDoor()
    const { log } = door.served
    await fill(log, 2)
    const old = log.head().checkpoint
    await fill(log, 3)
    await door.see(log.head().checkpoint)
    const path = newFile(old)
    const words = ["heads", "exchange", "--heads", path, "--to", door.url]
    const keys = log.vkeys.flatMap((key) => ["--vkey", key])
    expect(await run([...words, ...keys])).toMatchObject({ code: 0, err: "" })
    expect(notesIn(path)).toEqual([old, log.head().checkpoint])
    await door.close()
    expect(await run([...words, ...keys])).toMatchObject({ code: 1 })
    expect(notesIn(path)).toHaveLength(2)
  })

  test("is used wrongly without keys, or with two kinds of them", async () => {
    const path = newFile(noteOf(3))
    const words = ["heads", "exchange", "--heads", path, "--to", "https://monitor.example"]
    const policy = newFile(`log ${vkey}\nquorum none\n`)
    expect(await run(words, { fetch: noNetwork })).toMatchObject({ code: 2 })
    const both = ["--vkey", vkey, "--policy", policy]
    expect(await run([...words, ...both], { fetch: noNetwork })).toMatchObject({ code: 2 })
    const ran = await run([...words, "--policy", policy], { fetch: monitor("") })
    expect(ran).toMatchObject({ code: 0, out: "" })
  })
})

test("countersign heads list shows nothing where there is nothing", async () => {
  const options = { fetch: noNetwork }
  expect(await run(["heads", "list", "--heads", newFile()], options)).toMatchObject({
    code: 0,
    out: "",
  })
  expect(await run(["heads", "list", "--heads", newFile("x")], options)).toMatchObject({ code: 1 })
})
