// Our own log in a room, published with the cosignatures of witnesses that are not all ours, and what its
// submitters and readers do with the built program.
import { until } from "../running/patience.ts"
import type { Room } from "../running/room.ts"
import { fetchText, type Service } from "../running/service.ts"
import { countersign } from "../stand/served-log.ts"
import { writeArtifact, writeKeyPair } from "../stand/signing.ts"
import { expectMatch } from "../stand/stand.ts"
import { type PolicyWitness, policyText } from "./policy.ts"

export const ORIGIN = "log.example"

export interface WitnessedLog extends Service {
  readonly data: string
  /** Of its Ed25519 key, which C2SP's witnesses know. */
  readonly vkey: string
  /** A policy file that demands every witness. */
  readonly policy: string
}

const DATA = "log"
const TIMES = ["--publish-every-ms", "200", "--witnessed-wait-ms", "5000"]

/** Makes a log; nothing serves yet. Gives its Ed25519 verifier key. */
export async function makeLog(room: Room): Promise<string> {
  await room.run([...countersign, "init", "--data", DATA, "--origin", ORIGIN])
  const keys = [...countersign, "keys", "--data", DATA, "--format", "policy"]
  const { stdout } = await room.run(keys)
  return expectMatch(stdout, /^log (\S+)$/m, "countersign keys")[1] ?? ""
}

/** Serves the log that was made, with every witness demanded. */
export async function serveWitnessedLog(
  room: Room,
  vkey: string,
  witnesses: readonly PolicyWitness[],
): Promise<WitnessedLog> {
  await writeKeyPair(room, "p256")
  const policy = room.write("log.policy", policyText(vkey, witnesses))
  const words = [...countersign, "serve", "--data", DATA, "--policy", policy, ...TIMES]
  const service = await room.serve({
    words: (address) => [...words, "--listen", address],
    probe: "/readyz",
  })
  return { ...service, data: room.path(DATA), vkey, policy }
}

/** The command that submits new artifacts of these names; their bundles are NAME.sigstore.json. */
export function submission(
  room: Room,
  { url, policy }: Pick<WitnessedLog, "url" | "policy">,
  names: readonly string[],
  ...words: readonly string[]
): readonly string[] {
  const artifacts = names.map((name) => writeArtifact(room, name))
  const how = ["--key", "signer.pem", "--policy", policy, ...words]
  return [...countersign, "submit", "--log", url, "--artifact", ...artifacts, ...how]
}

/** Submits without waiting for witnesses. */
export async function submitUnwitnessed(
  room: Room,
  { url, vkey }: WitnessedLog,
  names: readonly string[],
): Promise<void> {
  const policy = room.write("unwitnessed.policy", `log ${vkey}\nquorum none\n`)
  await room.run(submission(room, { url, policy }, names))
}

/** The command that verifies what was submitted, offline. */
export function verification(
  { policy }: Pick<WitnessedLog, "policy">,
  name: string,
  bundle = `${name}.sigstore.json`,
): readonly string[] {
  const what = ["--bundle", bundle, "--artifact", name, "--key", "signer.pub"]
  return [...countersign, "verify", ...what, "--policy", policy]
}

export const readCheckpoint = ({ url }: Service): Promise<string> => fetchText(`${url}/checkpoint`)
export const readReadiness = ({ url }: Service): Promise<string> => fetchText(`${url}/readyz`)

/** The size in the published checkpoint. */
export async function publishedSize(log: Service): Promise<number> {
  return Number((await readCheckpoint(log)).split("\n")[1])
}

/** Waits until the checkpoint of this size is published. */
export async function untilPublished(log: Service, size: number): Promise<void> {
  await until(`a checkpoint of size ${size}`, async () => (await publishedSize(log)) === size)
}
