// What an honest log and a bad network may do all day: restarts of everybody, rate limits, cut and truncated
// answers, caches that are behind, clocks that are off by minutes, witnesses at other sizes; and what honest clients of
// all kinds log meanwhile, with ledgers that grow, messages that come late and a watch file that changes. Nothing of it is
// attested or proven. COUNTERSIGN_HONEST=10000 makes the second run one of 10,000 entries about 200 images.
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { expect, onTestFinished, test } from "vitest"
import { type EvilLog, openEvilLog, type World } from "../../evil-log/evil-log.ts"
import { type EvilWitness, openEvilWitness } from "../../evil-log/evil-witness.ts"
import type { Front, Reply } from "../../evil-log/front.ts"
import { grow, grownLog } from "../../evil-log/grown-log.ts"
import { CLIENTS, send, sendingOf, watchFiles, watchLines } from "../../evil-log/honest-clients.ts"
import { HOUR, inRounds, MINUTE, type Rounds } from "../../evil-log/rounds.ts"
import { watchLog } from "../../evil-log/watched.ts"
import { newFolder } from "../../storage/folder.ts"

/** Numbers from 0 up to 1, the same in every run (a linear congruential generator). */
function createRandom(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}

const random = createRandom(20)

function isLucky(chance: number): boolean {
  return random() < chance
}

function between(from: number, to: number): number {
  return from + Math.floor(random() * (to - from + 1))
}

const busy: Reply = {
  status: 429,
  headers: { "retry-after": "0", "content-type": "text/plain" },
  body: Buffer.from("busy\n"),
}

/** A path on which some answers are short or break off, and some requests must be asked again. */
function roughen({ lies }: Front, told: string[]): void {
  const isTold = (what: string, chance: number): boolean => {
    const is = isLucky(chance)
    if (is) told.push(what)
    return is
  }
  lies.cut = () => isTold("cut", 0.01)
  lies.reply = () => (isTold("busy", 0.12) ? busy : undefined)
  lies.change = (_path, reply) => {
    if (reply.status !== 200 || !isTold("short", 0.15)) return reply
    const length = Math.floor(reply.body.length * random())
    return { status: 200, headers: {}, body: reply.body.subarray(0, length) }
  }
}

interface Scene {
  readonly evil: EvilLog
  readonly front: Front
  readonly mirror: Front
  readonly witnesses: readonly EvilWitness[]
  /** Where the log is served since its last restart. */
  world: World
  /** The checkpoints that it published, the newest last. */
  readonly published: string[]
}

/** Seconds by which the clocks of the witnesses are off. A clock that steps back is a contradiction. */
const skews = [-240, 0, 240]

/** Publishes what the log has, with the lines of those witnesses that answered in time. */
function publish(scene: Scene, now: number): void {
  const { witnesses, published, world } = scene
  let note = world.log.head().checkpoint
  for (const [i, witness] of witnesses.entries()) {
    if (isLucky(0.25)) continue
    note = witness.cosign(note, Math.floor(now / 1000) + (skews[i] ?? 0))
    witness.shows = note
  }
  published.push(note)
}

/** What happens between two rounds. */
async function live(scene: Scene, now: number): Promise<void> {
  const { evil, front, mirror, published } = scene
  if (isLucky(0.15)) {
    const { size } = scene.world.log.head()
    scene.world = await evil.fork(scene.world, size, "restarted")
    front.lies.world = scene.world
    mirror.lies.world = scene.world
  }
  const artifacts = Array.from({ length: between(0, 3) }, (_, i) => `at ${now} no ${i}`)
  if (artifacts.length > 0) await grow(scene.world, ...artifacts)
  publish(scene, now)
  front.lies.checkpoint = () => published.at(-1)
  mirror.lies.checkpoint = () => published.at(-between(1, Math.min(3, published.length)))
}

function expectNoAlarm({ open }: Rounds): void {
  expect(open().filter((finding) => !finding.startsWith("SUSPECTED"))).toEqual([])
}

test("an honest log on a bad network raises no alarm in 40 rounds", async () => {
  const evil = await grownLog(250)
  const [front, mirror] = [await evil.front("log"), await evil.front("mirror")]
  const names = ["witness.example/a", "witness.example/b", "witness.example/c"]
  const witnesses = await Promise.all(names.map((name) => openEvilWitness(name, evil.origin)))
  for (const { close } of witnesses) onTestFinished(close)
  const policy = { witnesses, readsWitnesses: true, quorum: 2 }
  const watched = await watchLog(evil, { front, mirrors: [mirror], ...policy })
  const scene: Scene = { evil, front, mirror, witnesses, world: evil.honest, published: [] }
  let now = Date.now() - 9 * HOUR
  publish(scene, now)
  const told: string[] = []
  for (const path of [front, mirror]) roughen(path, told)
  for (let restart = 0; restart < 4; restart++) {
    await inRounds(watched, async (rounds) => {
      for (let round = 0; round < 10; round++) {
        now += between(1, 12) * MINUTE + between(0, 59_999)
        await live(scene, now)
        await rounds.round(now)
        expectNoAlarm(rounds)
      }
    })
  }
  expect(watched.told()).toEqual([])
  expect(told.filter((what) => what === "busy").length).toBeGreaterThan(5)
  expect(told.filter((what) => what === "short").length).toBeGreaterThan(5)

  for (const { lies } of [front, mirror]) {
    delete lies.cut
    delete lies.reply
    delete lies.change
    lies.checkpoint = () => scene.published.at(-1)
  }
  const { code, status } = await watched.once()
  expect([code, status.findings]).toEqual([0, []])
  expect(status.logs[0]).toMatchObject({ size: scene.world.log.head().size, backlog: 0 })
})

