// Rows 7 to 9, 12 and 13 of the taxonomy of misbehaviour: a log whose entries, tiles and receipts are not those of
// the tree that it signs.
import { expect, test } from "vitest"
import type { Hash } from "../../../src/core/tree/hash.ts"
import { nativeHasher } from "../../../src/crypto/tree-hasher.ts"
import type { World } from "../../evil-log/evil-log.ts"
import { freezingWitness } from "../../evil-log/frozen-witness.ts"
import { grow, grownLog } from "../../evil-log/grown-log.ts"
import { expectQuiet, HOUR, inRounds, MINUTE, postTimestamp } from "../../evil-log/rounds.ts"
import { showTree } from "../../evil-log/shown-tree.ts"
import { type Expected, watchLog } from "../../evil-log/watched.ts"
import { signedRequest } from "../../http/served-log.ts"

const brokenPromise: Expected = {
  kind: "broken-promise",
  grade: "PROVEN",
  evidence: "broken-promise",
}

function flipped(bytes: Uint8Array, at: number): Uint8Array {
  const copy = Uint8Array.from(bytes)
  copy[at] = (copy[at] ?? 0) ^ 1
  return copy
}

/** The entry at `index`, as the log took it. */
async function bodyAt(world: World, index: number): Promise<Uint8Array> {
  return (await world.bodies())[index] as Uint8Array
}

test("row 7: an entry that was mutated after commit is ATTESTED", async () => {
  const evil = await grownLog(5)
  const front = await evil.front("log")
  front.lies.bundle = (_index, honest) => flipped(honest, honest.length - 1)
  const watched = await watchLog(evil, { front })
  expect(await watched.once()).toMatchObject({ code: 1 })
  await watched.expectTold({ kind: "entry-mismatch", grade: "ATTESTED", index: 4 })
  // The signed tree still keeps what was promised: only unsigned bytes contradict the receipt.
  await inRounds(watched, async (rounds) => {
    const body = await bodyAt(evil.honest, 4)
    expect(await postTimestamp(rounds, evil, { body, index: 4 })).toBe(202)
    await rounds.round(Date.now())
    expect(rounds.open()).toEqual(["ATTESTED entry-mismatch"])
  })
})

test("row 7: with a receipt, an entry that was mutated together with its tree is PROVEN", async () => {
  const evil = await grownLog(5)
  const witness = await freezingWitness(evil)
  const front = await evil.front("log")
  const bodies = await evil.honest.bodies()
  const mutated = await evil.fork(evil.honest, 2, "mutated")
  await mutated.force(flipped(bodies[2] as Uint8Array, 9))
  for (const body of bodies.slice(3)) await mutated.force(body)
  front.lies.world = mutated
  const watched = await watchLog(evil, { front, sinks: [witness.sink] })
  await inRounds(watched, async (rounds) => {
    await rounds.round(Date.now())
    const body = bodies[2] as Uint8Array
    expect(await postTimestamp(rounds, evil, { body, index: 2 })).toBe(202)
    await rounds.round(Date.now())
  })
  await watched.expectTold({ ...brokenPromise, index: 2 })
  expect(await watched.once()).toMatchObject({ code: 3 })
  await witness.expectFrozen()
})

test("row 8: a wrong leaf hash in the signed tree is ATTESTED, and with a receipt PROVEN", async () => {
  const evil = await grownLog(5)
  const witness = await freezingWitness(evil)
  const front = await evil.front("log")
  const bodies = await evil.honest.bodies()
  const leafHashes = bodies.map((body) => nativeHasher.leaf(body))
  leafHashes[3] = flipped(leafHashes[3] as Hash, 7) as Hash
  await showTree(evil, front, bodies, leafHashes)
  const watched = await watchLog(evil, { front, sinks: [witness.sink] })
  expect(await watched.once()).toMatchObject({ code: 1 })
  await watched.expectTold({ kind: "entry-mismatch", grade: "ATTESTED", index: 3 })
  await inRounds(watched, async (rounds) => {
    const body = bodies[3] as Uint8Array
    expect(await postTimestamp(rounds, evil, { body, index: 3 })).toBe(202)
    await rounds.round(Date.now())
  })
  await watched.expectTold({ ...brokenPromise, index: 3 })
  expect(await watched.once()).toMatchObject({ code: 3 })
  await witness.expectFrozen()
})

