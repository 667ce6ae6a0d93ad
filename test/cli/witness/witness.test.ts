import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from "node:fs"
import { dirname, join } from "node:path"
import { describe, expect, test } from "vitest"
import { parseVkey } from "../../../src/core/note/note.ts"
import { parseOrigin } from "../../../src/core/note/origin.ts"
import { parsePolicy } from "../../../src/core/note/policy.ts"
import { makeFork } from "../../../src/evidence/head-evidence.ts"
import { openWitnessStore } from "../../../src/storage/sqlite/witness/store.ts"
import { createTestLog } from "../../http/test-log.ts"
import { newFolder } from "../../storage/folder.ts"
import { noNetwork, type Ran, run } from "../command/fake-terminal.ts"

const log = createTestLog("log.example")
const origin = parseOrigin(log.origin)

function witness(...words: readonly string[]): Promise<Ran> {
  return run(["witness", ...words], { fetch: noNetwork })
}

interface Made {
  readonly folder: string
  readonly data: string
  readonly init: Ran
}

async function make(...words: readonly string[]): Promise<Made> {
  const folder = newFolder()
  const data = join(folder, "data")
  const init = await witness("init", "--data", data, "--name", "witness.example", ...words)
  return { folder, data, init }
}

/** Lets the store of a witness remember a log, and more if `work` says so. */
async function fill(
  data: string,
  work: (store: Awaited<ReturnType<typeof openWitnessStore>>) => Promise<void>,
): Promise<void> {
  const store = await openWitnessStore({
    database: join(data, "witness.db"),
    guard: join(data, "guard/state"),
  })
  await store.setLog({ origin, vkeys: [log.vkey] })
  await work(store)
  await store.close()
}

function vkeysIn(text: string): readonly string[] {
  return [...text.matchAll(/^verifier key: (.+)$/gm)].map(([, vkey]) => vkey ?? "")
}

function policyLines(text: string): string {
  return [...text.matchAll(/^policy line: (.+\n)/gm)].map(([, line]) => line).join("")
}

describe("countersign witness init", () => {
  test("makes an Ed25519 key, prints it, and a line that policies take", async () => {
    const { data, init } = await make("--url", "https://witness.example/w/")
    expect(init).toMatchObject({ code: 0, err: "" })
    const [vkey = ""] = vkeysIn(init.out)
    expect(parseVkey(vkey)).toMatchObject({ name: "witness.example", type: 4 })
    const { witnesses } = parsePolicy(`${policyLines(init.out)}quorum none\n`)
    expect(witnesses).toEqual([
      { name: "witness.example", vkey: parseVkey(vkey), url: "https://witness.example/w/" },
    ])
    expect(statSync(join(data, "keys/ed25519.pem")).mode % 0o1000).toBe(0o600)
    expect(existsSync(join(data, "keys/ml-dsa-44.seed"))).toBe(false)
  })

  test("with --ml-dsa makes a second key of type 6", async () => {
    const { data, init } = await make("--ml-dsa")
    const types = vkeysIn(init.out).map((vkey) => parseVkey(vkey).type)
    expect(types).toEqual([4, 6])
    const { witnesses } = parsePolicy(`${policyLines(init.out)}quorum none\n`)
    expect(witnesses.map(({ name }) => name)).toEqual([
      "witness.example",
      "witness.example/ml-dsa-44",
    ])
    expect(statSync(join(data, "keys/ml-dsa-44.seed")).mode % 0o1000).toBe(0o600)
  })

  test.each(["witness.db", "guard/state", "keys/ed25519.pem", "keys/ml-dsa-44.seed"])(
    "refuses if there is so much as %s, and makes nothing beside it",
    async (name) => {
      const data = join(newFolder(), "data")
      mkdirSync(dirname(join(data, name)), { recursive: true })
      writeFileSync(join(data, name), "kept")
      const before = readdirSync(data, { recursive: true })
      const again = await witness("init", "--data", data, "--name", "witness.example")
      expect(again).toMatchObject({ code: 1, out: "", err: expect.stringContaining(name) })
      expect(readdirSync(data, { recursive: true })).toEqual(before)
      expect(readFileSync(join(data, name), "utf8")).toBe("kept")
    },
  )

  test.each(["", "a b", "a+b", "x".repeat(256)])("refuses the name %j", async (name) => {
    const data = join(newFolder(), "data")
    expect(await witness("init", "--data", data, "--name", name)).toMatchObject({ code: 1 })
    expect(existsSync(data)).toBe(false)
  })
})

