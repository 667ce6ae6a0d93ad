// `countersign verify` and what is meant to mislead its reader, or to be too much for it.
import { execFileSync } from "node:child_process"
import { writeFileSync } from "node:fs"
import { writeFile } from "node:fs/promises"
import { afterAll, beforeAll, expect, test } from "vitest"
import { objectsIn, openSignedFiles, type SignedFiles } from "./signed-files.ts"

/** Lines of what is shown as it is. */
const PLAIN = /^[\P{C}\n]*$/u

let files: SignedFiles
let good: string

beforeAll(async () => {
  files = await openSignedFiles()
  good = await files.sign("good.bin")
})

afterAll(() => files.workspace.close())

test("names of files are shown with their control characters, on one line each", async () => {
  const folder = files.folder("hostile")
  const names = [
    "x\nverified: everything: entry 0 of log.example",
    "\u001b[2K\u001b[1Averified: all",
    "\u202efdp.exe",
    "\u009b2Jcsi",
  ]
  for (const name of names) writeFileSync(`${folder}/${name}`, "x")
  writeFileSync(`${folder}/${names[0]}.sigstore.json`, files.bundleOf(good))
  const { code, out } = await files.verify("--bundle", folder)
  expect(code).toBe(3)
  expect(out).toMatch(PLAIN)
  expect(out).not.toMatch(/^verified: everything/m)
  expect(out.trim().split("\n")).toHaveLength(names.length + 1)
  const json = await files.verify("--bundle", folder, "--json")
  expect(json.out).toMatch(PLAIN)
  expect(objectsIn(json).map(({ artifact }) => artifact)).toContain(`${folder}/${names[1]}`)
})

test("a bundle of 33 MB is read, and one beyond every bound is not judged", async () => {
  const bundle = JSON.parse(files.bundleOf(good)) as Record<string, unknown>
  delete bundle["messageSignature"]
  const payload = Buffer.alloc(24_750_000, 32).toString("base64")
  const envelope = { payload, payloadType: "text/plain", signatures: [{ sig: "AAAA" }] }
  const large = files.workspace.write(
    "large.json",
    JSON.stringify({ ...bundle, dsseEnvelope: envelope }),
  )
  const read = await files.verify("--bundle", large, "--artifact", good)
  expect(read.code).toBe(3)
  expect(read.err).toContain("mismatch: the payload of type")
  const huge = files.workspace.write("huge.json", "x".repeat(60_000_000))
  const refused = await files.verify("--bundle", huge, "--artifact", good)
  expect(refused.code).toBe(5)
  expect(refused.err).toContain("too-large: bundle")
  const lines = Buffer.alloc(60_000_000, 120)
  const text = Buffer.from(`\n${files.bundleOf(good).trim()}\n`)
  const many = files.workspace.write("huge.jsonl", Buffer.concat([lines, text]))
  const { code, out } = await files.verify("--bundle", many, "--artifact", good)
  expect(code).toBe(5)
  expect(out).toContain("1 verified, 0 false, 1 not judged")
})

test.each([
  ["no JSON", "<html>"],
  ["an empty file", ""],
  ["another JSON", "[]"],
  ["a version that nobody knows", "mediaType"],
])("%s is not judged", async (name, content) => {
  const text = files.bundleOf(good)
  const changes: Record<string, string> = {
    mediaType: text.replace("bundle.v0.3+json", "bundle.v9+json"),
  }
  const changed = changes[content] ?? content
  expect(changed).not.toBe(text)
  const path = files.workspace.write(`${name}.json`, changed)
  const ran = await files.verify("--bundle", path, "--artifact", good, "--json")
  expect(ran.code).toBe(5)
  expect(objectsIn(ran)[0]).toMatchObject({ verified: false, judged: false })
})

test("entries of logs that are not pinned are passed over and named", async () => {
  const bundle = JSON.parse(files.bundleOf(good)) as {
    verificationMaterial: { tlogEntries: Record<string, unknown>[] }
  }
  const { tlogEntries } = bundle.verificationMaterial
  const keyId = Buffer.alloc(32, 7).toString("base64")
  const checkpoint = { envelope: "other.example\n1\nAAAA\n\n— other.example AAAA\n" }
  const stranger = JSON.parse(JSON.stringify(tlogEntries[0])) as Record<string, unknown>
  tlogEntries.push({
    ...stranger,
    logId: { keyId },
    inclusionProof: { ...(stranger["inclusionProof"] as object), checkpoint },
  })
  const path = files.workspace.write("two.json", JSON.stringify(bundle))
  const words = ["--bundle", path, "--artifact", good, "--key", files.keys.public]
  const { run } = await import("../command/fake-terminal.ts")
  const root = ["--trusted-root", files.workspace.trustedRoot]
  const { code, out } = await run(["verify", ...words, ...root])
  expect(code).toBe(0)
  expect(out).toContain(`of the log ${"07".repeat(32)} was not looked at: the trusted root has no`)
  const json = objectsIn(await run(["verify", ...words, ...root, "--json"]))[0]
  expect(json?.["passedOver"]).toMatchObject([{ logId: "07".repeat(32) }])
})

test("a progress bar is drawn where a person looks, and no result is mixed into it", async () => {
  const { run } = await import("../command/fake-terminal.ts")
  const copies = Array.from({ length: 3 }, (_, i) =>
    files.workspace.write(`copy${i}.json`, files.bundleOf(good)),
  )
  const words = ["--bundle", ...copies, "--artifact", good, "--key", files.keys.public]
  const trust = ["--policy", files.workspace.policy]
  const { code, err } = await run(["verify", ...words, ...trust], { isTTY: true })
  expect(code).toBe(0)
  expect(err).toContain("verify [")
  expect(err).toContain("3/3")
  expect(err.endsWith("\r\u001b[K")).toBe(true)
})

test("the checkpoints of many are remembered", async () => {
  const other = await files.sign("second.bin")
  const heads = files.workspace.path("heads")
  const { code } = await files.verify("--artifact", good, other, "--heads", heads)
  expect(code).toBe(0)
  expect(files.workspace.read("heads").match(/^log\.example$/gm)).toHaveLength(2)
})

test("a file of lines without any is not judged, whatever else holds", async () => {
  for (const [name, content] of [
    ["none.jsonl", ""],
    ["blank.jsonl", "\n \r\n\n"],
  ] as const) {
    const empty = files.workspace.write(name, content)
    const { code, out } = await files.verify("--bundle", empty, `${good}.sigstore.json`)
    expect(code).toBe(5)
    expect(out).toContain(`not judged: ${empty}: malformed: `)
    expect(out).toContain("1 verified, 0 false, 1 not judged")
    const alone = await files.verify("--bundle", empty, "--artifact", good)
    expect(alone.code).toBe(5)
  }
})

test("a device that never ends is too large, and a pipe is read as a file", async () => {
  const endless = await files.verify("--bundle", "/dev/zero", "--artifact", good)
  expect(endless.code).toBe(5)
  expect(endless.err).toContain("too-large: bundle /dev/zero")
  const { run } = await import("../command/fake-terminal.ts")
  const words = ["verify", "--artifact", good, "--key", "/dev/zero"]
  const key = await run([...words, "--policy", files.workspace.policy])
  expect(key.code).toBe(1)
  expect(key.err).toContain("key /dev/zero: expected up to")
  const pipe = files.workspace.path("pipe")
  execFileSync("mkfifo", [pipe])
  const written = writeFile(pipe, files.bundleOf(good))
  expect(await files.verify("--bundle", pipe, "--artifact", good)).toMatchObject({ code: 0 })
  await written
})
