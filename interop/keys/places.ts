// Where a log's keys can be besides its own files: OpenSSH's agent, a token of SoftHSM2, and a signer process. Each
// with new keys, in a room.
import { chmodSync, existsSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { delimiter, join } from "node:path"
import { until } from "../running/patience.ts"
import { startServer } from "../running/process.ts"
import type { Room } from "../running/room.ts"
import { countersign } from "../stand/served-log.ts"
import { expectMatch } from "../stand/stand.ts"

/** What `init` and `serve` are told of the keys, and with which environment. */
export interface Place {
  readonly words: readonly string[]
  readonly env: Readonly<Record<string, string>>
}

const MODULES = [
  "/usr/lib/softhsm/libsofthsm2.so",
  "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
  "/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so",
]
const PIN = "1234"

/** Why programs of the system are not there; undefined if all are. */
export function lackOf(programs: readonly string[], packages: string): string | undefined {
  const folders = (process.env["PATH"] ?? "").split(delimiter)
  const missing = programs.filter(
    (name) => !folders.some((folder) => existsSync(join(folder, name))),
  )
  return missing.length === 0 ? undefined : `there is no ${missing.join(", ")} (${packages})`
}

/** A short path for a socket, which may not be long; it is gone when the room is left. */
function socketPath(room: Room): string {
  const folder = mkdtempSync(join(tmpdir(), "countersign-"))
  room.keep({
    stop() {
      rmSync(folder, { recursive: true, force: true })
      return Promise.resolve()
    },
  })
  return join(folder, "socket")
}

/** Starts a program that listens at a socket until the room is left. */
async function listenAt(room: Room, socket: string, words: readonly string[]): Promise<void> {
  room.keep(startServer(words, { cwd: room.folder, env: room.env }))
  await until(`${words[0]} at its socket`, () => existsSync(socket))
}

/** An agent with an ECDSA and an Ed25519 key. */
export async function agentPlace(room: Room): Promise<Place> {
  const socket = socketPath(room)
  await listenAt(room, socket, ["ssh-agent", "-D", "-a", socket])
  const words: string[] = []
  for (const type of ["ecdsa", "ed25519"]) {
    await room.run(["ssh-keygen", "-q", "-t", type, "-N", "", "-f", `agent-${type}`])
    await room.run(["ssh-add", "-q", `agent-${type}`], { SSH_AUTH_SOCK: socket })
    const { stdout } = await room.run(["ssh-keygen", "-l", "-f", `agent-${type}.pub`])
    const [fingerprint] = expectMatch(stdout, /SHA256:\S+/, "fingerprint of the key")
    words.push(`--${type}-key`, `ssh-agent:${socket}#${fingerprint}`)
  }
  return { words, env: {} }
}

/** A token with an ECDSA and an Ed25519 key. */
export async function tokenPlace(room: Room): Promise<Place> {
  const module = MODULES.find((path) => existsSync(path)) ?? ""
  const store = `directories.tokendir = ${room.folder}\nobjectstore.backend = file\n`
  const env = { SOFTHSM2_CONF: room.write("softhsm2.conf", store) }
  const pin = room.write("pin", `${PIN}\n`)
  chmodSync(pin, 0o600)
  const init = ["--init-token", "--free", "--label", "log", "--so-pin", "5678", "--pin", PIN]
  await room.run(["softhsm2-util", ...init], env)
  const login = ["--module", module, "--token-label", "log", "--login", "--pin", PIN]
  const words: string[] = []
  for (const [type, curve, id] of [
    ["ecdsa", "EC:prime256v1", "01"],
    ["ed25519", "EC:edwards25519", "02"],
  ] as const) {
    const pair = ["--keypairgen", "--key-type", curve, "--id", id, "--label", type]
    await room.run(["pkcs11-tool", ...login, ...pair], env)
    const where = `module-path=${module}&pin-source=file:${pin}`
    words.push(`--${type}-key`, `pkcs11:token=log;object=${type}?${where}`)
  }
  return { words, env }
}

/** A signer process that remembers what it signed. */
export async function signerPlace(room: Room): Promise<Place> {
  const socket = socketPath(room)
  const signer = [...countersign, "signer"]
  await room.run([...signer, "init", "--data", "signer", "--origin", "localhost"])
  const listen = ["--listen", `unix:${socket}`]
  await listenAt(room, socket, [...signer, "serve", "--data", "signer", ...listen])
  return { words: ["--signer", `unix:${socket}`], env: {} }
}