describe("countersign witness vkeys", () => {
  test("prints what init has printed", async () => {
    const { data, init } = await make("--ml-dsa")
    const { out } = await witness("vkeys", "--data", data)
    expect(vkeysIn(out)).toEqual(vkeysIn(init.out))
    expect(policyLines(out)).toBe(policyLines(init.out))
  })

  test("opens encrypted keys with their passphrase only", async () => {
    const folder = newFolder()
    const file = join(folder, "passphrase")
    writeFileSync(file, "open sesame\nnot this\n", { mode: 0o600 })
    const { data, init } = await make("--ml-dsa", "--passphrase-file", file)
    expect(init.code).toBe(0)
    const opened = await witness("vkeys", "--data", data, "--passphrase-file", file)
    expect(vkeysIn(opened.out)).toEqual(vkeysIn(init.out))
    const without = await witness("vkeys", "--data", data)
    expect(without).toMatchObject({ code: 1, out: "" })
    expect(without.err).toMatch(/key in .*ed25519\.pem is encrypted: .* --passphrase-file/)
    writeFileSync(file, "open barley\n")
    const refused = await witness("vkeys", "--data", data, "--passphrase-file", file)
    expect(refused).toMatchObject({ code: 1, out: "" })
  })

  test("refuses the keys of another witness", async () => {
    const [one, other] = [await make(), await make()]
    copyFileSync(join(other.data, "keys/ed25519.pem"), join(one.data, "keys/ed25519.pem"))
    const { code, err } = await witness("vkeys", "--data", one.data)
    expect([code, err]).toEqual([1, expect.stringContaining("give the key files it was made with")])
  })

  test("refuses a key that others can read, with the command that mends it", async () => {
    const { data } = await make()
    const key = join(data, "keys/ed25519.pem")
    chmodSync(key, 0o644)
    const { code, err } = await witness("vkeys", "--data", data)
    expect([code, err]).toEqual([1, expect.stringContaining(`run: chmod 600 ${key}`)])
  })
})

describe("countersign witness status", () => {
  test("says where the witness stands with each log", async () => {
    const { data } = await make()
    const head = { origin, ...log.head(5), note: log.note(5), time: 1_700_000_000 }
    await fill(data, async (store) => {
      const from = log.head(0)
      await store.advance([{ origin, from, to: head }])
      await store.setLog({ origin: parseOrigin("new.example"), vkeys: [log.vkey] })
    })
    const { out } = await witness("status", "--data", data)
    expect(out).toContain("witness witness.example, 2 logs\n")
    expect(out).toMatch(/log\.example +size 5, cosigned 2023-11-14T22:13:20\.000Z\n/)
    expect(out).toMatch(/new\.example +size 0, never cosigned\n/)
    const json = JSON.parse((await witness("status", "--data", data, "--json")).out) as unknown
    const root = Buffer.from(head.root).toString("base64")
    expect(json).toEqual({
      name: "witness.example",
      logs: [
        { origin: "log.example", size: 5, root, time: 1_700_000_000, evidence: [] },
        { origin: "new.example", size: 0, time: 0, evidence: [] },
      ],
    })
  })

  test("refuses a folder without a witness", async () => {
    const { code, err } = await witness("status", "--data", newFolder())
    expect([code, err]).toEqual([1, expect.stringContaining("countersign witness init")])
  })
})

