// A log and a witness whose keys are in a PKCS#11 token (SoftHSM2): signing, and what is refused.
import { execFileSync } from "node:child_process"
import { chmodSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { expect } from "vitest"
import { parseNote, parseVkey } from "../../../src/core/note/note.ts"
import { createTestLog } from "../../http/test-log.ts"
import { newFolder } from "../../storage/folder.ts"
import { newRequest } from "../log/load.ts"
import { programCommand, start, startServing } from "../process.ts"
import { makeToken, testWith } from "./programs.ts"
import { makeRemoteLog, verifiedSize } from "./remote-log.ts"

const LONG = { timeout: 180_000 }
const test = testWith(["softhsm2-util", "pkcs11-tool"])

test("a log signs with ECDSA P-256 and Ed25519 in a token", LONG, async () => {
  const token = makeToken()
  const log = await makeRemoteLog(token, token.env)
  const first = await log.serve()
  await first.client.submit(newRequest())
  expect(await verifiedSize(first.url, log.vkeys)).toBe(1)
  const v1 = await fetch(`${first.url}/api/v1/log`)
  expect(await v1.json()).toMatchObject({ treeSize: 1 })
  expect(await first.stop()).toMatchObject({ code: 0 })
  const second = await log.serve()
  await second.client.submit(newRequest())
  expect(await verifiedSize(second.url, log.vkeys)).toBe(2)
  expect(await second.stop()).toMatchObject({ code: 0 })
})

async function init(ecdsa: string, env: Readonly<Record<string, string>>) {
  const words = ["--data", join(newFolder(), "data"), "--origin", "log.example"]
  const made = [...programCommand, "init", ...words, "--ecdsa-key", ecdsa]
  return await start(made, { env }).ended
}

test("a token, a key, a PIN or a library that is wrong is named", LONG, async () => {
  const { ecdsa, ed25519, env, pinFile } = makeToken()
  const cases = [
    [ecdsa.replace("token=log", "token=other"), "the PKCS#11 token is not there"],
    [ecdsa.replace("key%2001", "nothing"), 'expected a private key "nothing" in the token'],
    [
      ecdsa.replace(/module-path=[^&]*/, "module-path=/nowhere.so"),
      "expected a PKCS#11 library in",
    ],
    [ed25519, "ECDSA log key: expected ECDSA P-256, found Ed25519"],
  ] as const
  for (const [uri, expected] of cases) {
    const ended = await init(uri, env)
    expect(ended.code).toBe(1)
    expect(ended.stderr).toContain(expected)
    expect(ended.stderr).not.toContain("1234")
  }
  chmodSync(pinFile, 0o644)
  expect((await init(ecdsa, env)).stderr).toContain(`run: chmod 600 ${pinFile}`)
  chmodSync(pinFile, 0o600)
  writeFileSync(pinFile, "9999\n")
  expect((await init(ecdsa, env)).stderr).toContain("CKR_PIN_INCORRECT")
  // A service that is started again and again does not lock the token: not even the right one is tried now.
  writeFileSync(pinFile, "1234\n")
  expect((await init(ecdsa, env)).stderr).toContain("the token was told a wrong PIN")
  const module = /module-path=([^&]*)/.exec(ecdsa)?.[1] ?? ""
  const login = ["--module", module, "--token-label", "log", "--login", "--pin", "1234", "-O"]
  execFileSync("pkcs11-tool", login, { env: { ...process.env, ...env }, stdio: "pipe" })
  expect(await init(ecdsa, env)).toMatchObject({ code: 0 })
})

test("a witness cosigns with a token", LONG, async () => {
  const { ed25519, env } = makeToken()
  const folder = newFolder()
  const log = createTestLog("log.example")
  const policy = join(folder, "policy")
  writeFileSync(policy, `log ${log.vkey}\nquorum none\n`)
  const words = ["--data", join(folder, "data"), "--ed25519-key", ed25519]
  const init = [...programCommand, "witness", "init", "--name", "w.example", ...words]
  const made = await start(init, { env }).ended
  expect(made).toMatchObject({ code: 0, stderr: "" })
  const vkey = parseVkey(/^verifier key: (.*)$/m.exec(made.stdout)?.[1] ?? "")
  const listen = ["--listen", "127.0.0.1:0", "--logs", policy]
  const served = await startServing([...programCommand, "witness", "serve", ...listen, ...words], {
    env,
  })
  if (!("url" in served)) throw new Error(served.stderr)
  const body = log.request(0, 3)
  const answer = await fetch(`${served.url}/add-checkpoint`, { method: "POST", body })
  const { signatures } = parseNote(`${log.note(3)}${await answer.text()}`)
  expect(signatures.map(({ keyId }) => keyId)).toContain(vkey.keyId)
  expect(await served.stop()).toMatchObject({ code: 0 })
})
