// litewitness in a room, with a key that only an ssh-agent holds, for one log of ours.

import type { Room } from "../running/room.ts"
import type { Service } from "../running/service.ts"
import { expectMatch } from "../stand/stand.ts"
import type { Programs } from "./go-programs.ts"
import type { PolicyWitness } from "./policy.ts"
import { holdSshKey } from "./ssh-key.ts"
import { ORIGIN } from "./witnessed-log.ts"

export interface Litewitness extends Service {
  /** As our log's policy has it. */
  readonly asked: PolicyWitness
}

/** The name of its key, which stands before its cosignatures. */
export const LITEWITNESS = "lite.example/witness"

/** Makes a litewitness that knows the log by the verifier key `log`, and serves it. */
export async function serveLitewitness(
  room: Room,
  programs: Programs,
  log: string,
): Promise<Litewitness> {
  const about = ["-db", "lite.db", "-origin", ORIGIN]
  await room.run([programs("witnessctl"), "add-log", ...about])
  await room.run([programs("witnessctl"), "add-key", ...about, "-key", log])
  const { fingerprint, socket } = await holdSshKey(room)
  const identity = ["-key", fingerprint, "-ssh-agent", socket, "-name", LITEWITNESS]
  const service = await room.serve({
    words: (address) => [
      programs("litewitness"),
      "-db",
      "lite.db",
      ...identity,
      "-listen",
      address,
    ],
    probe: "/",
  })
  const [, key = ""] = expectMatch(service.written(), /vkey="?([^\s"]+)/, "what litewitness says")
  return { ...service, asked: { name: "lite", key, url: service.url } }
}
