// A monitor with a ledger, over the command line: what is one's own raises nothing, what a thief signs with the same key
// is exit code 2, and a ledger that cannot be read in part is never a clean 0.
import { createHash, sign } from "node:crypto"
import { cpSync, readFileSync } from "node:fs"
import { afterAll, beforeAll, expect, test } from "vitest"
import { utf8 } from "../../../src/core/base/bytes.ts"
import { openLedgerFolder } from "../../../src/storage/files/ledger-folder.ts"
import { run } from "../command/fake-terminal.ts"
import { type KeyFiles, openWorkspace, type Workspace, writeKeys } from "../workspace.ts"

let workspace: Workspace
let keys: KeyFiles
let fingerprint: string

beforeAll(async () => {
  workspace = await openWorkspace()
  keys = writeKeys(workspace, "owner")
  const pem = readFileSync(keys.public, "utf8").replaceAll(/-.*-|\s/g, "")
  fingerprint = `sha256:${createHash("sha256").update(Buffer.from(pem, "base64")).digest("hex")}`
})

afterAll(() => workspace.close())

let made = 0

interface Signed {
  readonly bundle: string
  /** What `submit --json` printed, as a file. */
  readonly submitted: string
}

/** Everything that was signed with the key, by its owner or not. */
const all: Signed[] = []

async function signAndSubmit(artifact: string): Promise<Signed> {
  made += 1
  const path = workspace.write(`signed-${made}`, artifact)
  const words = ["--log", workspace.url, "--artifact", path, "--key", keys.secret]
  const ran = await run(["submit", ...words, "--trusted-root", workspace.trustedRoot, "--json"])
  expect(ran.code).toBe(0)
  const submitted = workspace.write(`submitted-${made}`, ran.out)
  const signed = { bundle: `${path}.sigstore.json`, submitted }
  all.push(signed)
  return signed
}

/** As a thief does whose program makes another signature each time: its owner's would be the same one. */
async function steal(artifact: string): Promise<void> {
  const path = workspace.write("stolen", artifact)
  const signature = workspace.write("stolen.sig", sign("sha256", utf8(artifact), keys.privateKey))
  const words = ["--log", workspace.url, "--artifact", path, "--signature", signature]
  const ran = await run(["submit", ...words, "--public-key", keys.public, "--json"])
  expect(ran.code).toBe(0)
  const submitted = workspace.write("submitted-stolen", ran.out)
  all.push({ bundle: `${path}.sigstore.json`, submitted })
}

function watched(...lines: readonly string[]): string {
  const signer = ["signer ci", `  key ${fingerprint}`, ...lines]
  return workspace.write("own.watch", ["countersign-watch/v1", ...signer, ""].join("\n"))
}

async function monitor(watch: string, prepare: (data: string) => unknown = () => {}) {
  made += 1
  const data = workspace.path(`monitor-${made}`)
  const policy = ["--policy", workspace.policy, "--expect-empty"]
  expect((await run(["monitor", "init", "--data", data, ...policy])).code).toBe(0)
  await prepare(data)
  return await run([
    ...["monitor", "run", "--data", data, "--log", workspace.url],
    ...["--watch", watch, "--once"],
  ])
}

test("bundles, submit --json lines and posted lines are one's own; one signature more is a theft", async () => {
  const first = await signAndSubmit("one")
  const second = await signAndSubmit("two")
  cpSync(second.bundle, workspace.path("two.json"))
  const bundles = [`  mine ${first.bundle}`, "  mine two.json"]
  expect((await monitor(watched(...bundles))).code).toBe(0)
  const half = `  mine ${first.submitted}`
  expect((await monitor(watched(half))).code).toBe(2)
  const { leafHash } = JSON.parse(readFileSync(second.submitted, "utf8")) as { leafHash: string }
  const posted = await monitor(watched(half), (data) =>
    openLedgerFolder(`${data}/ledger`).append("ci", [JSON.stringify({ leafHash })]),
  )
  expect(posted).toMatchObject({ code: 0 })
  await steal("one")
  const theft = await monitor(watched(...bundles))
  expect(theft.code).toBe(2)
  expect(theft.out.match(/PROVEN not-mine/g)).toHaveLength(1)
})

test("a ledger with a bad line is used, named, and no clean exit", async () => {
  const lines = all.map(({ bundle }) => readFileSync(bundle, "utf8").trim())
  expect(lines.length).toBeGreaterThan(2)
  const whole = workspace.write("all.jsonl", `${lines.join("\n")}\n`)
  expect((await monitor(watched(`  mine ${whole}`))).code).toBe(0)
  const torn = workspace.write("torn.jsonl", `${lines.join("\n")}\n{"leafHash":\n`)
  const ran = await monitor(watched(`  mine ${torn}`))
  expect(ran.code).toBe(1)
  expect(ran.out).toContain("ATTESTED bad-ledger")
  expect(ran.err).toContain(`torn.jsonl, line ${lines.length + 1}: document: expected JSON`)
})

test("tokens need a door and a watch file, and are long enough", async () => {
  const words = ["monitor", "run", "--data", workspace.path("monitor-x"), "--once"]
  const init = ["--policy", workspace.policy, "--expect-empty"]
  await run(["monitor", "init", "--data", workspace.path("monitor-x"), ...init])
  const token = workspace.write("token", "a-token-that-is-long-enough-for-this\n")
  const alone = await run([...words, "--ledger-token-file", token])
  expect(alone).toMatchObject({ code: 1 })
  expect(alone.err).toContain("expected --listen and --watch beside it")
  const short = workspace.write("short", "abc\n")
  const door = ["--listen", "127.0.0.1:0", "--watch", watched()]
  const refused = await run([...words, ...door, "--ledger-token-file", short])
  expect(refused).toMatchObject({ code: 1 })
  expect(refused.err).toContain("expected 1 to 100 tokens")
})
