// litewitness, the witness of the people who wrote C2SP's specifications, cosigns our log: beside our own
// witness, after it was away, after our log forgot what it holds, and not if our log was put back.
import { cpSync, renameSync, rmSync } from "node:fs"
import type { Check } from "../running/check.ts"
import { until } from "../running/patience.ts"
import type { Room } from "../running/room.ts"
import { expectMatch, expectSame } from "../stand/stand.ts"
import type { Programs } from "./go-programs.ts"
import { makeWitness, serveWitness } from "./own-witness.ts"
import { type PolicyWitness, policyText } from "./policy.ts"
import { LITEWITNESS, type Litewitness, serveLitewitness } from "./served-litewitness.ts"
import { sshLack } from "./ssh-key.ts"
import {
  makeLog,
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

const OWN = "own.example"

interface Trio {
  readonly lite: Litewitness
  readonly own: PolicyWitness
  readonly log: WitnessedLog
}

/** Our log with litewitness and a witness of our own, both of which are demanded. */
async function serveTrio(room: Room, programs: Programs): Promise<Trio> {
  const vkey = await makeLog(room)
  const lite = await serveLitewitness(room, programs, vkey)
  const own = (await serveWitness(room, "own", vkey)).asked
  return { lite, own, log: await serveWitnessedLog(room, vkey, [lite.asked, own]) }
}

/** A cosignature by the key of this name, as it stands in a checkpoint. */
function cosignatureOf(name: string, end: string): RegExp {
  return new RegExp(`— ${name} [A-Za-z0-9+/=]+${end}`)
}

async function cosign(room: Room, programs: Programs): Promise<void> {
  const { lite, own, log } = await serveTrio(room, programs)
  for (const names of [["a"], ["b", "c"]]) {
    await room.run(submission(room, log, names, "--witnessed"))
    for (const name of names) await room.run(verification(log, name))
  }
  const checkpoint = await readCheckpoint(log)
  for (const name of [LITEWITNESS, OWN]) {
    expectMatch(checkpoint, cosignatureOf(name, "\n"), "published checkpoint")
  }
  expectSame(await publishedSize(log), 3, "published size")

  const bundle = room.read("c.sigstore.json")
  for (const name of [LITEWITNESS, OWN]) {
    const bare = bundle.replace(cosignatureOf(name, "\\\\n"), "")
    if (bare === bundle) throw new Error(`expected a cosignature of ${name} in the bundle`)
    await room.refused(verification(log, "c", room.write("bare.json", bare)), /quorum/)
  }
  const stranger = { ...lite.asked, key: await makeWitness(room, "stranger") }
  const policy = room.write("stranger.policy", policyText(log.vkey, [stranger, own]))
  await room.refused(verification({ policy }, "c"), /quorum/)
}

/** One more entry, witnessed by all. */
async function goOn(room: Room, log: WitnessedLog): Promise<void> {
  await room.run(submission(room, log, ["last"], "--witnessed"))
  await room.run(verification(log, "last"))
}

async function stayAway(room: Room, programs: Programs): Promise<void> {
  const { lite, log } = await serveTrio(room, programs)
  await room.run(submission(room, log, ["a"], "--witnessed"))
  await lite.stop()
  await submitUnwitnessed(room, log, ["b", "c"])
  await room.refused(submission(room, log, ["d"], "--witnessed"), /have not cosigned/)
  expectSame(await publishedSize(log), 1, "published size without litewitness")
  expectMatch(await readReadiness(log), /lite: unreachable/, "readiness without litewitness")
  await lite.start()
  await untilPublished(log, 4)
  await goOn(room, log)
}

/** After a start our log takes a witness that cannot be asked for one that knows nothing. */
async function forget(room: Room, programs: Programs): Promise<void> {
  const { lite, log } = await serveTrio(room, programs)
  await room.run(submission(room, log, ["a", "b", "c"], "--witnessed"))
  const body = `old 0\n\n${await readCheckpoint(log)}`
  const answer = await fetch(`${lite.url}/add-checkpoint`, { method: "POST", body })
  const found = [answer.status, answer.headers.get("content-type"), await answer.text()]
  expectSame(found, [409, "text/x.tlog.size", "3\n"], "answer to a wrong old size")
  await log.stop()
  await log.start()
  await submitUnwitnessed(room, log, ["d"])
  await untilPublished(log, 4)
  await goOn(room, log)
}

async function putBack(room: Room, programs: Programs): Promise<void> {
  const vkey = await makeLog(room)
  const lite = await serveLitewitness(room, programs, vkey)
  const log = await serveWitnessedLog(room, vkey, [lite.asked])
  await room.run(submission(room, log, ["a", "b"], "--witnessed"))
  await log.stop()
  cpSync(log.data, room.path("older"), { recursive: true })
  await log.start()
  await room.run(submission(room, log, ["c", "d"], "--witnessed"))
  await log.stop()
  rmSync(log.data, { recursive: true })
  renameSync(room.path("older"), log.data)
  await log.start()
  await submitUnwitnessed(room, log, ["e", "f", "g"])
  const isRefused = async () => /lite: refuses/.test(await readReadiness(log))
  await until("that litewitness refuses", isRefused)
  expectSame(await publishedSize(log), 2, "published size of a log that was put back")
}

/** Everything that litewitness is to do. */
export function litewitnessChecks(programs: Programs): readonly Check[] {
  const lack = sshLack()
  const check = (operation: string, run: Check["run"]): Check =>
    lack === undefined ? { operation, run } : { operation, run, lack }
  return [
    check("litewitness cosigns our log, beside our witness", (room) => cosign(room, programs)),
    check("litewitness away: nothing new is published; back: catches up", (room) =>
      stayAway(room, programs),
    ),
    check("litewitness tells its size to a log that forgot it (409)", (room) =>
      forget(room, programs),
    ),
    check("litewitness refuses a log that was put back", (room) => putBack(room, programs)),
  ]
}
