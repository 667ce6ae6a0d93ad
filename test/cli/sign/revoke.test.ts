import { createHash } from "node:crypto"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { readClaim } from "../../../src/entry/kinds/claim.ts"
import { revocationText, revokedKey } from "../../../src/entry/revocation.ts"
import { makeSigner } from "../../entry/signers.ts"
import { hashedrekordOf } from "../../evidence/made-cases.ts"
import { fill } from "../../http/served-log.ts"
import { lying, noNetwork, run } from "../command/fake-terminal.ts"
import { type KeyFiles, openWorkspace, type Workspace, writeKeys } from "../workspace.ts"

let workspace: Workspace
let keys: KeyFiles
let fingerprint: string

beforeAll(async () => {
  workspace = await openWorkspace()
  keys = writeKeys(workspace, "signer")
  const pem = workspace.read("signer.pub").replaceAll(/-----[^-]+-----|\s/g, "")
  fingerprint = `sha256:${createHash("sha256").update(Buffer.from(pem, "base64")).digest("hex")}`
  await fill(workspace.served.log, 3)
})

afterAll(() => workspace.close())

function revoke(...words: string[]) {
  return run(["revoke", "--log", workspace.url, "--key", keys.secret, ...words])
}

describe("countersign revoke", () => {
  it("says what it would do, sends nothing and exits with 2 without --yes", async () => {
    const ran = await run(["revoke", "--log", workspace.url, "--key", keys.secret], {
      fetch: noNetwork,
    })
    expect(ran.code).toBe(2)
    expect(ran.err).toContain(`this revokes the key ${fingerprint}`)
  })

  it("logs the key's own revocation, prints the index and writes a bundle", async () => {
    const ran = await revoke("--yes", "--trusted-root", workspace.trustedRoot)
    expect(ran).toMatchObject({ code: 0, err: "" })
    expect(ran.out).toContain(`revocation of ${fingerprint}: entry 3\n`)
    const answer = await fetch(`${workspace.url}/v1/entries/3`)
    const { body } = (await answer.json()) as { readonly body: string }
    const { summary } = readClaim(Buffer.from(body, "base64"))
    expect(revokedKey(summary)).toBe(fingerprint)
    const artifact = workspace.write("revocation.txt", revocationText(fingerprint))
    const bundle = `${keys.secret}.revocation.sigstore.json`
    const verified = await run(
      [
        ...["verify", "--bundle", bundle, "--artifact", artifact, "--key", keys.public],
        ...["--trusted-root", workspace.trustedRoot],
      ],
      { fetch: noNetwork },
    )
    expect(verified).toMatchObject({ code: 0, err: "" })
  })

  it("prints JSON, and the bundle goes where it is told to", async () => {
    const bundle = workspace.path("revoked.json")
    const ran = await revoke("--yes", "--json", "--bundle", bundle, "--policy", workspace.policy)
    expect(JSON.parse(ran.out)).toMatchObject({
      artifact: `revocation of ${fingerprint}`,
      bundle,
      isPinned: true,
    })
  })

  it("exits with 3 for a receipt that does not hold, and with 1 without a key", async () => {
    const words = ["revoke", "--log", workspace.url, "--key", keys.secret, "--yes"]
    const pinned = [...words, "--force", "--trusted-root", workspace.trustedRoot]
    const liar = lying(/entries/, (answer) => ({ ...answer, index: Number(answer["index"]) + 1 }))
    expect((await run(pinned, { fetch: liar })).code).toBe(3)
    expect((await run([...words, "--key", workspace.path("none.pem")])).code).toBe(1)
  })
})

describe("countersign monitor watch-test", () => {
  async function watchTest(...words: string[]): Promise<string> {
    return (await run(["monitor", "watch-test", ...words])).out
  }

  it("explains an entry of a file and of a log", async () => {
    const signer = makeSigner("ecdsa-p256")
    const file = workspace.write("entry.json", hashedrekordOf(signer, "x"))
    workspace.write("list.txt", `${createHash("sha256").update("x").digest("hex")}  x\n`)
    const watch = workspace.write(
      "acme.watch",
      "countersign-watch/v1\nsubject x\n  digests list.txt\n",
    )
    const lines = (await watchTest("--watch", watch, file)).split("\n")
    expect(lines.at(-2)).toMatch(/^subject x: it is about sha256:.*; anybody may sign it$/)
    const logged = await watchTest(
      "--watch",
      watch,
      "--log",
      workspace.url,
      "--index",
      "3",
      "--json",
    )
    expect(JSON.parse(logged)).toMatchObject({
      lines: expect.arrayContaining([`revokes ${fingerprint}, if its signature holds`]),
    })
  })
})
