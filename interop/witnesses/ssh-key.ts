// An Ed25519 key that only an ssh-agent holds, which is how litewitness gets at its key. The agent is the
// system's own.
import { existsSync } from "node:fs"
import { delimiter, join } from "node:path"
import { until } from "../running/patience.ts"
import { startServer } from "../running/process.ts"
import type { Room } from "../running/room.ts"
import { expectMatch } from "../stand/stand.ts"

export interface SshKey {
  /** As `ssh-add -l` prints it, with "SHA256:". */
  readonly fingerprint: string
  /** The agent's socket, relative to the room: the whole path may be too long for one. */
  readonly socket: string
}

const PROGRAMS = ["ssh-agent", "ssh-add", "ssh-keygen"]
const SOCKET = "agent.sock"

/** Why there can be no such key on this machine. */
export function sshLack(): string | undefined {
  const folders = (process.env["PATH"] ?? "").split(delimiter)
  const missing = PROGRAMS.filter(
    (name) => !folders.some((folder) => existsSync(join(folder, name))),
  )
  return missing.length === 0 ? undefined : `there is no ${missing.join(", ")} (openssh-client)`
}

/** Makes a key and an agent that holds it until the room is left. */
export async function holdSshKey(room: Room): Promise<SshKey> {
  await room.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", "ssh.key"])
  room.keep(startServer(["ssh-agent", "-D", "-a", SOCKET], { cwd: room.folder, env: room.env }))
  await until("the socket of ssh-agent", () => room.has(SOCKET))
  await room.run(["ssh-add", "-q", "ssh.key"], { SSH_AUTH_SOCK: SOCKET })
  const { stdout } = await room.run(["ssh-keygen", "-l", "-f", "ssh.key.pub"])
  const [fingerprint] = expectMatch(stdout, /SHA256:\S+/, "fingerprint of the key")
  return { fingerprint, socket: SOCKET }
}