test.each([
  ["corrupt", "tile-mismatch", (honest: Buffer) => flipped(honest, 40)],
  ["missing", "missing-data", () => undefined],
] as const)("row 9: a %s tile is SUSPECTED, and ATTESTED a minute later", async (_, kind, lie) => {
  const evil = await grownLog(300)
  const front = await evil.front("log")
  front.lies.tile = (level, index, width, honest) =>
    level === 0 && index === 0 && width === 256 ? lie(honest) : honest
  const watched = await watchLog(evil, { front })
  const start = Date.now() - 5 * MINUTE
  await inRounds(watched, async ({ round, open }) => {
    await round(start)
    expect(open()).toEqual([`SUSPECTED ${kind}`])
    await round(start + 30_000)
    expect(open()).toEqual([`SUSPECTED ${kind}`])
    await round(start + MINUTE)
    expect(open()).toEqual([`ATTESTED ${kind}`])
  })
  await watched.expectTold({ kind, grade: "ATTESTED" })
  expect(await watched.once()).toMatchObject({ code: 1 })
  delete front.lies.tile
  await expectQuiet(watched)
})

test("row 12: an entry that was promised and dropped is PROVEN by the other one in its place", async () => {
  const evil = await grownLog(5)
  const witness = await freezingWitness(evil)
  const front = await evil.front("log")
  const watched = await watchLog(evil, { front, sinks: [witness.sink] })
  await inRounds(watched, async (rounds) => {
    const dropped = await evil.fork(evil.honest, 3, "dropped")
    await grow(dropped, "dropped")
    const body = await bodyAt(dropped, 3)
    expect(await postTimestamp(rounds, evil, { body, index: 3 })).toBe(202)
    await rounds.round(Date.now())
  })
  await watched.expectTold({ ...brokenPromise, index: 3 })
  expect(await watched.once()).toMatchObject({ code: 3 })
  await witness.expectFrozen()
})

test("row 12: a promise that no head reaches is ATTESTED after an hour", async () => {
  const evil = await grownLog(5)
  const front = await evil.front("log")
  const watched = await watchLog(evil, { front })
  const start = Date.now() - 2 * HOUR
  await inRounds(watched, async (rounds) => {
    const { open, round } = rounds
    const body = await bodyAt(evil.honest, 0)
    expect(await postTimestamp(rounds, evil, { body, index: 7 })).toBe(202)
    await round(start)
    await round(start + 59 * MINUTE)
    expect(open()).toEqual([])
    await round(start + 61 * MINUTE)
    expect(open()).toEqual(["ATTESTED broken-promise", "ATTESTED stale-head"])
  })
  await watched.expectTold({ kind: "broken-promise", grade: "ATTESTED", index: 7 })
  expect(await watched.once()).toMatchObject({ code: 1 })
})

test("row 12: a receipt with its own head convicts the log of a fork", async () => {
  const evil = await grownLog(5)
  const witness = await freezingWitness(evil)
  const front = await evil.front("log")
  const watched = await watchLog(evil, { front, sinks: [witness.sink] })
  const other = await evil.fork(evil.honest, 3, "other")
  const answer = await fetch(`${other.url}/v1/entries`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(signedRequest("dropped")),
  })
  const receipt = await answer.text()
  await inRounds(watched, async ({ url, round }) => {
    await round(Date.now())
    const headers = { "content-type": "application/json" }
    const posted = await fetch(`${url}/receipts`, { method: "POST", headers, body: receipt })
    expect(posted.status).toBe(202)
    await round(Date.now())
  })
  await watched.expectTold({ kind: "fork", grade: "PROVEN", evidence: "fork" })
  await watched.expectTold({ kind: "broken-promise", grade: "PROVEN", evidence: "fork" })
  expect(await watched.once()).toMatchObject({ code: 3 })
  await witness.expectFrozen()
})

test("row 13: a receipt with another index than the entry has is PROVEN", async () => {
  const evil = await grownLog(5)
  const witness = await freezingWitness(evil)
  const front = await evil.front("log")
  const watched = await watchLog(evil, { front, sinks: [witness.sink] })
  await inRounds(watched, async (rounds) => {
    const body = await bodyAt(evil.honest, 2)
    expect(await postTimestamp(rounds, evil, { body, index: 2 })).toBe(202)
    await rounds.round(Date.now())
    expect(rounds.open()).toEqual([])
    expect(await postTimestamp(rounds, evil, { body, index: 4 })).toBe(202)
    await rounds.round(Date.now())
  })
  await watched.expectTold({ ...brokenPromise, index: 4 })
  expect(await watched.once()).toMatchObject({ code: 3 })
  await witness.expectFrozen()
})
