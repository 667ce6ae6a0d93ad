// A chain of certificates with the authority's first, where the signer's belongs.
import { sign } from "node:crypto"
import { readFileSync } from "node:fs"
import { afterAll, beforeAll, expect, test } from "vitest"
import { noNetwork, run } from "../command/fake-terminal.ts"
import { type Authority, makeTlsAuthority } from "../network/network.ts"
import { openWorkspace, type Workspace } from "../workspace.ts"

const ADVICE =
  "the certificate that was given is an authority's (CA:TRUE): of a chain, the signer's comes first"

let workspace: Workspace
let authority: Authority

beforeAll(async () => {
  workspace = await openWorkspace()
  authority = makeTlsAuthority()
})
afterAll(async () => {
  authority.close()
  await workspace.close()
})

test("is said where the signature does not hold under it, and nothing where the signer's is first", async () => {
  const { key, cert } = authority.certify("DNS:signer.example")
  const root = readFileSync(authority.caFile, "utf8")
  const leaf = cert.slice(0, -root.length)
  const artifact = workspace.write("app", "an app")
  const signature = workspace.write("app.sig", sign("sha256", Buffer.from("an app"), key))
  const right = workspace.write("right.pem", leaf + root)
  const wrong = workspace.write("wrong.pem", root + leaf)
  const submit = (chain: string) =>
    run([
      ...["submit", "--log", workspace.url, "--artifact", artifact, "--signature", signature],
      ...["--public-key", chain, "--policy", workspace.policy],
    ])
  const refused = await submit(wrong)
  expect(refused.code).not.toBe(0)
  expect(refused.err).toContain(ADVICE)
  expect(await submit(right)).toMatchObject({ code: 0 })
  const verify = (chain: string) =>
    run(
      [...["verify", "--artifact", artifact, "--key", chain], ...["--policy", workspace.policy]],
      { fetch: noNetwork },
    )
  expect(await verify(right)).toMatchObject({ code: 0, err: "" })
  const unverified = await verify(wrong)
  expect(unverified.code).toBe(3)
  expect(unverified.err).toContain(ADVICE)
})

test("is not said where the signer's certificate is first and the signature is another's", async () => {
  const { cert } = authority.certify("DNS:other.example")
  const artifact = workspace.path("app")
  const chain = workspace.write("other.pem", cert)
  const ran = await run(
    ["verify", "--artifact", artifact, "--key", chain, "--policy", workspace.policy],
    { fetch: noNetwork },
  )
  expect(ran.code).toBe(3)
  expect(ran.err).not.toContain("CA:TRUE")
})
