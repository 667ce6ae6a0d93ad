// "Spicy signatures", the first form of C2SP's tlog-proof: the same lines without the first one, beside
// the logged file. The program checks the inclusion proof and the log's signature.
import type { Check } from "../running/check.ts"
import type { Room } from "../running/room.ts"
import { countersign } from "../stand/served-log.ts"
import { serveWitness } from "./own-witness.ts"
import { makeLog, serveWitnessedLog, submission, type WitnessedLog } from "./witnessed-log.ts"

const FIRST_LINE = "c2sp.org/tlog-proof@v1\n"

interface Entry {
  readonly body: string
}

async function writeProof(room: Room, log: WitnessedLog, index: number): Promise<void> {
  const about = [String(index), "--log", log.url, "--policy", log.policy]
  const entry = await room.run([...countersign, "entry", ...about, "--json"])
  room.write("entry", (JSON.parse(entry.stdout) as Entry).body)
  const proof = await room.run([...countersign, "proof", ...about, "--format", "tlog-proof"])
  if (!proof.stdout.startsWith(FIRST_LINE)) throw new Error(`expected ${FIRST_LINE.trim()}`)
  room.write("entry.spicy", proof.stdout.slice(FIRST_LINE.length))
}

/** Entries of a log that our witness cosigns are verified, and refused if anything was changed. */
async function verify(room: Room, program: string): Promise<void> {
  const vkey = await makeLog(room)
  const { asked } = await serveWitness(room, "own", vkey)
  const log = await serveWitnessedLog(room, vkey, [asked])
  await room.run(submission(room, log, ["a", "b", "c"], "--witnessed"))
  const words = [program, "-verify", vkey, "entry"]
  for (const index of [0, 2]) {
    await writeProof(room, log, index)
    await room.run(words)
  }
  const [body, proof] = [room.read("entry"), room.read("entry.spicy")]
  room.write("entry", `${body} `)
  await room.refused(words, /could not verify inclusion/)
  room.write("entry", body)
  room.write("entry.spicy", proof.replace(/^index 2$/m, "index 1"))
  await room.refused(words, /could not verify inclusion/)
  room.write("entry.spicy", proof.replace(/^3$/m, "4"))
  await room.refused(words, /could not verify checkpoint/)
}

/** What the program of this path is to do. */
export function spicyChecks(program: string): readonly Check[] {
  const name = program.slice(program.lastIndexOf("/") + 1)
  return [{ operation: `${name} verifies our tlog-proofs`, run: (room) => verify(room, program) }]
}
