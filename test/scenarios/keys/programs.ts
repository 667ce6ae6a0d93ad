// Programs of the system that hold keys: OpenSSH's agent and SoftHSM2, each with new keys, in a folder of its own.
import { execFileSync, type SpawnSyncReturns, spawnSync } from "node:child_process"
import { chmodSync, existsSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { newFolder } from "../../storage/folder.ts"
import { PATIENCE, type Running, start } from "../process.ts"

export const SOFTHSM = [
  "/usr/lib/softhsm/libsofthsm2.so",
  "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
  "/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so",
].find((path) => existsSync(path))

const PIN = "1234"

function isThere(program: string): boolean {
  return spawnSync("sh", ["-c", `command -v ${program}`]).status === 0
}

/** Tests that need these programs: passed over with a word where one is missing, but not where CI is set. */
export function testWith(programs: readonly string[]) {
  const missing = programs.filter((program) => !isThere(program))
  if (missing.length === 0) return test
  const why = `needs ${missing.join(", ")}`
  if (process.env["CI"] === "true") throw new Error(`this suite ${why}`)
  console.warn(`passed over: ${why}`)
  return test.skip
}

export interface Agent {
  readonly socket: string
  /** The URIs of its keys. */
  readonly ecdsa: string
  readonly ed25519: string
  /** Ends the agent, and the keys that it held are gone. */
  kill(): Promise<void>
  /** Starts it again at the same socket, with the same keys. */
  restart(): Promise<void>
  /** Runs `ssh-add` with these words. */
  add(words: readonly string[], env?: Readonly<Record<string, string>>): SpawnSyncReturns<string>
}

function fingerprint(file: string): string {
  return execFileSync("ssh-keygen", ["-l", "-f", file], { encoding: "utf8" }).split(" ")[1] ?? ""
}

/** Starts an agent with an ECDSA P-256 and an Ed25519 key. */
export async function openAgent(env: Readonly<Record<string, string>> = {}): Promise<Agent> {
  const folder = newFolder()
  const socket = join(folder, "agent")
  const files = ["ecdsa", "ed25519"].map((type) => {
    const file = join(folder, type)
    execFileSync("ssh-keygen", ["-q", "-t", type, "-N", "", "-f", file])
    return file
  })
  let running: Running | undefined
  function add(words: readonly string[], more: Readonly<Record<string, string>> = {}) {
    const environment = { ...process.env, ...env, ...more, SSH_AUTH_SOCK: socket }
    return spawnSync("ssh-add", [...words], { encoding: "utf8", env: environment })
  }
  async function restart(): Promise<void> {
    running = start(["ssh-agent", "-D", "-a", socket], { env })
    await expect.poll(() => existsSync(socket), PATIENCE).toBe(true)
    await expect.poll(() => add(["-q", ...files]).status, PATIENCE).toBe(0)
  }
  await restart()
  const [ecdsa = "", ed25519 = ""] = files.map((file) => `ssh-agent:${socket}#${fingerprint(file)}`)
  return {
    ...{ socket, ecdsa, ed25519, restart, add },
    async kill() {
      running?.send("SIGTERM")
      await running?.ended
    },
  }
}

export interface Token {
  /** The URIs of its keys. */
  readonly ecdsa: string
  readonly ed25519: string
  readonly pinFile: string
  /** Where the token is kept. */
  readonly folder: string
  readonly env: Readonly<Record<string, string>>
}

/** Makes a token with an ECDSA P-256 and an Ed25519 key. */
export function makeToken(): Token {
  const folder = newFolder()
  const configuration = join(folder, "softhsm2.conf")
  writeFileSync(configuration, `directories.tokendir = ${folder}\nobjectstore.backend = file\n`)
  const env = { SOFTHSM2_CONF: configuration }
  const all = { ...process.env, ...env }
  const module = SOFTHSM ?? ""
  execFileSync(
    "softhsm2-util",
    ["--init-token", "--free", "--label", "log", "--so-pin", "5678", "--pin", PIN],
    { env: all },
  )
  const login = ["--module", module, "--token-label", "log", "--login", "--pin", PIN]
  for (const [type, id] of [
    ["EC:prime256v1", "01"],
    ["EC:edwards25519", "02"],
  ]) {
    const words = [
      "--keypairgen",
      "--key-type",
      type ?? "",
      "--id",
      id ?? "",
      "--label",
      `key ${id}`,
    ]
    execFileSync("pkcs11-tool", [...login, ...words], { env: all, stdio: "pipe" })
  }
  const pinFile = join(folder, "pin")
  writeFileSync(pinFile, `${PIN}\n`)
  chmodSync(pinFile, 0o600)
  const uri = (id: string) =>
    `pkcs11:token=log;object=key%20${id}?module-path=${module}&pin-source=file:${pinFile}`
  return { ecdsa: uri("01"), ed25519: uri("02"), pinFile, folder, env }
}
