// Sigsum's programs with our witness: it cosigns their log, alone and beside their own witness, their
// submitter and verifier take proofs with its cosignature, and a log that forks is convicted.
import type { Check } from "../running/check.ts"
import type { Room } from "../running/room.ts"
import { fetchText } from "../running/service.ts"
import { countersign } from "../stand/served-log.ts"
import { writeArtifact } from "../stand/signing.ts"
import { expectMatch, expectSame } from "../stand/stand.ts"
import { OLD_GO_ROUTES, type Programs } from "./go-programs.ts"
import { makeWitness, type OwnWitness, rawKey, serveWitness } from "./own-witness.ts"
import { type PolicyWitness, policyText } from "./policy.ts"
import { logVkey, makeKey, type SigsumLog, serveSigsumLog } from "./sigsum-log.ts"

const LOG = "log.key"
const SUBMITTER = "submitter.key"

interface Pair {
  readonly own: OwnWitness
  readonly log: SigsumLog
  readonly logKey: string
  readonly asked: PolicyWitness
}

type MoreWitnesses = (room: Room, programs: Programs) => Promise<readonly PolicyWitness[]>

/** Sigsum's log with our witness, and with `more` of them. */
async function servePair(room: Room, programs: Programs, more?: MoreWitnesses): Promise<Pair> {
  const logKey = await makeKey(room, programs, LOG)
  await makeKey(room, programs, SUBMITTER)
  const own = await serveWitness(room, "own", await logVkey(room, programs, LOG))
  const asked = { ...own.asked, key: rawKey(own.asked.key) }
  const others = (await more?.(room, programs)) ?? []
  const pair = { name: LOG, key: logKey }
  return { own, asked, logKey, log: await serveSigsumLog(room, programs, pair, [asked, ...others]) }
}

/** Submits a new artifact of this name; its proof is NAME.proof. */
function submission(
  room: Room,
  programs: Programs,
  { policy }: SigsumLog,
  name: string,
  patience = "30s",
): readonly string[] {
  const how = ["-p", policy, "-k", SUBMITTER, "-t", patience]
  return [programs("sigsum-submit"), ...how, writeArtifact(room, name)]
}

function verification(
  programs: Programs,
  policy: string,
  name: string,
  proof = `${name}.proof`,
): readonly string[] {
  const words = [programs("sigsum-verify"), "-k", `${SUBMITTER}.pub`, "-p", policy, proof]
  return ["sh", "-c", `exec "$@" < ${name}`, "sigsum-verify", ...words]
}

function expectCosignatures(room: Room, proof: string, count: number): void {
  const lines = room.read(proof).split("\n")
  const found = lines.filter((line) => line.startsWith("cosignature=")).length
  expectSame(found, count, `cosignatures in ${proof}`)
}

async function cosign(room: Room, programs: Programs): Promise<void> {
  const { log, logKey, asked } = await servePair(room, programs)
  for (const name of ["a", "b", "c"]) {
    await room.run(submission(room, programs, log, name))
    await room.run(verification(programs, log.policy, name))
    expectCosignatures(room, `${name}.proof`, 1)
  }
  const tooFew = /not enough cosignatures/
  const stranger = { ...asked, key: rawKey(await makeWitness(room, "stranger")) }
  const policy = room.write("stranger.policy", policyText(logKey, [stranger]))
  await room.refused(verification(programs, policy, "c"), tooFew)
  const other = room.read("a.proof").match(/^cosignature=.*$/m)?.[0] ?? ""
  room.write("other.proof", room.read("c.proof").replace(/^cosignature=.*$/m, other))
  await room.refused(verification(programs, log.policy, "c", "other.proof"), tooFew)
}

async function serveTheirWitness(
  room: Room,
  programs: Programs,
): Promise<readonly PolicyWitness[]> {
  const key = await makeKey(room, programs, "theirs.key")
  const about = ["-k", "theirs.key", "--log-key", `${LOG}.pub`, "--state-file", "theirs.state"]
  const { url } = await room.serve({
    words: (address) => [programs("sigsum-witness"), ...about, address],
    env: OLD_GO_ROUTES,
  })
  return [{ name: "theirs", key, url }]
}

async function cosignBeside(room: Room, programs: Programs): Promise<void> {
  const { log } = await servePair(room, programs, serveTheirWitness)
  for (const name of ["a", "b"]) {
    await room.run(submission(room, programs, log, name))
    await room.run(verification(programs, log.policy, name))
    expectCosignatures(room, `${name}.proof`, 2)
  }
}

async function stayAway(room: Room, programs: Programs): Promise<void> {
  const { own, log } = await servePair(room, programs)
  await room.run(submission(room, programs, log, "a"))
  await own.stop()
  await room.refused(submission(room, programs, log, "b", "5s"), /Submit failed/)
  await own.start()
  await room.run(submission(room, programs, log, "b"))
  await room.run(verification(programs, log.policy, "b"))
}

async function fork(room: Room, programs: Programs): Promise<void> {
  const { own, log } = await servePair(room, programs)
  await room.run(submission(room, programs, log, "a"))
  await log.stop()
  await log.startAnew()
  await room.refused(submission(room, programs, log, "b", "8s"), /Submit failed/)
  const list = await fetchText(`${own.url}/evidence`)
  const [, id = ""] = expectMatch(list, /^([0-9a-f]{64}) fork sigsum\.org\/v1\/tree\//, "evidence")
  const file = room.write("fork.evidence", await fetchText(`${own.url}/evidence/${id}`))
  const vkey = ["--key", await logVkey(room, programs, LOG)]
  const { stdout } = await room.run([...countersign, "evidence", "verify", file, ...vkey])
  expectMatch(stdout, /fork/, "what the evidence proves")
}

/** Everything that Sigsum's programs are to do. */
export function sigsumChecks(programs: Programs): readonly Check[] {
  return [
    {
      operation: "log, submit, verify with our witness",
      run: (room) => cosign(room, programs),
    },
    {
      operation: "log, submit, verify with our witness and sigsum-witness",
      run: (room) => cosignBeside(room, programs),
    },
    {
      operation: "our witness away: no proof; back: a proof",
      run: (room) => stayAway(room, programs),
    },
    {
      operation: "a log that forks is convicted by our witness",
      run: (room) => fork(room, programs),
    },
  ]
}
