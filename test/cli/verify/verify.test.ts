import { afterAll, beforeAll, describe, expect, it, vi } from "vitest"
import { noNetwork, type Ran, run } from "../command/fake-terminal.ts"
import { type KeyFiles, openWorkspace, type Workspace, writeKeys } from "../workspace.ts"

let workspace: Workspace
let keys: KeyFiles
let artifact: string

beforeAll(async () => {
  workspace = await openWorkspace()
  keys = writeKeys(workspace, "signer")
  artifact = workspace.write("app.bin", "the artifact")
  const words = ["--artifact", artifact, "--key", keys.secret, "--policy", workspace.policy]
  const ran = await run(["submit", "--log", workspace.url, ...words])
  expect(ran.code).toBe(0)
})

afterAll(() => workspace.close())

function verify(changes: Record<string, string> = {}, ...words: string[]): Promise<Ran> {
  const options = { bundle: `${artifact}.sigstore.json`, artifact, key: keys.public, ...changes }
  const flags = Object.entries(options).flatMap(([name, value]) => [`--${name}`, value])
  return run(["verify", ...flags, ...words], { fetch: noNetwork })
}

describe("countersign verify", () => {
  it("verifies under a trusted root or a policy, without any network", async () => {
    for (const trust of [{ "trusted-root": workspace.trustedRoot }, { policy: workspace.policy }]) {
      expect(await verify(trust as Record<string, string>)).toMatchObject({ code: 0, err: "" })
    }
  })

  it("prints what it verified as JSON", async () => {
    const { out } = await verify({ policy: workspace.policy }, "--json")
    expect(JSON.parse(out)).toEqual({
      verified: true,
      origin: "log.example",
      index: 0,
      size: 1,
      root: expect.stringMatching(/^[0-9a-f]{64}$/),
      leafHash: expect.stringMatching(/^[0-9a-f]{64}$/),
      kind: "hashedrekord",
      algorithm: "PKIX_ECDSA_P256_SHA_256",
      cosignatures: [],
      inclusion: "proof",
      passedOver: [],
    })
  })

  it("parses the bundle once", async () => {
    const parse = vi.spyOn(JSON, "parse")
    try {
      const heads = workspace.path("parsed.heads")
      expect(await verify({ policy: workspace.policy, heads })).toMatchObject({ code: 0 })
      const text = workspace.read("app.bin.sigstore.json")
      expect(parse.mock.calls.filter(([parsed]) => parsed === text)).toHaveLength(1)
    } finally {
      parse.mockRestore()
    }
  })

  it("names cosign's older format in what it says of a broken one", async () => {
    const old = workspace.write("old.json", '{"base64Signature":"AA==","rekorBundle":{}}')
    const ran = await verify({ policy: workspace.policy, bundle: old })
    expect(ran).toMatchObject({ code: 5 })
    expect(ran.err).toContain("malformed: cosign's older bundle: rekorBundle")
  })

  it("exits with 3 and the one reason if the bundle does not hold", async () => {
    const trust = { policy: workspace.policy }
    const other = workspace.write("other.bin", "another artifact")
    const stranger = writeKeys(workspace, "stranger")
    const text = workspace.read("app.bin.sigstore.json")
    const edited = workspace.write("edited.json", text.replace('"logIndex":"0"', '"logIndex":"1"'))
    const cases: [Record<string, string>, string][] = [
      [{ artifact: other }, "mismatch"],
      [{ key: stranger.public }, "bad-signature"],
      [{ bundle: edited }, "bad-proof"],
    ]
    for (const [changes, code] of cases) {
      const ran = await verify({ ...trust, ...changes }, "--json")
      expect(ran.code).toBe(3)
      expect(JSON.parse(ran.out)).toEqual({
        verified: false,
        code,
        reason: expect.any(String),
      })
      expect(ran.err).toMatch(new RegExp(`^countersign: ${code}: .+\n$`))
    }
    const human = await verify({ ...trust, artifact: other })
    expect(human).toMatchObject({ code: 3, out: "" })
  })

  it("exits with 5 and the reason if the bundle cannot be judged", async () => {
    const cut = workspace.read("app.bin.sigstore.json").slice(0, -9)
    const bundle = workspace.write("cut.json", cut)
    const ran = await verify({ policy: workspace.policy, bundle }, "--json")
    expect(ran.code).toBe(5)
    const json = { verified: false, judged: false, code: "malformed", reason: expect.any(String) }
    expect(JSON.parse(ran.out)).toEqual(json)
    expect(ran.err).toMatch(/^countersign: malformed: .+\n$/)
  })

  it("exits with 1 if a file is missing or is not what it should be", async () => {
    const trust = { policy: workspace.policy }
    const missing = workspace.path("missing")
    const cases = [
      { artifact: missing },
      { bundle: missing },
      { key: missing },
      { key: artifact },
      { policy: missing },
      { policy: artifact },
    ]
    for (const changes of cases) {
      const ran = await verify({ ...trust, ...(changes as Record<string, string>) })
      expect(ran).toMatchObject({ code: 1, out: "" })
      expect(ran.err).toMatch(/^countersign: .+\n$/)
    }
  })

  it("exits with 2 without trust, with both kinds of it, and without what it needs", async () => {
    expect(await verify()).toMatchObject({ code: 2 })
    const both = { policy: workspace.policy, "trusted-root": workspace.trustedRoot }
    expect(await verify(both)).toMatchObject({ code: 2 })
    expect(await run(["verify", "--bundle", "b"])).toMatchObject({ code: 2, out: "" })
  })

  it("takes trust from the environment, over which a flag wins", async () => {
    vi.stubEnv("COUNTERSIGN_POLICY", workspace.policy)
    expect(await verify()).toMatchObject({ code: 0 })
    vi.stubEnv("COUNTERSIGN_POLICY", workspace.path("missing"))
    expect(await verify()).toMatchObject({ code: 1 })
    expect(await verify({ "trusted-root": workspace.trustedRoot })).toMatchObject({ code: 0 })
    vi.stubEnv("COUNTERSIGN_TRUSTED_ROOT", workspace.trustedRoot)
    expect(await verify()).toMatchObject({ code: 2 })
    expect(await verify({ policy: workspace.policy })).toMatchObject({ code: 0 })
    vi.unstubAllEnvs()
  })
})
