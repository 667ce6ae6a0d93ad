// A monitor whose watch file names who issues certificates: what the workflow signs is expected, and a certificate that
// its signer made in the workflow's name ends the run with 2.
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { utf8 } from "../../../src/core/base/bytes.ts"
import { digestAlgorithm } from "../../../src/entry/algorithm.ts"
import { makeIntermediate, makeLeaf, makeRoot, pemOf } from "../../entry/certificates/authority.ts"
import { base64, hashOf, makeSigner, type Signer, signMessage } from "../../entry/signers.ts"
import { trustedRootOf } from "../../sigstore/made-trusted-root.ts"
import { run } from "../command/fake-terminal.ts"
import { openWorkspace, type Workspace } from "../workspace.ts"

const root = makeRoot("sigstore", "ecdsa-p384")
const fulcio = makeIntermediate(root, "sigstore-intermediate", "ecdsa-p384", { pathLength: 0 })
const RELEASE = "https://github.com/acme/app/.github/workflows/release.yml@refs/tags/v1"
const rule =
  "oidc https://token.actions.githubusercontent.com https://github.com/acme/app/.github/workflows/*@refs/tags/*"
const authority = ["authority sigstore", "  trusted-root trusted_root_ca.json"]

let workspace: Workspace
let made = 0

beforeAll(async () => {
  workspace = await openWorkspace()
  const certificates = [fulcio.der, root.der]
  workspace.write("trusted_root_ca.json", trustedRootOf([{ certificates }]))
  workspace.write("fulcio.pem", pemOf(...certificates))
})
afterAll(() => workspace.close())

function digestOf(artifact: string): string {
  const digest = hashOf("PKIX_ECDSA_P256_SHA_256", utf8(artifact))
  return `sha256:${Buffer.from(digest).toString("hex")}`
}

/** Submits a signature under a certificate; gives its place. */
async function submit(artifact: string, certificate: Uint8Array, by: Signer): Promise<number> {
  const signature = signMessage(by, digestAlgorithm[by.keyType], utf8(artifact))
  const response = await fetch(`${workspace.url}/v1/entries`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      kind: "hashedrekord",
      digest: digestOf(artifact),
      signature: base64(signature),
      certificate: base64(certificate),
    }),
  })
  expect(response.status).toBe(201)
  return ((await response.json()) as { readonly index: number }).index
}

function watchText(lines: readonly string[]): string {
  return ["countersign-watch/v1", ...lines, ""].join("\n")
}

async function watched(lines: readonly string[]) {
  made += 1
  const name = `monitor-${made}`
  const data = workspace.path(name)
  const policy = ["--policy", workspace.policy]
  const init = await run(["monitor", "init", "--data", data, ...policy, "--expect-empty"])
  expect(init.code).toBe(0)
  const watch = workspace.write(`${name}.watch`, watchText(lines))
  const words = ["--data", data, "--log", workspace.url, "--watch", watch, "--once"]
  return { data: name, round: () => run(["monitor", "run", ...words]) }
}

async function watching(lines: readonly string[]) {
  return (await watched(lines)).round
}

describe("countersign monitor run with authorities", () => {
  test("expects the workflow, and ends with 2 for a certificate that claims to be it", async () => {
    const lines = [...authority, "subject app", `  digest ${digestOf("app")}`, `  signer ${rule}`]
    const round = await watching(lines)
    const signer = makeSigner("ecdsa-p256")
    await submit("app", makeLeaf(fulcio, signer, { uri: RELEASE }), signer)
    const quiet = await round()
    expect(quiet.code).toBe(0)
    expect(quiet.err).not.toContain("believe")

    const thief = makeSigner("ecdsa-p256")
    const own = makeLeaf({ name: fulcio.name, signer: thief }, thief, { uri: RELEASE })
    const index = await submit("something else", own, thief)
    const { code, out } = await round()
    expect(code).toBe(2)
    expect(out).toContain("claimed-identity")
    expect(out).toContain(`entry ${index}`)
    expect(out).not.toContain("unknown-signer")
  })

  test("makes no not-mine of what four strangers claim to have signed as the workflow", async () => {
    workspace.write("mine.jsonl", "")
    const lines = ["authority sigstore", "  roots fulcio.pem", "signer ci", `  ${rule}`]
    const round = await watching([...lines, "  mine mine.jsonl"])
    for (let i = 0; i < 4; i++) {
      const thief = makeSigner("ecdsa-p256")
      const own = makeLeaf({ name: "me", signer: thief }, thief, { uri: RELEASE })
      await submit(`theirs ${i}`, own, thief)
    }
    const { code, out } = await round()
    expect(code).toBe(2)
    expect(out.match(/claimed-identity/g)?.length).toBeGreaterThanOrEqual(4)
    // The entry of the other test, which the workflow has signed, is not in this ledger.
    expect(out.match(/not-mine/g) ?? []).toHaveLength(1)
  })

  test("says that anyone is believed where no authority is named", async () => {
    const round = await watching(["signer ci", `  ${rule}`])
    const { err } = await round()
    expect(err).toContain("the identity rules of ci believe anyone")
    expect(err).toContain("authority block")
  })

  test("looks back at every entry when an authority is named later", async () => {
    const lines = ["subject late", `  digest ${digestOf("late")}`, `  signer ${rule}`]
    const thief = makeSigner("ecdsa-p256")
    const own = makeLeaf({ name: "me", signer: thief }, thief, { uri: RELEASE })
    const index = await submit("late", own, thief)
    const { data, round } = await watched(["opaque ignore", ...lines])
    expect(await round()).toMatchObject({ code: 0 })
    workspace.write(`${data}.watch`, watchText([...authority, "opaque ignore", ...lines]))
    const { code, out } = await round()
    expect(code).toBe(2)
    expect(out).toContain("claimed-identity")
    expect(out).toContain(`entry ${index} is about late`)
  })

  test("refuses a watch file whose authority cannot be read", async () => {
    const round = await watching(["authority sigstore", "  roots log.policy"])
    const { code, err } = await round()
    expect(code).toBe(1)
    expect(err).toContain("line 3: log.policy: expected PEM")
  })
})
