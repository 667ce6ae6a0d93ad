// How commands show a log who sends their requests: to whom a token goes, and where it never appears.
import { chmodSync, readFileSync, statSync } from "node:fs"
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest"
import { githubCredential, readTokenOf, showingAt } from "../../../src/cli/network/credentials.ts"
import type { Fetch } from "../../../src/client/exchange.ts"
import { accessWith, makeToken } from "../../http/access/writers.ts"
import { run } from "../command/fake-terminal.ts"
import { openWorkspace, type Workspace } from "../workspace.ts"

const token = makeToken(1, { scopes: new Set(["submit", "read"]) })
const other = makeToken(2)
let isClosed = false
let space: Workspace

beforeAll(async () => {
  space = await openWorkspace({
    access: () => accessWith({ tokens: [token.stored], ...(isClosed && { anonymous: [] }) }),
  })
  isClosed = true
})
afterAll(() => space.close())

function privateFile(name: string, text: string): string {
  const file = space.write(name, text)
  chmodSync(file, 0o600)
  return file
}

describe("a command", () => {
  test("shows the log the token of a file, by a flag or by the environment", async () => {
    const file = privateFile("good.token", `${token.text}\n`)
    const words = ["checkpoint", "--log", space.url, "--policy", space.policy]
    expect((await run(words)).err).toContain("401")
    expect((await run([...words, "--token-file", file])).code).toBe(0)
    vi.stubEnv("COUNTERSIGN_TOKEN_FILE", file)
    expect((await run(words)).code).toBe(0)
    vi.unstubAllEnvs()
  })

  test("says that a token is refused, and does not show it", async () => {
    const file = privateFile("other.token", other.text)
    const { code, out, err } = await run(["checkpoint", "--log", space.url, "--token-file", file])
    expect(code).toBe(1)
    expect(err).toContain("found another one")
    expect(out + err).not.toContain(other.text.slice(14, 40))
  })

  test("shows no token that stands in the URL of the log", async () => {
    for (const url of [`${space.url}/w/${other.text}`, `http://127.0.0.1:1/w/${other.text}`]) {
      const { code, out, err } = await run(["checkpoint", "--log", url, "--retries", "0"])
      expect(code).toBe(1)
      expect(out + err).not.toContain(other.text.slice(14, 40))
    }
  })

  test("takes one of the ways to show who it is", async () => {
    const file = privateFile("x.token", token.text)
    const words = ["checkpoint", "--log", space.url, "--token-file", file, "--oidc", "github"]
    expect((await run(words)).err).toContain("give one of")
  })

  test("refuses a token that others can read, that is cut, or that is none, without showing it", async () => {
    const open = space.write("open.token", token.text)
    chmodSync(open, 0o644)
    await expect(readTokenOf(open)).rejects.toThrow("can be read by others; run: chmod 600")
    for (const text of [
      token.text.slice(0, -1),
      `${token.text}x`,
      "",
      "short",
      "a b c d e f g h i j k l m",
    ]) {
      const error = await readTokenOf(privateFile("bad.token", text)).catch((e: unknown) => e)
      expect(String(error)).toContain("expected a token")
      expect(String(error)).not.toContain(token.text.slice(14, 40))
    }
    await expect(readTokenOf(space.path("none"))).rejects.toThrow("token file")
  })
})

describe("the credential", () => {
  const seen: (readonly [string, string | null])[] = []
  const spy: Fetch = async (input, init) => {
    seen.push([String(input), new Headers(init?.headers).get("authorization")])
    return new Response("")
  }

  test("goes to the log's base URL and below, and nowhere else", async () => {
    const fetch = showingAt("https://log.example/a", async () => "secret", spy)
    const own = ["https://log.example/a/v1/head", "https://log.example/a/checkpoint"]
    const foreign = [
      "https://log.example/b",
      "https://log.example/ab",
      "http://log.example/a/x",
      "https://log.example:444/a/x",
      "https://registry.example/a/x",
      "https://log.example.evil.example/a/x",
      "https://log.example/a/../b",
    ]
    for (const url of [...own, ...foreign]) await fetch(url)
    expect(seen.filter(([, shown]) => shown !== null).map(([url]) => url)).toEqual(own)
  })

  test("of GitHub is asked for the audience of the log, once for minutes", async () => {
    const asked: string[] = []
    let time = 0
    const fetch: Fetch = async (input, init) => {
      asked.push(`${input} ${new Headers(init?.headers).get("authorization")} ${init?.redirect}`)
      return Response.json({ value: "x".repeat(30) })
    }
    const environment = {
      ACTIONS_ID_TOKEN_REQUEST_URL: "https://actions.example/token?api-version=2",
      ACTIONS_ID_TOKEN_REQUEST_TOKEN: "job",
    }
    const credential = githubCredential({
      fetch,
      environment,
      audience: "log.example",
      now: () => time,
    })
    expect(await credential()).toBe("x".repeat(30))
    time = 200_000
    await credential()
    expect(asked).toEqual([
      "https://actions.example/token?api-version=2&audience=log.example Bearer job manual",
    ])
    time = 300_000
    await credential()
    expect(asked).toHaveLength(2)
    const without = () => githubCredential({ fetch, environment: {}, audience: "x", now: () => 0 })
    expect(without).toThrow("id-token: write")
    const plain = { ...environment, ACTIONS_ID_TOKEN_REQUEST_URL: "http://evil.example/" }
    expect(() =>
      githubCredential({ fetch, environment: plain, audience: "x", now: () => 0 }),
    ).toThrow("expected an https URL")
  })
})

describe("a signing config with a token", () => {
  test("leads clients that only have a URL through the log's door, over both APIs", async () => {
    const file = privateFile("signing.token", token.text)
    for (const version of ["1", "2"]) {
      const out = space.path(`sigstore-${version}`)
      const words = ["trust", "--log", space.url, "--out", out, "--trusted-root", space.trustedRoot]
      const ran = await run([
        ...words,
        "--api-version",
        version,
        "--token-file",
        file,
        "--signing-token-file",
        file,
      ])
      expect(ran.code, ran.err).toBe(0)
      expect(ran.out + ran.err).not.toContain(token.text.slice(14, 40))
      expect(ran.err).toContain("has a token in it")
      expect(statSync(`${out}/signing_config.json`).mode & 0o077).toBe(0)
      expect(readFileSync(`${out}/trusted_root.json`, "utf8")).not.toContain("cst_")
      const config = JSON.parse(readFileSync(`${out}/signing_config.json`, "utf8"))
      const { url } = config.rekorTlogUrls[0]
      expect(new URL(url).pathname).toBe(`/w/${token.text}`)
      // What Go's clients make of it: text put behind it, url.JoinPath, path.Join.
      for (const base of [url, `${url}/`, url.replace("/w/", "//w/")]) {
        const own = base.replace(/^https?:\/\/[^/]+/, space.url)
        const path = version === "1" ? "/api/v1/log" : "/api/v2/checkpoint"
        const reply = await fetch(`${own}${path}`)
        expect(reply.status, `${base}${path}`).toBe(200)
        await reply.body?.cancel()
      }
    }
  })
})