const LONG = Number(process.env["COUNTERSIGN_HONEST"] ?? 0)
const isLong = LONG > 0
const entries = isLong ? LONG : 13 * CLIENTS
const images = isLong ? 200 : 12
const A_ROUND = isLong ? 120 : 24
const ROUNDS_A_START = isLong ? 12 : 3
const TOKEN = "a-token-of-more-than-twenty-characters"

const refused = (status: number): Reply => ({
  status,
  headers: { "content-type": "text/plain", "retry-after": "0" },
  body: Buffer.from("no\n"),
})

/** For a round, what lies beside entries cannot be had, for one reason or the other. */
function outage({ lies }: Front): void {
  const status = [503, 404, 500][between(0, 2)] ?? 503
  lies.reply = (path) => (/attestation|message/.test(path) ? refused(status) : undefined)
}

interface Late {
  readonly index: number
  readonly bytes: Uint8Array
}

/** Gives what was signed to the log, or to the monitor. */
async function attachLate(world: World, { url }: Rounds, late: readonly Late[]): Promise<void> {
  for (const { index, bytes } of late) {
    const isForLog = index % 2 === 0
    const address = isForLog
      ? `${world.url}/v1/entries/${index}/message`
      : `${url}/messages?index=${index}`
    const headers = { "content-type": "application/octet-stream" }
    const body = Uint8Array.from(bytes)
    const { status } = await fetch(address, { method: "POST", headers, body })
    expect([200, 201, 202]).toContain(status)
  }
}

async function postLedger({ url }: Rounds, lines: readonly string[]): Promise<void> {
  if (lines.length === 0) return
  const headers = { authorization: `Bearer ${TOKEN}` }
  const post = { method: "POST", headers, body: `${lines.join("\n")}\n` }
  expect(await fetch(`${url}/ledger?signer=release`, post)).toMatchObject({ status: 200 })
}

test(`honest clients of ${CLIENTS} kinds raise no alarm in ${entries} entries about ${images} images`, {
  timeout: 3_600_000,
}, async () => {
  const evil = await openEvilLog()
  onTestFinished(evil.close)
  const witness = await openEvilWitness("witness.example/a", evil.origin)
  onTestFinished(witness.close)
  const front = await evil.front("log")
  const folder = newFolder()
  writeFileSync(join(folder, "tokens"), `${TOKEN}\n`)
  const words = ["--listen", "127.0.0.1:0", "--ledger-token-file", join(folder, "tokens")]
  const lines = watchLines(images / 2)
  const options = { front, watch: lines, files: watchFiles, words, isHere: true }
  const watched = await watchLog(evil, { ...options, witnesses: [witness], quorum: 1 })
  let world = evil.honest
  let late: Late[] = []
  let sent = 0
  let unplaced = 0
  const rounds = Math.ceil(entries / A_ROUND)
  let now = Date.now() - rounds * 3 * MINUTE - HOUR
  const publishNow = (): void => {
    const note = witness.cosign(world.log.head().checkpoint, Math.floor(now / 1000))
    front.lies.checkpoint = () => note
  }
  for (let start = 0; sent < entries; start++) {
    if (start % 2 === 1) {
      world = await evil.restart()
      front.lies.world = world
    }
    if (start === 2) {
      const text = ["countersign-watch/v1", ...watchLines(images), ""].join("\n")
      writeFileSync(join(watched.folder, "log.watch"), text)
    }
    await inRounds(watched, async (running) => {
      for (let round = 0; round < ROUNDS_A_START && sent < entries; round++) {
        now += between(1, 3) * MINUTE
        const end = Math.min(sent + A_ROUND, entries)
        const sendings = Array.from({ length: end - sent }, (_, i) =>
          sendingOf(sent + i, images, now),
        )
        await postLedger(
          running,
          sendings.flatMap(({ ledger }) => ledger ?? []),
        )
        if (isLucky(0.5)) {
          await attachLate(world, running, late)
          late = []
        }
        for (const sending of sendings) {
          const index = await send(world, sending)
          if (sending.isUnplaced === true) unplaced += 1
          if (sending.late !== undefined) late.push({ index, bytes: sending.late })
        }
        sent = end
        publishNow()
        if (isLucky(0.3)) outage(front)
        await running.round(now)
        delete front.lies.reply
        expectNoAlarm(running)
      }
    })
  }
  await inRounds(watched, async (running) => {
    await attachLate(world, running, late)
    // What could not be had in an outage is asked for again after a while.
    for (let round = 0; round < 8; round++) {
      now += 30 * MINUTE
      publishNow()
      await running.round(now)
      expectNoAlarm(running)
    }
  })
  now = Date.now()
  publishNow()
  const { code, status } = await watched.once()
  expect([code, status.findings, status.unclear]).toEqual([0, [], []])
  expect(watched.told()).toEqual([])
  expect(status.logs[0]).toMatchObject({ size: world.log.head().size, backlog: 0 })
  expect(status.logs[0]?.entries).toMatchObject({
    opaque: { listed: unplaced },
    pending: { total: 0 },
  })
})
