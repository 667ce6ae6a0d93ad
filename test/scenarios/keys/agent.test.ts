// A log and a witness whose keys are in an SSH agent that ends and comes back.

import { chmodSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { expect } from "vitest"
import { parseNote, parseVkey } from "../../../src/core/note/note.ts"
import { createTestLog } from "../../http/test-log.ts"
import { newFolder } from "../../storage/folder.ts"
import { newRequest } from "../log/load.ts"
import { PATIENCE, programCommand, start, startServing } from "../process.ts"
import { type Agent, makeToken, openAgent, SOFTHSM, testWith } from "./programs.ts"
import { makeRemoteLog, verifiedSize } from "./remote-log.ts"

const LONG = { timeout: 180_000 }
const test = testWith(["ssh-agent", "ssh-add", "ssh-keygen"])

async function submit(url: string): Promise<Response> {
  return await fetch(`${url}/v1/entries`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(newRequest()),
  })
}

test("a log signs with an agent, and its keys are printed without it", LONG, async () => {
  const agent = await openAgent()
  const log = await makeRemoteLog(agent)
  const { url, client, stop } = await log.serve()
  await client.submit(newRequest())
  await client.submit(newRequest())
  expect(await verifiedSize(url, log.vkeys)).toBe(2)
  expect(await stop()).toMatchObject({ code: 0 })
  await agent.kill()
  const printed = await start([...programCommand, "keys", "--data", log.data]).ended
  expect(printed.stdout).toBe(log.vkeys.map((vkey) => `${vkey}\n`).join(""))
  const ended = await log.serveInVain()
  expect(ended.code).toBe(1)
  expect(ended.stderr).toContain(`the SSH agent at ${agent.socket} does not answer`)
})

test(
  "a log whose agent ends refuses, goes on being read, and goes on when it is back",
  LONG,
  async () => {
    const agent = await openAgent()
    const log = await makeRemoteLog(agent)
    const { url, client, stop } = await log.serve()
    await client.submit(newRequest())
    await agent.kill()
    const refused = await submit(url)
    expect(refused.status).toBe(503)
    expect(refused.headers.get("retry-after")).toMatch(/^[1-9]/)
    expect((await submit(url)).status).toBe(503)
    const ready = await fetch(`${url}/readyz`)
    expect(ready.status).toBe(503)
    expect(await ready.text()).toContain("nothing can be signed")
    expect((await fetch(`${url}/livez`)).status).toBe(200)
    expect(await client.entry(0)).toMatchObject({ index: 0 })
    expect(await verifiedSize(url, log.vkeys)).toBe(1)

    await agent.restart()
    await expect.poll(async () => (await fetch(`${url}/readyz`)).status, PATIENCE).toBe(200)
    // What waited for its signature is in the log, although nobody was told.
    await client.submit(newRequest())
    expect(await verifiedSize(url, log.vkeys)).toBe(3)
    expect(await stop()).toMatchObject({ code: 0 })
  },
)

test(
  "a log stops while its agent is away, and the next start signs what was stored",
  LONG,
  async () => {
    const agent = await openAgent()
    const log = await makeRemoteLog(agent)
    const first = await log.serve()
    await first.client.submit(newRequest())
    await agent.kill()
    expect((await submit(first.url)).status).toBe(503)
    expect(await first.stop()).toMatchObject({ code: 0 })
    await agent.restart()
    const second = await log.serve()
    expect(await verifiedSize(second.url, log.vkeys)).toBe(2)
    await second.client.submit(newRequest())
    expect(await verifiedSize(second.url, log.vkeys)).toBe(3)
  },
)

test("a log refuses other keys than it was made with", LONG, async () => {
  const log = await makeRemoteLog(await openAgent())
  const other = await openAgent()
  const words = ["--data", log.data, "--listen", "127.0.0.1:0"]
  const keys = ["--ecdsa-key", other.ecdsa, "--ed25519-key", other.ed25519]
  const ended = await start([...programCommand, "serve", ...words, ...keys]).ended
  expect(ended.code).toBe(1)
  expect(ended.stderr).toContain("a log never changes its keys")
})

test(
  "a witness cosigns with an agent, refuses without it, and cosigns when it is back",
  LONG,
  async () => {
    const agent = await openAgent()
    const folder = newFolder()
    const log = createTestLog("log.example")
    const policy = join(folder, "policy")
    writeFileSync(policy, `log ${log.vkey}\nquorum none\n`)
    const words = ["--data", join(folder, "data"), "--ed25519-key", agent.ed25519]
    const made = await start([
      ...programCommand,
      "witness",
      "init",
      "--name",
      "w.example",
      ...words,
    ]).ended
    expect(made).toMatchObject({ code: 0, stderr: "" })
    const vkey = parseVkey(/^verifier key: (.*)$/m.exec(made.stdout)?.[1] ?? "")
    const served = await startServing([
      ...[...programCommand, "witness", "serve", "--listen", "127.0.0.1:0", "--logs", policy],
      ...words,
    ])
    if (!("url" in served)) throw new Error(served.stderr)
    const ask = (from: number, to: number) =>
      fetch(`${served.url}/add-checkpoint`, { method: "POST", body: log.request(from, to) })
    const lines = await (await ask(0, 3)).text()
    expect(parseNote(`${log.note(3)}${lines}`).signatures.map(({ keyId }) => keyId)).toContain(
      vkey.keyId,
    )
    await agent.kill()
    expect((await ask(3, 5)).status).toBe(503)
    await agent.restart()
    // The head was stored before the signature failed.
    await expect.poll(async () => (await ask(5, 5)).status, PATIENCE).toBe(200)
    expect(await served.stop()).toMatchObject({ code: 0 })
  },
)

const testWithToken = testWith([
  "ssh-agent",
  "ssh-add",
  "ssh-keygen",
  "softhsm2-util",
  "pkcs11-tool",
])

/** Lets the agent have the keys of a token, and gives the URI of the ECDSA key. */
function addToken(agent: Agent, env: Readonly<Record<string, string>>): string {
  const askpass = join(newFolder(), "askpass")
  writeFileSync(askpass, "#!/bin/sh\necho 1234\n")
  chmodSync(askpass, 0o700)
  const asking = { SSH_ASKPASS: askpass, SSH_ASKPASS_REQUIRE: "force" }
  const before = agent.add(["-l"]).stdout
  const added = agent.add(["-s", SOFTHSM ?? ""], { ...env, ...asking })
  if (added.status !== 0) throw new Error(added.stderr)
  const lines = agent.add(["-l"]).stdout.split("\n")
  const line = lines.find((each) => !before.includes(each) && each.includes("ECDSA")) ?? ""
  return `ssh-agent:${agent.socket}#${line.split(" ")[1]}`
}

testWithToken("a log signs with a PKCS#11 token through an agent", LONG, async () => {
  const token = makeToken()
  const agent = await openAgent(token.env)
  const log = await makeRemoteLog({ ecdsa: addToken(agent, token.env), ed25519: agent.ed25519 })
  const { url, client, stop } = await log.serve()
  await client.submit(newRequest())
  expect(await verifiedSize(url, log.vkeys)).toBe(1)
  expect(await stop()).toMatchObject({ code: 0 })
})
