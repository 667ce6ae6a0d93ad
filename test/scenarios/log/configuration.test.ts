// What `serve` is told: by flags, which win over the environment, which wins over the configuration file.
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { stringify } from "yaml"
import { makeLeaf, makeRoot, pemOf } from "../../entry/certificates/authority.ts"
import { base64, hashOf, makeSigner, type Signer, signMessage } from "../../entry/signers.ts"
import { newFolder } from "../../storage/folder.ts"
import { countersign, programCommand, type ServedLog, startServing } from "../process.ts"
import { newLog } from "./new-log.ts"

/** Writes a configuration file; gives its path. */
function configFile(content: string | object): string {
  const file = join(newFolder(), "countersign.yaml")
  writeFileSync(file, typeof content === "string" ? content : stringify(content))
  return file
}

async function serveWith(
  words: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<ServedLog> {
  const served = await startServing([...programCommand, "serve", ...words], { env })
  if ("client" in served) return served
  throw new Error(`the server ended with ${served.code}:\n${served.stderr}`)
}

/** The public URL that a log tells, as a sign of where it was set. */
async function publicUrl({ client }: ServedLog): Promise<string> {
  const trustedRoot = JSON.parse(await client.trustedRoot()) as {
    readonly tlogs: readonly { readonly baseUrl: string }[]
  }
  return trustedRoot.tlogs[0]?.baseUrl ?? ""
}

test("a configuration file alone is enough, and flags and environment win over it", async () => {
  const { data, guard } = await newLog()
  const config = configFile({
    data,
    guard,
    listen: "127.0.0.1:0",
    "admin-listen": "127.0.0.1:0",
    "public-url": "https://file.example",
    "min-free-bytes": 0,
  })
  const byFile = await serveWith(["--config", config])
  expect(await publicUrl(byFile)).toBe("https://file.example")
  const [, admin = ""] = /"admin":"([^"]+)"/.exec(byFile.said) ?? []
  expect(await (await fetch(`${admin}/metrics`)).text()).toMatch(/^countersign_\w+ 0$/m)
  await byFile.stop()

  const variables = {
    COUNTERSIGN_CONFIG: config,
    COUNTERSIGN_PUBLIC_URL: "https://environment.example",
  }
  const byEnvironment = await serveWith([], variables)
  expect(await publicUrl(byEnvironment)).toBe("https://environment.example")
  await byEnvironment.stop()

  const byFlag = await serveWith(["--public-url", "https://flag.example"], variables)
  expect(await publicUrl(byFlag)).toBe("https://flag.example")
})

function certifiedRequest(artifact: string, certificate: Uint8Array, by: Signer) {
  const signature = signMessage(by, "PKIX_ECDSA_P256_SHA_256", Buffer.from(artifact))
  const digest = Buffer.from(hashOf("PKIX_ECDSA_P256_SHA_256", Buffer.from(artifact)))
  return {
    kind: "hashedrekord",
    digest: `sha256:${digest.toString("hex")}`,
    signature: base64(signature),
    certificate: base64(certificate),
  } as const
}

test("without a public URL a log names its origin", async () => {
  const { data, guard } = await newLog()
  const served = await serveWith(["--data", data, "--guard", guard, "--listen", "127.0.0.1:0"])
  expect(await publicUrl(served)).toBe("https://log.example")
})

test("certificate authorities are named by the file, the environment or a flag", async () => {
  const { data, guard } = await newLog()
  const pem = join(newFolder(), "roots.pem")
  const root = makeRoot("root")
  writeFileSync(pem, pemOf(root.der))
  const plain = ["--data", data, "--guard", guard, "--listen", "127.0.0.1:0"]
  const config = configFile({ "certificate-authorities": pem })
  const ways: readonly (readonly [readonly string[], Readonly<Record<string, string>>])[] = [
    [["--config", config], {}],
    [[], { COUNTERSIGN_CERTIFICATE_AUTHORITIES: pem }],
    [["--certificate-authorities", pem], {}],
  ]
  for (const [i, [words, env]] of ways.entries()) {
    const served = await serveWith([...plain, ...words], env)
    const signer = makeSigner("ecdsa-p256")
    const own = certifiedRequest(`own ${i}`, makeLeaf({ name: "root", signer }, signer), signer)
    await expect(served.client.submit(own)).rejects.toThrow("the certificate is not accepted")
    const issued = certifiedRequest(`issued ${i}`, makeLeaf(root, signer), signer)
    expect((await served.client.submit(issued)).isNew).toBe(true)
    await served.stop()
  }
})

test.each([
  ["an option that there is not", "public-ulr: https://log.example", /unknown option "public-ulr"/],
  ["a wrong address", "listen: here", /listen: expected HOST:PORT, found "here"/],
  ["a wrong number", "min-free-bytes: 1e9x", /min-free-bytes: .*found "1e9x"/],
  ["a wrong choice", "verification: fast", /verification: expected one of auto, native, portable/],
  ["a list", "- data", /expected a mapping of options/],
  ["what is not YAML", "data: [", /expected YAML, found .* at line/],
])("a configuration file with %s is refused in one line", async (_, content, reason) => {
  const refused = await countersign("serve", "--config", configFile(content))
  expect(refused).toMatchObject({ code: 1, stderr: expect.stringMatching(reason) })
  expect(refused.stderr).toMatch(/^countersign: .*countersign\.yaml: .+\n$/)
})

test.each([
  ["--config", /^countersign: .*nothing: ENOENT.*\n$/],
  [
    "--passphrase-file",
    /^countersign: expected a passphrase file in .*nothing, found no such file\n$/,
  ],
])("a missing file for %s is refused", async (option, reason) => {
  const { data, guard } = await newLog()
  const file = join(data, "nothing")
  const refused = await countersign("serve", "--data", data, "--guard", guard, option, file)
  expect(refused.code).toBe(1)
  expect(refused.stderr).toMatch(reason)
})
