// `countersign verify` with many bundles: which belongs to what, what is said of each, and which code they end with.
import { spawnSync } from "node:child_process"
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { objectsIn, openSignedFiles, type SignedFiles } from "./signed-files.ts"

let files: SignedFiles
let a: string
let b: string
let c: string

const bundle = (path: string) => `${path}.sigstore.json`

beforeAll(async () => {
  files = await openSignedFiles()
  a = await files.sign("a.bin")
  b = await files.sign("b.bin")
  c = await files.sign("c.bin")
})

afterAll(() => files.workspace.close())

function digestOf(path: string): Promise<string> {
  return import("../../../src/cli/command/file.ts").then(async ({ digestFile }) => {
    const { sha256 } = await digestFile(path, ["sha256"])
    return `sha256:${Buffer.from(sha256 ?? []).toString("hex")}`
  })
}

describe("many bundles", () => {
  test("are held against the artifacts of their names, in any order, a line each", async () => {
    const { code, out, err } = await files.verify(
      ...["--bundle", bundle(b), bundle(a), "--artifact", a, b],
    )
    expect([code, err]).toEqual([0, ""])
    expect(out.split("\n")).toEqual([
      `verified: ${b}: entry 1 of log.example (${bundle(b)})`,
      `verified: ${a}: entry 0 of log.example (${bundle(a)})`,
      "2 verified, 0 false, 0 not judged, 0 failed, 0 without counterpart",
      "",
    ])
  })

  test("lie beside their artifacts, and artifacts beside their bundles", async () => {
    for (const words of [
      ["--artifact", a, b],
      ["--bundle", bundle(a), bundle(b)],
    ]) {
      const ran = await files.verify(...words)
      expect(ran).toMatchObject({ code: 0, err: "" })
      expect(ran.out).toContain("2 verified, 0 false")
    }
    expect((await files.verify("--bundle", bundle(a))).out).toMatch(/^verified: entry 0 of /)
  })

  test("are found by the digest that they state if their names say nothing", async () => {
    const one = files.workspace.write("one.json", files.bundleOf(a))
    const two = files.workspace.write("two.json", files.bundleOf(b))
    const ran = await files.verify("--bundle", one, two, "--artifact", b, a, "--json")
    expect(ran.code).toBe(0)
    expect(objectsIn(ran).slice(0, 2)).toMatchObject([
      { verified: true, bundle: one, artifact: a, index: 0 },
      { verified: true, bundle: two, artifact: b, index: 1 },
    ])
  })

  test("and are else taken in the order in which they were named", async () => {
    const first = files.workspace.write("first.json", files.bundleOf(a))
    const second = files.workspace.write("second.json", files.bundleOf(c))
    const ran = await files.verify("--bundle", first, second, "--artifact", a, b, "--json")
    expect(ran.code).toBe(3)
    expect(objectsIn(ran).slice(0, 2)).toMatchObject([
      { verified: true, bundle: first, artifact: a },
      { verified: false, bundle: second, artifact: b, code: "mismatch" },
    ])
  })

  test("of one artifact that is named are all held against it", async () => {
    const again = files.workspace.write("again.json", files.bundleOf(a))
    const wrong = files.workspace.write("wrong.json", files.bundleOf(b))
    expect(await files.verify("--bundle", bundle(a), again, "--artifact", a)).toMatchObject({
      code: 0,
    })
    const { code, out } = await files.verify("--bundle", again, wrong, "--artifact", a)
    expect(code).toBe(3)
    expect(out).toContain(`false: ${a}: mismatch: `)
  })

  test("may stand among their artifacts, as a shell puts them", async () => {
    expect(await files.verify("--artifact", a, bundle(a), b, bundle(b))).toMatchObject({ code: 0 })
  })

  test("are of no artifact only because it lies alone in its folder", async () => {
    const folder = files.folder("alone")
    writeFileSync(`${folder}/a.bin`, "the artifact a.bin")
    const { code, out } = await files.verify("--bundle", bundle(b), "--artifact", folder)
    expect(code).toBe(1)
    expect(out).toContain("0 verified, 0 false, 0 not judged, 0 failed, 2 without counterpart")
  })

  test("without a counterpart are named, counted, and never end with 0", async () => {
    const stranger = files.workspace.write("stranger.bin", "nobody signed this")
    const missing = await files.verify("--artifact", a, stranger)
    expect(missing.code).toBe(1)
    expect(missing.out).toContain(`without counterpart: ${stranger}: no bundle is of it\n`)
    expect(missing.out).toContain(
      "1 verified, 0 false, 0 not judged, 0 failed, 1 without counterpart",
    )
    const ran = await files.verify("--bundle", bundle(a), bundle(b), bundle(c), "--artifact", a, b)
    expect(ran.code).toBe(1)
    expect(ran.out).toContain(`without counterpart: ${bundle(c)}: none of the artifacts`)
    const alone = files.workspace.write("alone.sigstore.json", files.bundleOf(c))
    const none = await files.verify("--bundle", alone, "--json")
    expect(none.code).toBe(1)
    expect(objectsIn(none)[0]).toMatchObject({
      ...{ verified: false, judged: false, code: "without-counterpart", bundle: alone },
    })
  })

  test("name a file that is not there, and go on", async () => {
    const ran = await files.verify("--bundle", "no-such.json", bundle(a), "--artifact", a)
    expect(ran.code).toBe(1)
    expect(ran.out).toContain("failed: no-such.json: bundle no-such.json: ENOENT")
    expect(ran.out).toContain(`verified: ${a}`)
    const gone = await files.verify("--bundle", bundle(a), bundle(b), "--artifact", "gone", b)
    expect(gone.code).toBe(1)
    expect(gone.out).toContain("failed: gone: ")
  })
})

