// Rows 17 to 19 and 30 of the taxonomy of misbehaviour: witnesses that contradict themselves, disappear, or
// are put back to an older copy. None of it convicts the log, so it freezes none.
import { cpSync, readdirSync, rmSync } from "node:fs"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { expect, onTestFinished, test } from "vitest"
import { formatBase64 } from "../../../src/core/base/text.ts"
import { formatNote, parseNote } from "../../../src/core/note/note.ts"
import type { EvilLog, World } from "../../evil-log/evil-log.ts"
import { type EvilWitness, openEvilWitness } from "../../evil-log/evil-witness.ts"
import { freezingWitness } from "../../evil-log/frozen-witness.ts"
import { grow, grownLog } from "../../evil-log/grown-log.ts"
import { expectQuiet, HOUR, inRounds, MINUTE } from "../../evil-log/rounds.ts"
import { watchLog } from "../../evil-log/watched.ts"
import { requestText } from "../../http/test-log.ts"
import { addCheckpoint } from "../witness/client.ts"
import { type NewWitness, newWitness, type ServedWitness } from "../witness/new-witness.ts"

async function newEvilWitness(evil: EvilLog, name = "witness.example/evil"): Promise<EvilWitness> {
  const witness = await openEvilWitness(name, evil.origin)
  onTestFinished(witness.close)
  return witness
}

function secondsAgo(seconds: number): number {
  return Math.floor(Date.now() / 1000) - seconds
}

test("row 17: a witness that cosigns two trees is PROVEN, whoever signed the other one", async () => {
  const evil = await grownLog(5)
  const own = await freezingWitness(evil)
  const witness = await newEvilWitness(evil)
  const front = await evil.front("log")
  front.lies.checkpoint = (honest) => witness.cosign(honest, secondsAgo(60))
  const other = await evil.fork(evil.honest, 2, "other")
  await grow(other, "forged", "more")
  const { text } = parseNote(other.log.head().checkpoint)
  // Without the log's signature this is no fork of the log.
  const stranger = parseNote(witness.cosign(other.log.head().checkpoint, secondsAgo(30)))
  const lines = stranger.signatures.filter(({ name }) => name === witness.name)
  witness.shows = formatNote(text, lines)
  const options = { front, witnesses: [witness], readsWitnesses: true, quorum: 1 }
  const watched = await watchLog(evil, { ...options, sinks: [own.sink] })
  expect(await watched.once()).toMatchObject({ code: 3 })
  const kind = "witness-equivocation"
  const key = witness.vkey
  await watched.expectTold({ kind, grade: "PROVEN", evidence: kind, key })
  await own.expectCosigning()
})

test("row 18: a witness that cosigns a smaller head later is PROVEN", async () => {
  const evil = await grownLog(5)
  const witness = await newEvilWitness(evil)
  const front = await evil.front("log")
  const older = await evil.fork(evil.honest, 3, "older")
  witness.shows = witness.cosign(evil.honest.log.head().checkpoint, secondsAgo(60))
  const options = { front, witnesses: [witness], readsWitnesses: true, quorum: 1 }
  const watched = await watchLog(evil, options)
  await expectQuiet(watched)
  witness.shows = witness.cosign(older.log.head().checkpoint, secondsAgo(20))
  expect(await watched.once()).toMatchObject({ code: 3 })
  const kind = "witness-rollback"
  await watched.expectTold({ kind, grade: "PROVEN", evidence: kind, key: witness.vkey })
})

function copyOf({ folder }: NewWitness): () => void {
  const copy = join(folder, "copy")
  for (const name of ["data", "guard"]) {
    cpSync(join(folder, name), join(copy, name), { recursive: true })
  }
  return () => {
    for (const name of ["data", "guard"]) {
      rmSync(join(folder, name), { recursive: true })
      cpSync(join(copy, name), join(folder, name), { recursive: true })
    }
  }
}

