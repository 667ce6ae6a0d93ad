// Our own witness in a room, made and served by the built program, for logs that others run or we do.
import type { Room } from "../running/room.ts"
import type { Service } from "../running/service.ts"
import { countersign } from "../stand/served-log.ts"
import { expectMatch } from "../stand/stand.ts"
import type { PolicyWitness } from "./policy.ts"

export interface OwnWitness extends Service {
  readonly data: string
  /** With the verifier key of its Ed25519 key; it signs with one of ML-DSA-44 as well. */
  readonly asked: PolicyWitness
}

/** Makes the witness `name`; nothing serves yet. Gives its Ed25519 verifier key. */
export async function makeWitness(room: Room, name: string): Promise<string> {
  const words = ["witness", "init", "--data", name, "--name", `${name}.example`, "--ml-dsa"]
  const { stdout } = await room.run([...countersign, ...words])
  const [, vkey = ""] = expectMatch(stdout, /^verifier key: (\S{1,120})$/m, "countersign witness")
  return vkey
}

/** Makes a witness and serves it for the log with this key. */
export async function serveWitness(room: Room, name: string, log: string): Promise<OwnWitness> {
  const key = await makeWitness(room, name)
  const logs = room.write(`${name}.policy`, `log ${log}\nquorum none\n`)
  const words = [...countersign, "witness", "serve", "--data", name, "--logs", logs]
  const service = await room.serve({
    words: (address) => [...words, "--listen", address],
    probe: "/readyz",
  })
  return { ...service, data: room.path(name), asked: { name, key, url: service.url } }
}

/** The raw public key of a verifier key, in hexadecimal. */
export function rawKey(vkey: string): string {
  const [, , key = ""] = /^([^+]+\+[0-9a-f]{8}\+)(.+)$/.exec(vkey) ?? []
  return Buffer.from(key, "base64").subarray(1).toString("hex")
}