describe("countersign witness unfreeze", () => {
  const fork = createTestLog("log.example", { forkedAt: 2 })
  const evidence = makeFork(parseVkey(log.vkey), log.note(5), fork.note(5))
  const unfreeze = (data: string, name = "log.example") =>
    witness("unfreeze", "--data", data, "--origin", name)

  test("ends a freeze that evidence was the cause of, and keeps the evidence", async () => {
    const { data } = await make()
    await fill(data, (store) => store.convict(origin, evidence, true))
    const before = await witness("status", "--data", data)
    expect(before.out).toContain(`frozen by evidence ${evidence.id}`)
    expect(await unfreeze(data)).toMatchObject({ code: 0, err: "" })
    const after = JSON.parse((await witness("status", "--data", data, "--json")).out) as {
      readonly logs: readonly unknown[]
    }
    expect(after.logs).toEqual([{ origin, size: 0, time: 0, evidence: [evidence.id] }])
    expect(await unfreeze(data)).toMatchObject({
      code: 1,
      err: expect.stringContaining("not frozen"),
    })
  })

  test("refuses to end a freeze that a rollback was the cause of", async () => {
    const { data } = await make()
    await fill(data, (store) => store.stop(origin, log.note(5)))
    const { code, err } = await unfreeze(data)
    expect([code, err]).toEqual([1, expect.stringContaining("new witness with new keys")])
    expect((await witness("status", "--data", data)).out).toContain("frozen for good")
  })

  test("refuses a log that is not frozen, and a witness that runs", async () => {
    const { data } = await make()
    expect(await unfreeze(data, "other.example")).toMatchObject({ code: 1 })
    const store = await openWitnessStore({
      database: join(data, "witness.db"),
      guard: join(data, "guard/state"),
    })
    const { code, err } = await unfreeze(data)
    await store.close()
    expect([code, err]).toEqual([1, expect.stringContaining("in use by another process")])
  })
})

describe("countersign witness serve", () => {
  const policyOf = (folder: string, text: string): string => {
    const file = join(folder, "logs.policy")
    writeFileSync(file, text)
    return file
  }
  const good = `log ${log.vkey}\nquorum none\n`

  test("refuses to start without a state, and says how to make one", async () => {
    const folder = newFolder()
    const logs = policyOf(folder, good)
    const { code, err } = await witness("serve", "--data", join(folder, "data"), "--logs", logs)
    const command = `countersign witness init --data ${join(folder, "data")} --name NAME`
    expect([code, err]).toEqual([1, expect.stringContaining(command)])
  })

  test("is a wrong command line without a policy file", async () => {
    const { data } = await make()
    expect(await witness("serve", "--data", data)).toMatchObject({
      code: 2,
      err: expect.stringContaining("--logs"),
    })
  })

  test.each([
    ["no log", "quorum none\n", 1],
    ["no quorum line", `log ${log.vkey}\n`, 1],
    ["no policy", "log\n", 1],
    ["a URL that is none", `log ${log.vkey} ftp://log.example\nquorum none\n`, 1],
  ])("refuses a policy with %s", async (_what, text, code) => {
    const { data, folder } = await make()
    const ran = await witness("serve", "--data", data, "--logs", policyOf(folder, text))
    expect(ran).toMatchObject({ code, out: "" })
  })

  test("refuses a log whose keys have changed, and names the option that takes them", async () => {
    const { data, folder } = await make()
    await fill(data, async () => {})
    const other = createTestLog("log.example", { seed: 9 })
    const logs = policyOf(folder, `log ${other.vkey}\nquorum none\n`)
    const { code, err } = await witness("serve", "--data", data, "--logs", logs)
    expect([code, err]).toEqual([
      1,
      expect.stringContaining("start once with: --accept-key-change log.example"),
    ])
  })

  test("refuses --accept-key-change for a log that the policy does not name", async () => {
    const { data, folder } = await make()
    const words = ["--logs", policyOf(folder, good), "--accept-key-change", "other.example"]
    const { code, err } = await witness("serve", "--data", data, ...words)
    expect([code, err]).toEqual([1, expect.stringContaining("--accept-key-change")])
  })

  test.each([
    ["an option that does not exist", "colour: red\n"],
    ["a value that does not exist", "self-check: never\n"],
    ["an option that takes no value", "no-freeze: yes\n"],
  ])("refuses a configuration file with %s", async (_what, text) => {
    const { data, folder } = await make()
    const config = join(folder, "witness.yaml")
    writeFileSync(config, text)
    const words = ["--logs", policyOf(folder, good), "--config", config]
    const ran = await witness("serve", "--data", data, ...words)
    expect(ran).toMatchObject({ code: 1, err: expect.stringContaining("witness.yaml") })
  })
})
