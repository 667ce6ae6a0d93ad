// `countersign trust`: the files it writes, and whom it believes. A log in between that puts in a key of
// its own must not come through where a key was pinned.
import { generateKeyPairSync } from "node:crypto"
import { SigningConfig, TrustedRoot } from "@sigstore/protobuf-specs"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { formatNote, parseNote } from "../../../src/core/note/note.ts"
import { parseOrigin } from "../../../src/core/note/origin.ts"
import { openPemKey } from "../../../src/crypto/keys/pem-key.ts"
import { createLogSigner } from "../../../src/crypto/signers/log-signer.ts"
import { formatTrustedRoot, parseTrustedRoot } from "../../../src/sigstore/trusted-root.ts"
import { fill } from "../../http/served-log.ts"
import { type Ran, run } from "../command/fake-terminal.ts"
import { openWorkspace, type Workspace } from "../workspace.ts"

let workspace: Workspace

beforeAll(async () => {
  workspace = await openWorkspace()
  await fill(workspace.served.log, 3)
})

afterAll(() => workspace.close())

type Answers = Readonly<Record<string, string>>

function trust(words: readonly string[], answers?: Answers): Promise<Ran> {
  const out = workspace.path("sigstore")
  const all = ["trust", "--log", workspace.url, "--out", out, ...words]
  return answers === undefined ? run(all) : run(all, { fetch: answering(answers) })
}

/** The log itself, but for these paths. */
function answering(answers: Answers): typeof fetch {
  return (input, init) => {
    const answer = answers[new URL(input instanceof Request ? input.url : input).pathname]
    return answer === undefined ? fetch(input, init) : Promise.resolve(new Response(answer))
  }
}

const pem = (key: ReturnType<typeof generateKeyPairSync>["privateKey"]) =>
  key.export({ type: "pkcs8", format: "pem" }).toString()

/** A party that adds its own line to the log's checkpoint, and its own key in the log's name. */
async function intruder(): Promise<Answers> {
  const origin = parseOrigin("log.example")
  const signer = createLogSigner(origin, {
    ecdsa: openPemKey(pem(generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey)),
    ed25519: openPemKey(pem(generateKeyPairSync("ed25519").privateKey)),
  })
  const { text, signatures } = parseNote(workspace.served.log.head().checkpoint)
  const own = parseNote(await signer.sign(text)).signatures
  return {
    "/checkpoint": formatNote(text, [...signatures, ...own]),
    "/v1/trusted-root.json": formatTrustedRoot([
      { baseUrl: "https://log.example", spki: signer.ecdsaSpki, validFrom: new Date(0) },
    ]),
  }
}

describe("countersign trust", () => {
  it("writes both files for the log, and says that nothing was pinned", async () => {
    const ran = await trust([])
    expect(ran.code).toBe(0)
    expect(ran.err).toContain("TRUST ON FIRST USE")
    expect(ran.err).toContain(`under https://log.example, not under ${workspace.url}`)
    const root = workspace.read("sigstore/trusted_root.json")
    expect(parseTrustedRoot(root)).toEqual(parseTrustedRoot(workspace.read("trusted_root.json")))
    expect(TrustedRoot.fromJSON(JSON.parse(root)).tlogs).toHaveLength(1)
  })

  it.each([
    { words: [], version: 2 },
    { words: ["--api-version", "1"], version: 1 },
  ])("asks signers to use API $version after $words", async ({ words, version }) => {
    expect((await trust(words)).code).toBe(0)
    const config = SigningConfig.fromJSON(
      JSON.parse(workspace.read("sigstore/signing_config.json")),
    )
    expect(config.rekorTlogUrls).toMatchObject([
      { url: "https://log.example", majorApiVersion: version, operator: "log.example" },
    ])
    expect(config.rekorTlogUrls[0]?.validFor?.start).toBeInstanceOf(Date)
  })

  it("is content with a pinned key, in a trusted root or as vkey in a policy", async () => {
    const [ecdsa] = workspace.served.log.vkeys
    const policy = workspace.write("ecdsa.policy", `log ${ecdsa}\nquorum none\n`)
    for (const pin of [
      ["--trusted-root", workspace.trustedRoot],
      ["--policy", policy],
    ]) {
      const ran = await trust([...pin, "--json"])
      expect(ran.code).toBe(0)
      expect(ran.err).not.toContain("FIRST USE")
      expect(JSON.parse(ran.out)).toMatchObject({ origin: "log.example", isPinned: true })
    }
  })

  it("does not take a policy's Ed25519 key as a word for the ECDSA key", async () => {
    const ran = await trust(["--policy", workspace.policy])
    expect(ran).toMatchObject({ code: 1, out: "" })
    expect(ran.err).toContain("expected the policy to name the ECDSA key")
  })

  it("does not let an added signature line bring in a key beside the pinned ones", async () => {
    const answers = await intruder()
    const vkeys = workspace.served.log.vkeys.map((vkey) => `log ${vkey}\n`).join("")
    const policy = workspace.write("both.policy", `${vkeys}quorum none\n`)
    expect((await trust([], answers)).code).toBe(0)
    expect(await trust(["--policy", policy], answers)).toMatchObject({ code: 1, out: "" })
    expect((await trust(["--trusted-root", workspace.trustedRoot], answers)).code).toBe(0)
    const written = parseTrustedRoot(workspace.read("sigstore/trusted_root.json"))
    expect(written).toEqual(parseTrustedRoot(workspace.read("trusted_root.json")))
  })

  it("exits with 3 if the key it is given did not sign the checkpoint", async () => {
    const { "/v1/trusted-root.json": foreign = "" } = await intruder()
    const pinned = workspace.write("foreign.json", foreign)
    const stated = await trust([], { "/v1/trusted-root.json": foreign })
    for (const ran of [stated, await trust(["--trusted-root", pinned])]) {
      expect(ran).toMatchObject({ code: 3, out: "" })
      expect(ran.err).toMatch(/bad-signature|untrusted/)
    }
  })

  it("takes over nothing from the log's answer but the key", async () => {
    const root = JSON.parse(workspace.read("trusted_root.json"))
    const added = { ...root, certificateAuthorities: [{ uri: "https://ca.example" }] }
    const ran = await trust([], { "/v1/trusted-root.json": JSON.stringify(added) })
    expect(ran.code).toBe(0)
    expect(workspace.read("sigstore/trusted_root.json")).not.toContain("ca.example")
  })

  it("has a usage error for another API version and without a folder", async () => {
    expect((await trust(["--api-version", "3"])).code).toBe(2)
    expect((await run(["trust", "--log", workspace.url])).code).toBe(2)
  })
})