describe("the code of many", () => {
  test.each([
    ["false before not judged before failed", 3, ["b", "cut", "missing"]],
    ["not judged before failed", 5, ["cut", "missing"]],
    ["failed", 1, ["missing"]],
    ["all verified", 0, []],
  ] as const)("is that of the gravest: %s", async (_name, code, bad) => {
    const given = {
      b: files.workspace.write("bad-b.json", files.bundleOf(b)),
      cut: files.workspace.write("bad-cut.json", files.bundleOf(a).slice(0, -9)),
      missing: files.workspace.path("bad-missing.json"),
    }
    const bundles = [bundle(a), ...bad.map((name) => given[name])]
    const { code: found } = await files.verify("--bundle", ...bundles, bundle(a), "--artifact", a)
    expect(found).toBe(code)
  })

  test("of one bad among 100 names that one alone", async () => {
    const folder = files.folder("hundred")
    for (let i = 0; i < 100; i++) {
      writeFileSync(`${folder}/${i}.bin`, i === 61 ? "changed" : "the artifact a.bin")
      writeFileSync(`${folder}/${i}.bin.sigstore.json`, files.bundleOf(a))
    }
    const { code, out } = await files.verify("--bundle", folder)
    expect(code).toBe(3)
    expect(out.match(/^false: .+$/gm)).toEqual([
      expect.stringContaining(`${folder}/61.bin: mismatch: the bundle's sha256 digest`),
    ])
    expect(out).toContain("99 verified, 1 false, 0 not judged, 0 failed, 0 without counterpart")
  })
})

describe("a folder", () => {
  function folderOf(name: string): string {
    const folder = files.folder(name)
    writeFileSync(`${folder}/a.bin`, "the artifact a.bin")
    writeFileSync(`${folder}/a.bin.sigstore.json`, files.bundleOf(a))
    return folder
  }

  test("is verified as a whole: every file that is no bundle must have one", async () => {
    const folder = folderOf("whole")
    for (const flag of ["--bundle", "--artifact"]) {
      expect(await files.verify(flag, folder)).toMatchObject({ code: 0, err: "" })
    }
    writeFileSync(`${folder}/README`, "hello")
    mkdirSync(`${folder}/inside`)
    symlinkSync("/nowhere", `${folder}/dangling`)
    for (const flag of ["--bundle", "--artifact"]) {
      const { code, out } = await files.verify(flag, folder)
      expect(code).toBe(1)
      expect(out).toContain(`without counterpart: ${folder}/README: no bundle is of it`)
      expect(out).toContain(`without counterpart: ${folder}/inside: expected a file`)
      expect(out).toContain(`without counterpart: ${folder}/dangling: expected a file`)
    }
  })

  test("of bundles alone is no folder of artifacts where these are named, and says what it left out", async () => {
    const folder = folderOf("bundles")
    writeFileSync(`${folder}/README`, "hello")
    const { code, out, err } = await files.verify("--bundle", folder, "--artifact", a)
    expect(code).toBe(0)
    expect(out).toContain(`verified: ${a}: entry 0`)
    expect(err).toContain(`2 other files of the folders were not looked at`)
    expect(err).toContain(`${folder}/README`)
  })

  test("that has nothing in it is not fine", async () => {
    const { code, out } = await files.verify("--bundle", files.folder("empty"))
    expect(code).toBe(1)
    expect(out).toContain("0 verified")
  })

  test("of more than 100,000 files is not judged", { timeout: 120_000 }, async () => {
    const folder = files.folder("huge")
    spawnSync("sh", ["-c", "seq 0 100000 | xargs touch"], { cwd: folder })
    const { code, out, err } = await files.verify("--bundle", folder, "--json")
    rmSync(folder, { recursive: true })
    expect(code).toBe(5)
    expect(err).toContain("too-large: folder")
    expect(err).toContain("give them in parts")
    expect(JSON.parse(out)).toMatchObject({ verified: false, judged: false, code: "too-large" })
  })
})

