// Key files written anew: the same keys under another passphrase, whole at every moment.
import { generateKeyPairSync } from "node:crypto"
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { weaknessOf } from "../../../src/cli/command/key-files.ts"
import { draftRewritten } from "../../../src/cli/keys/rewriting.ts"
import { keptAs } from "../../../src/crypto/keys/sealed-key.ts"
import { newFolder } from "../../storage/folder.ts"
import { run } from "../command/fake-terminal.ts"

function secret(folder: string, name: string, text: string): string {
  const file = join(folder, name)
  writeFileSync(file, `${text}\n`, { mode: 0o600 })
  return file
}

/** A folder with two passphrase files, and where data may be. */
function newPlace() {
  const folder = newFolder()
  return {
    data: join(folder, "data"),
    one: secret(folder, "one", "open sesame"),
    two: secret(folder, "two", "open barley"),
  }
}

const encrypt = (data: string, ...words: readonly string[]) =>
  run(["encrypt-keys", "--data", data, ...words])

test("a log's keys get a passphrase, another one, and none again, and stay the same", async () => {
  const { data, one, two } = newPlace()
  await run(["init", "--data", data, "--origin", "log.example"])
  const keys = (...words: readonly string[]) => run(["keys", "--data", data, ...words])
  const { out } = await keys()
  const files = ["ecdsa.pem", "ed25519.pem"].map((name) => join(data, "keys", name))

  expect(await encrypt(data, "--new-passphrase-file", one)).toMatchObject({ code: 0, err: "" })
  for (const file of files) {
    expect(keptAs(readFileSync(file, "utf8"))).toBe("sealed")
    expect(statSync(file).mode & 0o777).toBe(0o600)
  }
  expect((await keys()).code).toBe(1)
  expect(await keys("--passphrase-file", one)).toMatchObject({ code: 0, out })

  const change = ["--passphrase-file", one, "--new-passphrase-file", two]
  expect(await encrypt(data, ...change)).toMatchObject({ code: 0 })
  expect((await keys("--passphrase-file", one)).code).toBe(1)
  expect(await keys("--passphrase-file", two)).toMatchObject({ code: 0, out })

  expect((await encrypt(data, "--passphrase-file", one, "--remove-passphrase")).code).toBe(1)
  const removed = await encrypt(data, "--passphrase-file", two, "--remove-passphrase")
  expect(removed).toMatchObject({ code: 0 })
  expect(removed.out).toContain("not encrypted any more")
  expect(await keys()).toMatchObject({ code: 0, out })
  expect(readdirSync(join(data, "keys")).sort()).toEqual(["ecdsa.pem", "ed25519.pem"])
  const audit = readFileSync(join(data, "audit.log"), "utf8")
  expect(audit.match(/key-rewritten/g)).toHaveLength(6)
  expect(audit).not.toContain("open ")
})

test("a witness's keys of both kinds get another passphrase", async () => {
  const { data, one, two } = newPlace()
  const init = ["witness", "init", "--data", data, "--name", "w.example", "--ml-dsa"]
  expect((await run([...init, "--passphrase-file", one])).code).toBe(0)
  const vkeys = (file: string) =>
    run(["witness", "vkeys", "--data", data, "--passphrase-file", file])
  const { out } = await vkeys(one)
  const changed = await encrypt(data, "--passphrase-file", one, "--new-passphrase-file", two)
  expect(changed).toMatchObject({ code: 0, err: "" })
  expect((await vkeys(one)).code).toBe(1)
  expect(await vkeys(two)).toMatchObject({ code: 0, out })
})

