// The commands that read a log: entry, proof and checkpoint, each also against a log that lies.
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { formatHex } from "../../../src/core/base/text.ts"
import { parseTlogProof } from "../../../src/core/note/tlog-proof.ts"
import { rootFromInclusion } from "../../../src/core/tree/proof.ts"
import { proposalOf } from "../../log/opened-log.ts"
import { mth, sha256 } from "../../reference.ts"
import { lying, type Ran, run } from "../command/fake-terminal.ts"
import { openWorkspace, type Workspace } from "../workspace.ts"

const SIZE = 300
const bodies = Array.from({ length: SIZE }, (_, i) => Buffer.from(`{"entry":${i}}`))

let workspace: Workspace

beforeAll(async () => {
  workspace = await openWorkspace()
  // One after the other, so that entry i has body i.
  for (const body of bodies) await workspace.served.log.add(proposalOf(body.toString()))
})

afterAll(() => workspace.close())

function read(name: string, ...words: string[]): Promise<Ran> {
  return run([name, "--log", workspace.url, "--policy", workspace.policy, ...words])
}

function leafHash(index: number) {
  return sha256(Uint8Array.of(0), bodies[index] ?? new Uint8Array(0))
}

describe("countersign checkpoint", () => {
  it("prints the newest head, verified", async () => {
    const { code, out, err } = await read("checkpoint", "--json")
    expect({ code, err }).toEqual({ code: 0, err: "" })
    expect(JSON.parse(out)).toEqual({
      origin: "log.example",
      size: SIZE,
      root: formatHex(mth(bodies)),
      cosignatures: [],
      isPinned: true,
      checkpoint: workspace.served.log.head().checkpoint,
    })
  })

  it("says so if no key was pinned", async () => {
    const ran = await run(["checkpoint", "--log", workspace.url])
    expect(ran.code).toBe(0)
    expect(ran.out).toContain("log.example: 300 entries\n")
    expect(ran.err).toContain("the log's key was not pinned")
  })

  it("exits with 3 for another log's key and for a quorum that is missing", async () => {
    const other = await openWorkspace()
    const foreign = await run(["checkpoint", "--log", workspace.url, "--policy", other.policy])
    await other.close()
    expect(foreign).toMatchObject({ code: 3, out: "" })
    expect(foreign.err).toContain("untrusted")
    const witness = "witness.example.org+b8a2cf20+BFLN3yikSfFkVAJtrnh/CiY3Zozkoy7clp+P7XB28qUN"
    const policy = `log ${workspace.served.log.vkeys[1]}\nwitness W ${witness}\nquorum W\n`
    const path = workspace.write("witnessed.policy", policy)
    expect(await run(["checkpoint", "--log", workspace.url, "--policy", path])).toMatchObject({
      code: 3,
      out: "",
    })
  })

  it("exits with 1 for an answer that is no checkpoint at all", async () => {
    const fetch = () => Promise.resolve(new Response("hello"))
    const words = ["checkpoint", "--log", workspace.url, "--policy", workspace.policy]
    expect(await run(words, { fetch })).toMatchObject({ code: 1, out: "" })
  })
})

describe("countersign entry", () => {
  it("prints an entry that is proven to be in the tree", async () => {
    const { code, out } = await read("entry", "7", "--json")
    expect(code).toBe(0)
    expect(JSON.parse(out)).toMatchObject({
      index: 7,
      size: SIZE,
      body: '{"entry":7}',
      leafHash: formatHex(leafHash(7)),
      isPinned: true,
    })
    expect((await read("entry", "7")).out).toContain('body       {"entry":7}\n')
  })

  it("exits with 3 if the log shows another body than it has logged", async () => {
    const fetch = lying(/entries\/7$/, (entry) => ({ ...entry, body: "e30=" }))
    const ran = await run(["entry", "7", "--log", workspace.url], { fetch })
    expect(ran).toMatchObject({ code: 3, out: "" })
    expect(ran.err).toContain("bad-proof")
  })

  it("exits with 1 for an entry that is not there and with 2 for no index", async () => {
    expect(await read("entry", "300")).toMatchObject({ code: 1, out: "" })
    for (const word of ["-1", "x", "07", "1.5"]) {
      expect(await read("entry", word)).toMatchObject({ code: 2, out: "" })
    }
  })
})

