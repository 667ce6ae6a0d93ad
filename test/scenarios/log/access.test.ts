// Writers of a log that runs: tokens that come and go without a restart, an issuer of OpenID Connect tokens, damage to
// the file of tokens, and that no secret is in anything the process writes.
import { chmodSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { auditFile } from "../../../src/storage/files/audit-file.ts"
import { tokenFile } from "../../../src/storage/files/token-file.ts"
import { openIssuer } from "../../http/access/issuer.ts"
import { signedRequest } from "../../http/served-log.ts"
import { countersign, PATIENCE, type ServedLog, serve, serveInVain } from "../process.ts"
import { newLog } from "./new-log.ts"

let artifact = 0

/** The status of a submission. */
async function submit({ url }: ServedLog, authorization = "", prefix = ""): Promise<number> {
  artifact += 1
  const response = await fetch(`${url}${prefix}/v1/entries`, {
    ...{ method: "POST", body: JSON.stringify(signedRequest(`artifact ${artifact}`)) },
    headers: { "content-type": "application/json", ...(authorization && { authorization }) },
  })
  await response.body?.cancel()
  return response.status
}

async function createToken(data: string, name: string): Promise<string> {
  const made = await countersign(
    "token",
    "create",
    "--data",
    data,
    "--name",
    name,
    "--scope",
    "submit",
  )
  expect(made.stderr).toContain("it is not shown again")
  return made.stdout.trim()
}

test("tokens come and go while the log runs, and nothing that it writes has one", async () => {
  const { data, options } = await newLog()
  const words = [...options.words, "--anonymous", "read", "--log-level", "debug"]
  const served = await serve(data, { words })
  expect(served.said).toContain("anyone may: read; tokens: 0")
  expect(await submit(served)).toBe(401)

  const token = await createToken(data, "ci")
  const bearer = `Bearer ${token}`
  await expect.poll(() => submit(served, bearer), PATIENCE).toBe(201)
  expect(await submit(served, "", `/w/${token}`)).toBe(201)
  const wrong = [
    `/w/${token}x/v1/head`,
    `/W/${token}/v1/head`,
    `/w/${token}/w/${token}`,
    `/w/${encodeURIComponent(`${token}/`)}/v1/head`,
    `/v1/entries/${token}`,
    `/v1/entries?hash=${token}`,
    `/tile/0/${token}`,
    `/%77/${token}/%`,
  ]
  const answers: string[] = []
  for (const path of wrong) {
    const response = await fetch(served.url + path)
    expect(response.status, path).toBeGreaterThanOrEqual(400)
    answers.push(await response.text(), JSON.stringify([...response.headers]))
  }

  expect((await countersign("token", "revoke", "--data", data, "ci")).code).toBe(0)
  await expect.poll(() => submit(served, bearer), PATIENCE).toBe(401)
  served.send("SIGHUP")
  expect(await submit(served, bearer)).toBe(401)

  const second = await createToken(data, "second")
  await expect.poll(() => submit(served, `Bearer ${second}`), PATIENCE).toBe(201)
  const whole = readFileSync(tokenFile(data), "utf8")
  writeFileSync(tokenFile(data), whole.replace('"second"', '"sec0nd"'))
  await expect.poll(() => submit(served, `Bearer ${second}`), PATIENCE).toBe(503)
  expect(await submit(served, bearer)).toBe(503)
  expect(await submit(served)).toBe(401)
  writeFileSync(tokenFile(data), whole)
  await expect.poll(() => submit(served, `Bearer ${second}`), PATIENCE).toBe(201)

  const { code, stdout, stderr } = await served.stop()
  expect(code).toBe(0)
  const written = [
    stdout,
    stderr,
    ...answers,
    readFileSync(auditFile(data), "utf8"),
    readFileSync(`${tokenFile(data)}.used`, "utf8"),
  ].join("\n")
  expect(written).toContain("token-revoked")
  expect(written).toContain("request refused")
  for (const secret of [token, second]) expect(written).not.toContain(secret.slice(13, 40))
  const list = await countersign("token", "list", "--data", data)
  expect(list.stdout).toMatch(/last used +\d{4}-\d\d-\d\d/)
})

test("a log does not start over tokens that are damaged or open to others, or over rules that it cannot read", async () => {
  const { data, options } = await newLog()
  const token = await createToken(data, "ci")
  const file = tokenFile(data)
  chmodSync(file, 0o644)
  expect((await serveInVain(data, options)).stderr).toContain("is open to others")
  chmodSync(file, 0o600)
  const whole = readFileSync(file, "utf8")
  writeFileSync(file, whole.slice(0, -2))
  const damaged = await serveInVain(data, options)
  expect(damaged.stderr).toContain("damaged")
  expect(damaged.stderr).not.toContain(token.slice(13, 40))
  writeFileSync(file, whole)
  const rules = join(data, "access.yaml")
  writeFileSync(rules, "anonymous: [everything]")
  const words = [...options.words, "--access", rules]
  expect((await serveInVain(data, { words })).stderr).toContain("expected scopes")
  const identities = [...options.words, "--allow-identities", "a@example.com"]
  expect((await serveInVain(data, { words: identities })).stderr).toContain(
    "--certificate-authorities",
  )
})

test("tokens of an issuer are taken by the rules of a file, which is read again on SIGHUP", async () => {
  const issuer = await openIssuer(Date.now)
  const { data, options } = await newLog()
  const rules = join(data, "access.yaml")
  const rule = (repository: string) =>
    `anonymous: [read]\noidc: [{name: ci, issuer: "https://issuer.example", jwks: "${issuer.url}", match: {repository: ${repository}}, scopes: [submit]}]\n`
  writeFileSync(rules, rule("acme/app"))
  const served = await serve(data, { words: [...options.words, "--access", rules] })
  expect(served.said).toContain("OpenID Connect tokens")
  const bearer = `Bearer ${await issuer.token({ aud: "other.example" })}`
  expect(await submit(served, bearer)).toBe(401)
  const own = `Bearer ${await issuer.token({ aud: "log.example" })}`
  expect(await submit(served, own)).toBe(201)
  writeFileSync(rules, "nonsense")
  served.send("SIGHUP")
  expect(await submit(served, own)).toBe(201)
  writeFileSync(rules, rule("acme/other"))
  served.send("SIGHUP")
  await expect.poll(() => submit(served, own), PATIENCE).toBe(403)
  const { stderr } = await served.stop()
  expect(stderr).toContain("the rules stay as they were")
  expect(stderr).not.toContain(own.slice(10, 60))
  await issuer.close()
})

test("a monitor that has a token follows a log that is closed to strangers", async () => {
  const { data, options } = await newLog()
  const served = await serve(data, { words: [...options.words, "--anonymous", "none"] })
  const [token, policy] = [join(data, "read.token"), join(data, "logs.policy")]
  const words = ["--data", data, "--name", "monitor", "--scope", "read", "--out", token]
  expect((await countersign("token", "create", ...words)).code).toBe(0)
  const { stdout: lines } = await countersign("keys", "--data", data, "--format", "policy")
  writeFileSync(policy, lines.replace(/(^log \S+) *\S*/gm, `$1 ${served.url}`))
  const state = join(data, "monitor")
  await countersign("monitor", "init", "--data", state, "--policy", policy, "--expect-empty")
  const once = (...more: readonly string[]) =>
    countersign("monitor", "run", "--data", state, "--once", ...more)
  expect(await once()).toMatchObject({ code: 1 })
  await expect
    .poll(async () => (await once("--log-token-file", token)).code, { ...PATIENCE, interval: 500 })
    .toBe(0)
  chmodSync(token, 0o644)
  const open = await once("--log-token-file", token)
  expect(open).toMatchObject({ code: 1 })
  expect(open.stderr).toContain("can be read by others")
  const another = await once("--log-token-file", `other.example ${token}`)
  expect(another).toMatchObject({ code: 1 })
  expect(another.stderr).toContain("expected which of these logs is meant")
  rmSync(token)
  expect((await served.stop()).stderr).not.toContain("cst_")
})