/** Lets a served witness advance to what a world shows. */
async function advance(
  { url }: ServedWitness,
  evil: EvilLog,
  world: World,
  oldSize: number,
): Promise<string> {
  const { size, checkpoint } = world.log.head()
  const proof = oldSize === 0 ? [] : await evil.honest.log.consistency(oldSize, size)
  const asked = await addCheckpoint(url, requestText(oldSize, proof.map(formatBase64), checkpoint))
  expect(asked).toMatchObject({ status: 200 })
  return checkpoint + asked.text
}

async function untilNextSecond(): Promise<void> {
  await sleep(1_000 - (Date.now() % 1_000))
}

test("rows 18 and 30: a real witness that was put back is PROVEN by what it signs, unless it sees it", async () => {
  const evil = await grownLog(5)
  const logs = evil.vkeys.map((vkey) => `log ${vkey}\n`).join("")
  const witness = await newWitness(`${logs}quorum none\n`)
  const three = await evil.fork(evil.honest, 3, "three")
  const four = await evil.fork(evil.honest, 4, "four")
  const front = await evil.front("log")
  const [vkey = ""] = witness.vkeys
  let served = await witness.serve()
  const seen = { vkey, url: served.url } as EvilWitness
  await advance(served, evil, three, 0)
  await served.stop()
  const putBack = copyOf(witness)
  served = await witness.serve()
  const newest = await advance(served, evil, evil.honest, 3)
  front.lies.checkpoint = () => newest
  const options = { front, witnesses: [seen], quorum: 1 }
  const watched = await watchLog(evil, options)
  await expectQuiet(watched)
  await served.stop()

  putBack()
  await untilNextSecond()
  served = await witness.serve()
  const later = await advance(served, evil, four, 3)
  const mirror = await evil.front("mirror")
  mirror.lies.checkpoint = () => later
  const words = ["--mirror", `restored=${mirror.url}`]
  expect(await watched.once(...words)).toMatchObject({ code: 3 })
  const kind = "witness-rollback"
  await watched.expectTold({ kind, grade: "PROVEN", evidence: kind, key: vkey })
  await served.stop()

  putBack()
  witness.policy(`${evil.vkeys.map((key) => `log ${key} ${front.url}\n`).join("")}quorum none\n`)
  const { code, stderr } = await witness.serveInVain()
  expect([code, stderr]).toEqual([1, expect.stringContaining("cosigned more than it remembers")])
  expect(readdirSync(witness.directory.rolledBack)).toHaveLength(1)
})

test("row 19: a witness that is silent is ATTESTED, and a quorum that it leaves too thin", async () => {
  const evil = await grownLog(3)
  const names = ["witness.example/a", "witness.example/b"]
  const witnesses = await Promise.all(names.map((name) => newEvilWitness(evil, name)))
  const [a, b] = witnesses as [EvilWitness, EvilWitness]
  const front = await evil.front("log")
  const watched = await watchLog(evil, { front, witnesses, quorum: 2 })
  const start = Date.now() - 20 * HOUR
  const seconds = (at: number): number => Math.floor(at / 1000)
  front.lies.checkpoint = (honest) => a.cosign(b.cosign(honest, seconds(start)), seconds(start))
  await inRounds(watched, async ({ round, open }) => {
    await round(start)
    for (const hours of [6, 12]) {
      const at = start + hours * HOUR
      front.lies.checkpoint = (honest) => a.cosign(honest, seconds(at))
      await grow(evil.honest, `after ${hours} hours`)
      await round(at)
      expect(open()).toEqual([])
    }
    const late = start + 12 * HOUR
    await round(late + 2 * MINUTE)
    expect(open()).toEqual(["SUSPECTED stale-view", "SUSPECTED witness-silent"])
    await round(late + 12 * MINUTE)
    expect(open()).toEqual(["ATTESTED stale-view", "ATTESTED witness-silent"])
  })
  const { summary } = await watched.expectTold({ kind: "witness-silent", grade: "ATTESTED" })
  expect(summary).toContain("w1")
  await watched.expectTold({ kind: "stale-view", grade: "ATTESTED" })
  expect(await watched.once()).toMatchObject({ code: 1 })
})