describe("countersign proof", () => {
  it("prints an inclusion proof by index or leaf hash", async () => {
    const byIndex = await read("proof", "7")
    const byHash = await read("proof", "--leaf-hash", formatHex(leafHash(7)))
    expect(byIndex).toMatchObject({ code: 0, err: "" })
    expect(byHash.out).toBe(byIndex.out)
    const { inclusionProof } = JSON.parse(byIndex.out)
    expect(inclusionProof).toMatchObject({ index: 7, size: SIZE, root: formatHex(mth(bodies)) })
  })

  it("proves an entry in an older tree", async () => {
    const { code, out } = await read("proof", "7", "--size", "100")
    expect(code).toBe(0)
    const root = formatHex(mth(bodies.slice(0, 100)))
    expect(JSON.parse(out).inclusionProof).toMatchObject({ size: 100, root })
  })

  it("prints a C2SP tlog-proof", async () => {
    const { out } = await read("proof", "7", "--format", "tlog-proof")
    const { index, path, checkpoint } = parseTlogProof(out)
    expect(checkpoint).toBe(workspace.served.log.head().checkpoint)
    expect(rootFromInclusion(leafHash(7), index, SIZE, path)).toEqual(mth(bodies))
  })

  it.each([
    [0, 300],
    [0, 0],
    [1, 1],
    [100, 200],
    [256, 300],
    [300, 300],
  ])("proves that size %i begins size %i", async (from, to) => {
    const { code, out } = await read("proof", "--consistency", String(from), String(to))
    expect(code).toBe(0)
    expect(JSON.parse(out)).toMatchObject({
      from,
      to,
      oldRoot: formatHex(mth(bodies.slice(0, from))),
      newRoot: formatHex(mth(bodies.slice(0, to))),
    })
  })

  it("exits with 3 for proofs that do not hold", async () => {
    const hash = "00".repeat(32)
    const spoil = (name: string) => (answer: Record<string, unknown>) => {
      const { inclusionProof } = answer
      const part = { [name]: name === "root" ? hash : [hash] }
      return { ...answer, inclusionProof: Object.assign({}, inclusionProof, part) }
    }
    const cases: [RegExp, (answer: Record<string, unknown>) => unknown, string[]][] = [
      [/proof/, spoil("hashes"), ["7"]],
      [/proof/, spoil("root"), ["7"]],
      [/proof\?/, spoil("root"), ["7", "--size", "100"]],
      [/entries\/7$/, (entry) => ({ ...entry, body: "e30=" }), ["7"]],
      [/inclusion/, spoil("hashes"), ["--leaf-hash", formatHex(leafHash(7))]],
      [/consistency/, (it) => ({ ...it, hashes: [hash] }), ["7", "--size", "100"]],
      [/consistency/, (it) => ({ ...it, hashes: [hash] }), ["--consistency", "100", "200"]],
      [/entries\/0\/proof/, spoil("root"), ["--consistency", "100", "200"]],
      [/entries\/0\/proof/, spoil("root"), ["--consistency", "100", "300"]],
    ]
    for (const [path, lie, words] of cases) {
      const trust = ["--policy", workspace.policy]
      const fetch = lying(path, lie)
      const ran = await run(["proof", "--log", workspace.url, ...trust, ...words], { fetch })
      expect({ words, code: ran.code, out: ran.out }).toEqual({ words, code: 3, out: "" })
      expect(ran.err).toContain("bad-proof")
    }
  })

  it("exits with 1 for what the log does not have", async () => {
    for (const words of [
      ["300"],
      ["7", "--size", "301"],
      ["7", "--size", "7"],
      ["--leaf-hash", "00".repeat(32)],
      ["--consistency", "300", "301"],
      ["--consistency", "200", "100"],
    ]) {
      expect({ words, code: (await read("proof", ...words)).code }).toEqual({ words, code: 1 })
    }
  })

  it("has a usage error for anything that is not one question", async () => {
    for (const words of [
      [],
      ["7", "--leaf-hash", "00".repeat(32)],
      ["7", "--consistency", "1", "2"],
      ["--consistency", "1"],
      ["--consistency", "1", "2", "3"],
      ["--consistency", "1", "x"],
      ["--leaf-hash", "00"],
      ["7", "--format", "xml"],
      ["7", "--format", "tlog-proof", "--size", "100"],
    ]) {
      expect({ words, code: (await read("proof", ...words)).code }).toEqual({ words, code: 2 })
    }
  })
})
