// A Sigsum log in a room, with its tree in memory, that asks its witnesses every second.
import { rmSync } from "node:fs"
import type { Room } from "../running/room.ts"
import { freePort, type Service } from "../running/service.ts"
import { OLD_GO_ROUTES, type Programs } from "./go-programs.ts"
import { type PolicyWitness, policyText } from "./policy.ts"

export interface SigsumLog extends Service {
  /** Of its submitters: a policy file that demands every witness. */
  readonly policy: string
  /** Starts it, stopped as it is, with an empty tree under the same key. */
  startAnew(): Promise<void>
}

/** Makes a key pair, NAME and NAME.pub; gives the public key in hexadecimal. */
export async function makeKey(room: Room, programs: Programs, name: string): Promise<string> {
  await room.run([programs("sigsum-key"), "generate", "-o", name])
  const { stdout } = await room.run([programs("sigsum-key"), "to-hex", "-k", `${name}.pub`])
  return stdout.trim()
}

/** The verifier key of a log whose key was made. */
export async function logVkey(room: Room, programs: Programs, name: string): Promise<string> {
  const { stdout } = await room.run([programs("sigsum-key"), "to-vkey", "-k", `${name}.pub`])
  return stdout.trim()
}

const STATE = "sigsum.state"
const INTERVALS = ["--interval", "1s", "--timeout", "2s"]

/** Serves the log whose key pair `name` was made; `key` is the public one. */
export async function serveSigsumLog(
  room: Room,
  programs: Programs,
  { name, key }: { readonly name: string; readonly key: string },
  witnesses: readonly PolicyWitness[],
): Promise<SigsumLog> {
  const policy = room.write("sigsum-log.policy", policyText(key, witnesses))
  const internal = ["--internal-endpoint", `127.0.0.1:${await freePort()}`]
  const about = ["--key-file", name, "--policy-file", policy, "--sth-file", STATE]
  const words = [programs("sigsum-log-primary"), "--backend", "ephemeral", ...INTERVALS, ...about]
  // The first start must be meant.
  const writeFirstStart = () => room.write(`${STATE}.startup`, "startup=empty\n")
  writeFirstStart()
  const service = await room.serve({
    words: (address) => [...words, ...internal, "--external-endpoint", address],
    probe: "/get-tree-head",
    env: OLD_GO_ROUTES,
  })
  const lines = policyText(`${key} ${service.url}`, witnesses)
  return {
    ...service,
    policy: room.write("sigsum.policy", lines),
    async startAnew() {
      rmSync(room.path(STATE))
      writeFirstStart()
      await service.start()
    },
  }
}