test("a monitor's key gets a passphrase, wherever it is, and its state opens with it", async () => {
  const { data, one } = newPlace()
  const folder = newFolder()
  const policy = join(folder, "policy")
  const log = join(folder, "log")
  await run(["init", "--data", log, "--origin", "log.example"])
  writeFileSync(policy, (await run(["keys", "--data", log, "--format", "policy"])).out)
  const key = join(folder, "monitor.pem")
  const made = await run([
    "monitor",
    "init",
    "--data",
    data,
    "--policy",
    policy,
    "--key",
    key,
    "--expect-empty",
  ])
  expect(made.code).toBe(0)
  const status = (...words: readonly string[]) =>
    run(["monitor", "evidence", "--data", data, "--key", key, ...words])
  expect(await status()).toMatchObject({ code: 0 })
  expect(await encrypt(data, "--key", key, "--new-passphrase-file", one)).toMatchObject({ code: 0 })
  expect((await status()).err).toContain("--passphrase-file")
  expect(await status("--passphrase-file", one)).toMatchObject({ code: 0 })
})

/** Keys as earlier versions wrote them. */
function oldKeys(data: string, passphrase: string): readonly string[] {
  const folder = join(data, "keys")
  mkdirSync(folder, { recursive: true })
  const ecdsa = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey
  const ed25519 = generateKeyPairSync("ed25519").privateKey
  return Object.entries({ ecdsa, ed25519 }).map(([name, key]) => {
    const pem = key.export({ type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase })
    const file = join(folder, `${name}.pem`)
    writeFileSync(file, pem, { mode: 0o600 })
    return file
  })
}

test("keys that few rounds protect are named at the start, and written anew under the same passphrase", async () => {
  const { data, one } = newPlace()
  const files = oldKeys(data, "open sesame")
  expect(weaknessOf(files, data)).toContain(`countersign encrypt-keys --data ${data}`)
  expect(await encrypt(data, "--passphrase-file", one)).toMatchObject({ code: 0, err: "" })
  expect(weaknessOf(files, data)).toBeUndefined()
  for (const file of files) expect(keptAs(readFileSync(file, "utf8"))).toBe("sealed")
})

test("a rewriting that was stopped between two files is finished by the same command", async () => {
  const { data, one, two } = newPlace()
  const [first = "", second = ""] = oldKeys(data, "open sesame")
  const rewriting = { before: "open sesame", after: "open barley" }
  draftRewritten(first, rewriting).place()
  // And what one leaves that is stopped before that.
  draftRewritten(second, rewriting)
  expect(existsSync(`${second}.new`)).toBe(true)
  const again = await encrypt(data, "--passphrase-file", one, "--new-passphrase-file", two)
  expect(again).toMatchObject({ code: 0, err: "" })
  expect(readdirSync(join(data, "keys")).sort()).toEqual(["ecdsa.pem", "ed25519.pem"])
  expect((await encrypt(data, "--passphrase-file", two)).code).toBe(0)
})

test("what is refused changes no file", async () => {
  const { data, one, two } = newPlace()
  const files = oldKeys(data, "open sesame")
  const before = files.map((file) => readFileSync(file, "utf8"))
  const refused = [
    [],
    ["--passphrase-file", two],
    ["--passphrase-file", one, "--new-passphrase-file", two, "--remove-passphrase"],
    ["--passphrase-file", one, "--new-passphrase-file", "/nowhere"],
    ["--passphrase-file", one, "--key", join(data, "keys", "none.pem")],
  ]
  for (const words of refused) {
    const ran = await encrypt(data, ...words)
    expect(ran.code, words.join(" ")).not.toBe(0)
    expect(ran.err).not.toMatch(/sesame|barley|PRIVATE/)
  }
  chmodSync(two, 0o644)
  expect((await encrypt(data, "--passphrase-file", one, "--new-passphrase-file", two)).code).toBe(1)
  expect(files.map((file) => readFileSync(file, "utf8"))).toEqual(before)
  expect(readdirSync(join(data, "keys")).sort()).toEqual(["ecdsa.pem", "ed25519.pem"])
  expect((await encrypt(newFolder(), "--new-passphrase-file", one)).err).toContain("found none")
})