describe("JSON lines", () => {
  const lines = (...texts: readonly string[]) =>
    files.workspace.write("all.jsonl", `${texts.map((text) => text.trim()).join("\n")}\n`)

  test("are bundles by their lines, and a broken line is named and does not stop the others", async () => {
    const path = lines(files.bundleOf(a), "", '{"mediaType":', files.bundleOf(b))
    const ran = await files.verify("--bundle", path, "--artifact", a, b, "--json")
    expect(ran.code).toBe(5)
    expect(objectsIn(ran)).toMatchObject([
      { verified: true, bundle: path, line: 1, artifact: a },
      { verified: false, judged: false, code: "malformed", bundle: path, line: 3 },
      { verified: true, bundle: path, line: 4, artifact: b },
      { counts: { verified: 2, false: 0, notJudged: 1, failed: 0, withoutCounterpart: 0 } },
    ])
    const { out } = await files.verify("--bundle", path, "--artifact", a, b)
    expect(out).toContain(`not judged: ${path}: malformed: `)
    expect(out).toContain("(line 3)")
  })

  test("are told from one bundle over many lines, whatever the file is called", async () => {
    const text = `\ufeff${files.bundleOf(a).trim()}`.slice(1)
    const named = files.workspace.write("lines.json", `${text}\r\n${text}\r\n`)
    const { code, out } = await files.verify("--bundle", named, "--artifact", a)
    expect(code).toBe(0)
    expect(out).toContain("2 verified")
    const spread = files.workspace.write(
      "spread.json",
      JSON.stringify(JSON.parse(text), undefined, 2),
    )
    expect((await files.verify("--bundle", spread, "--artifact", a)).out).toMatch(
      /^verified: entry/,
    )
  })

  test("with bytes that are no text are not judged", async () => {
    const path = files.workspace.write(
      "bytes.jsonl",
      Buffer.concat([Buffer.from(`${files.bundleOf(a).trim()}\n{"x":"`), Buffer.of(0xff, 0x0a)]),
    )
    const { code, out } = await files.verify("--bundle", path, "--artifact", a)
    expect(code).toBe(5)
    expect(out).toContain("1 verified, 0 false, 1 not judged")
  })
})

describe("--digest", () => {
  test("stands for the file, in any spelling", async () => {
    const digest = await digestOf(a)
    for (const spelling of [digest, digest.toUpperCase(), digest.slice(7), `img@${digest}`]) {
      const ran = await files.verify("--bundle", bundle(a), "--digest", spelling)
      expect(ran).toMatchObject({ code: 0, err: "" })
    }
    const several = await files.verify(
      ...["--bundle", bundle(a), bundle(b), "--digest", await digestOf(b), "--digest", digest],
    )
    expect(several.code).toBe(0)
    expect(several.out).toContain(`verified: ${digest}: entry 0`)
  })

  test("of another artifact is false", async () => {
    const ran = await files.verify("--bundle", bundle(a), "--digest", await digestOf(b))
    expect(ran.code).toBe(3)
    expect(ran.err).toContain("mismatch")
  })

  test("by another hash than the bundle states is not judged, and says what to give", async () => {
    const ran = await files.verify("--bundle", bundle(a), "--digest", `sha512:${"ab".repeat(64)}`)
    expect(ran.code).toBe(5)
    expect(ran.err).toContain("give sha256:HEX to --digest")
    const both = `${await digestOf(a)},sha512:${"ab".repeat(64)}`
    expect((await files.verify("--bundle", bundle(a), "--digest", both)).code).toBe(0)
  })

  test.each(["sha256:00", "md5:00112233445566778899aabbccddeeff", "sha1:aa", "x,y", ""])(
    "takes nothing else: %s",
    async (text) => {
      expect((await files.verify("--bundle", bundle(a), "--digest", text)).code).toBe(2)
    },
  )
})
