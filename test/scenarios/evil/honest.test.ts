// What an honest log and a bad network may do all day: restarts of everybody, rate limits, cut and truncated
// answers, caches that are behind, clocks that are off by minutes, witnesses at other sizes. Nothing of it is
// attested or proven.
import { expect, onTestFinished, test } from "vitest"
import type { EvilLog, World } from "../../evil-log/evil-log.ts"
import { type EvilWitness, openEvilWitness } from "../../evil-log/evil-witness.ts"
import type { Front, Reply } from "../../evil-log/front.ts"
import { grow, grownLog } from "../../evil-log/grown-log.ts"
import { HOUR, inRounds, MINUTE, type Rounds } from "../../evil-log/rounds.ts"
import { watchLog } from "../../evil-log/watched.ts"

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
