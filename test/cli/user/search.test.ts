// `countersign search` against a real server, also one that lies.
import { createHash } from "node:crypto"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { formatPem } from "../../../src/core/base/pem.ts"
import { proposeEntry } from "../../../src/entry/kinds/request.ts"
import { publicKey, signedEnvelope, signedRequest } from "../../http/served-log.ts"
import { lying, type Ran, run } from "../command/fake-terminal.ts"
import { openWorkspace, type Workspace } from "../workspace.ts"

let workspace: Workspace

beforeAll(async () => {
  workspace = await openWorkspace()
  const { log } = workspace.served
  for (const name of ["one", "two", "three"]) await log.add(proposeEntry(signedRequest(name)))
  await log.add(proposeEntry(signedEnvelope()))
})

afterAll(() => workspace.close())

function search(...words: string[]): Promise<Ran> {
  return run(["search", "--log", workspace.url, ...words])
}

function linesOf({ out }: Ran): readonly Readonly<Record<string, unknown>>[] {
  return out
    .trimEnd()
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line))
}

function indexesOf(ran: Ran): unknown[] {
  expect(ran.code, ran.err).toBe(0)
  return linesOf(ran).map(({ index }) => index)
}

const twoDigest = `sha256:${createHash("sha256").update("two").digest("hex")}`

describe("countersign search", () => {
  it.each([
    ["in upper case", twoDigest.toUpperCase()],
    ["as bare hex", twoDigest.slice("sha256:".length)],
    ["as bare hex in upper case", twoDigest.slice("sha256:".length).toUpperCase()],
    ["of an image reference", `registry.example:5000/two:1@${twoDigest}`],
  ])("takes a digest %s", async (_name, digest) => {
    expect(indexesOf(await search("--digest", digest, "--json"))).toEqual([1])
  })

  it.each([
    ["that is cut", twoDigest.slice(0, -2)],
    ["without an algorithm, of no hash's length", "abcd"],
    ["that is no hex", "sha256:xyz"],
    ["that is nothing", ""],
  ])("says in words how to write a digest %s", async (_name, digest) => {
    const ran = await search("--digest", digest)
    expect(ran).toMatchObject({ code: 2, out: "" })
    expect(ran.err).toContain("expected ALGORITHM:HEX such as sha256:")
  })

  it("finds entries by digest, by file, by key and by kind", async () => {
    const artifact = workspace.write("two", "two")
    const key = formatPem({ label: "PUBLIC KEY", der: Buffer.from(publicKey, "base64") })
    const keyFile = workspace.write("key.pub", key)
    expect(indexesOf(await search("--digest", twoDigest, "--json"))).toEqual([1])
    expect(indexesOf(await search("--artifact", artifact, "--json"))).toEqual([1])
    expect(indexesOf(await search("--key", keyFile, "--json"))).toEqual([0, 1, 2])
    expect(indexesOf(await search("--key", keyFile, "--newest", "--json"))).toEqual([2, 1, 0])
    expect(indexesOf(await search("--kind", "dsse", "--json"))).toEqual([3])
    expect(indexesOf(await search("--identity", "nobody@example.org", "--json"))).toEqual([])
  })

  it("says how many entries were not searched while the log's index is behind", async () => {
    const fetch = lying(/\/v1\/entries\?/, (answer) => ({ ...answer, completeUpTo: 1 }))
    const words = ["search", "--log", workspace.url, "--digest", `sha256:${"0".repeat(64)}`]
    const { code, err } = await run(words, { fetch })
    expect(code).toBe(0)
    expect(err).toContain("0 of 1 entries")
    expect(err).toContain("its newest 3 entries were not searched")
    expect((await run(words)).err).not.toContain("not searched")
  })

  it("prints for people who signed what, and says how much there is", async () => {
    const { out, err } = await search("--digest", twoDigest)
    expect(out).toMatch(/^entry 1: hashedrekord:0\.0\.2\n/)
    expect(out).toContain(twoDigest)
    expect(err).toContain("1 of 4 entries")
    const limited = await search("--kind", "hashedrekord", "--limit", "2", "--json")
    expect(indexesOf(limited)).toEqual([0, 1])
    expect(limited.err).toContain("and more")
  })

  it("verifies with --verify that the log has what it shows", async () => {
    const ran = await search("--digest", twoDigest, "--verify", "--policy", workspace.policy)
    expect(ran).toMatchObject({ code: 0 })
    expect(ran.out).toContain(", verified\n")
    expect(ran.err).not.toContain("not pinned")
    const words = ["search", "--log", workspace.url, "--digest", twoDigest, "--json"]
    const [shown] = linesOf(await run(words))
    expect(shown).toMatchObject({ isVerified: false, digest: twoDigest })
  })

  it("exits with 3 with --verify if the log shows an entry that it does not have", async () => {
    const other = await workspace.served.log.entry(2)
    const body = Buffer.from(other.body).toString("base64")
    const fetch = lying(/\/v1\/entries\?/, ({ entries, ...rest }) => {
      const forged = (entries as readonly object[]).map((entry) => ({ ...entry, body }))
      return { ...rest, entries: forged }
    })
    const words = ["search", "--log", workspace.url, "--digest", twoDigest]
    const verifying = [...words, "--verify", "--policy", workspace.policy]
    expect(await run(verifying, { fetch })).toMatchObject({ code: 3, out: "" })
  })

  it("is a usage error without anything to search for", async () => {
    expect(await search()).toMatchObject({ code: 2 })
  })
})
