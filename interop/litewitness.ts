// litewitness, the witness of the people who wrote C2SP's specifications, cosigns our log: beside our own
// witness, after it was away, after our log forgot what it holds, and not if our log was put back. And
// their other program verifies our proofs.
import { cpSync, renameSync, rmSync } from "node:fs"
import type { Check } from "./check.ts"
import { makeWitness, serveWitness } from "./own-witness.ts"
import { until } from "./patience.ts"
import type { Room } from "./room.ts"
import type { Service } from "./service.ts"
import { spicyCheck } from "./spicy.ts"
import { holdSshKey, sshLack } from "./ssh-key.ts"
import { expectMatch, expectSame } from "./stand.ts"
import {
  makeLog,
  ORIGIN,
  type PolicyWitness,
  policyText,
  publishedSize,
  readCheckpoint,
  readReadiness,
  serveWitnessedLog,
  submission,
  submitUnwitnessed,
  untilPublished,
  verification,
  type WitnessedLog,
} from "./witnessed-log.ts"

/** The paths of a package's programs. */
export type Programs = (name: string) => string

const LITE = "lite.example/witness"
const LITE_LINE = /^— lite\.example\/witness \S+$/m
const OWN_LINE = /^— own\.example \S+$/m

interface Litewitness extends Service {
  readonly asked: PolicyWitness
}

async function serveLitewitness(room: Room, programs: Programs, log: string): Promise<Litewitness> {
  const about = ["-db", "lite.db", "-origin", ORIGIN]
  await room.run([programs("witnessctl"), "add-log", ...about])
  await room.run([programs("witnessctl"), "add-key", ...about, "-key", log])
  const { fingerprint, socket } = await holdSshKey(room)
  const key = ["-key", fingerprint, "-ssh-agent", socket, "-name", LITE]
  const service = await room.serve({
    words: (address) => [programs("litewitness"), "-db", "lite.db", ...key, "-listen", address],
    probe: "/",
  })
  const [, vkey = ""] = expectMatch(service.written(), /vkey="?([^\s"]+)/, "what litewitness says")
  return { ...service, asked: { name: "lite", vkey, url: service.url } }
}

interface Trio {
  readonly lite: Litewitness
  readonly own: PolicyWitness
  readonly log: WitnessedLog
}

/** Our log with litewitness and a witness of our own, both of which are demanded. */
async function serveTrio(room: Room, programs: Programs): Promise<Trio> {
  const vkey = await makeLog(room)
  const lite = await serveLitewitness(room, programs, vkey)
  const own = { ...(await serveWitness(room, "own", vkey)), name: "own" }
  return { lite, own, log: await serveWitnessedLog(room, vkey, [lite.asked, own]) }
}

async function cosign(room: Room, programs: Programs): Promise<void> {
  const { lite, own, log } = await serveTrio(room, programs)
  for (const name of ["a", "b", "c"]) {
    await room.run(submission(room, log, name, "--witnessed"))
    await room.run(verification(log, name))
  }
  const checkpoint = await readCheckpoint(log)
  for (const line of [LITE_LINE, OWN_LINE]) expectMatch(checkpoint, line, "published checkpoint")
  expectSame(await publishedSize(log), 3, "published size")

  const bundle = room.read("c.json")
  for (const name of ["lite.example/witness", "own.example"]) {
    const bare = bundle.replace(new RegExp(`— ${name} [A-Za-z0-9+/=]+\\\\n`), "")
    if (bare === bundle) throw new Error(`expected a cosignature of ${name} in the bundle`)
    await room.refused(verification(log, "c", room.write("bare.json", bare)), /quorum/)
  }
  const stranger = { ...lite.asked, vkey: await makeWitness(room, "stranger") }
  const policy = room.write("stranger.policy", policyText(log.vkey, [stranger, own]))
  await room.refused(verification({ policy }, "c"), /quorum/)
}

async function catchUp(room: Room, programs: Programs): Promise<void> {
  const { lite, log } = await serveTrio(room, programs)
  await room.run(submission(room, log, "a", "--witnessed"))
  await lite.stop()
  await submitUnwitnessed(room, log, ["b", "c"])
  await room.refused(submission(room, log, "d", "--witnessed"), /witnessed/)
  expectSame(await publishedSize(log), 1, "published size without litewitness")
  expectMatch(await readReadiness(log), /lite: unreachable/, "readiness without litewitness")
  await lite.start()
  await untilPublished(log, 4)
  expectMatch(await readCheckpoint(log), LITE_LINE, "published checkpoint")
  await room.run(submission(room, log, "e", "--witnessed"))
  await room.run(verification(log, "e"))
}

/** After a start our log takes a witness that cannot be asked for one that knows nothing. */
async function forget(room: Room, programs: Programs): Promise<void> {
  const { lite, log } = await serveTrio(room, programs)
  for (const name of ["a", "b", "c"]) await room.run(submission(room, log, name, "--witnessed"))
  const body = `old 0\n\n${await readCheckpoint(log)}`
  const answer = await fetch(`${lite.url}/add-checkpoint`, { method: "POST", body })
  const found = [answer.status, answer.headers.get("content-type"), await answer.text()]
  expectSame(
    found,
    [409, "text/x.tlog.size", "3\n"],
    "litewitness about a size that is not its own",
  )
  await log.stop()
  await log.start()
  await submitUnwitnessed(room, log, ["d"])
  await untilPublished(log, 4)
  await room.run(submission(room, log, "e", "--witnessed"))
  await room.run(verification(log, "e"))
}

async function putBack(room: Room, programs: Programs): Promise<void> {
  const vkey = await makeLog(room)
  const lite = await serveLitewitness(room, programs, vkey)
  const log = await serveWitnessedLog(room, vkey, [lite.asked])
  for (const name of ["a", "b"]) await room.run(submission(room, log, name, "--witnessed"))
  await log.stop()
  cpSync(log.data, room.path("older"), { recursive: true })
  await log.start()
  for (const name of ["c", "d"]) await room.run(submission(room, log, name, "--witnessed"))
  await log.stop()
  rmSync(log.data, { recursive: true })
  renameSync(room.path("older"), log.data)
  await log.start()
  await submitUnwitnessed(room, log, ["e", "f", "g"])
  await room.refused(submission(room, log, "h", "--witnessed"), /witnessed/)
  await until("that litewitness refuses", async () =>
    /lite: refuses/.test(await readReadiness(log)),
  )
  expectSame(await publishedSize(log), 2, "published size of a log that litewitness knows better")
}

async function prove(room: Room, programs: Programs, program: string): Promise<void> {
  const { log } = await serveTrio(room, programs)
  for (const name of ["a", "b", "c"]) await room.run(submission(room, log, name, "--witnessed"))
  await spicyCheck(room, programs(program), log)
}

/** What litewitness is to do, and what the package's program `spicy` is called. */
export function litewitnessChecks(programs: Programs, spicy: string): readonly Check[] {
  const lack = sshLack()
  const check = (operation: string, run: Check["run"]): Check =>
    lack === undefined ? { operation, run } : { operation, run, lack }
  return [
    check("litewitness cosigns our log, beside our own witness", (room) => cosign(room, programs)),
    check("litewitness away: nothing is published; back: catches up", (room) =>
      catchUp(room, programs),
    ),
    check("litewitness tells a log that forgot it its size (409)", (room) =>
      forget(room, programs),
    ),
    check("litewitness refuses a log that was put back", (room) => putBack(room, programs)),
    check(`${spicy} verifies our tlog-proof`, (room) => prove(room, programs, spicy)),
  ]
}
