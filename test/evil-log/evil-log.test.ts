// The evil log itself: it must tell the lies that the scenarios rely on, and only those.
import { expect, onTestFinished, test } from "vitest"
import { openCheckpoint } from "../../src/core/note/checkpoint.ts"
import { parseVkey } from "../../src/core/note/note.ts"
import { parseOrigin } from "../../src/core/note/origin.ts"
import { openEvilLog } from "./evil-log.ts"
import { openEvilWitness } from "./evil-witness.ts"
import { makeTree } from "./made-tree.ts"

async function opened() {
  const evil = await openEvilLog()
  onTestFinished(evil.close)
  for (let i = 0; i < 5; i++) await evil.honest.force(`entry ${i}`)
  return evil
}

async function checkpointAt(url: string): Promise<string> {
  return await (await fetch(`${url}/checkpoint`)).text()
}

test("a front tells the truth until it is told to lie", async () => {
  const evil = await opened()
  const front = await evil.front("client")
  expect(await checkpointAt(front.url)).toBe(evil.honest.log.head().checkpoint)
  front.lies.checkpoint = (honest) => honest.replace("5", "6")
  expect(await checkpointAt(front.url)).not.toBe(evil.honest.log.head().checkpoint)
})

test("two clients see two trees that the same keys signed", async () => {
  const evil = await opened()
  const other = await evil.fork(evil.honest, 3, "other")
  await other.force("another entry")
  await other.force("and one more")
  const [a, b] = [await evil.front("a"), await evil.front("b")]
  b.lies.world = other
  const vkeys = evil.vkeys.map(parseVkey)
  const heads = await Promise.all(
    [a, b].map(async ({ url }) =>
      openCheckpoint(await checkpointAt(url), vkeys, parseOrigin(evil.origin)),
    ),
  )
  expect(heads.map(({ size }) => size)).toEqual([5, 5])
  expect(heads[0]?.root).not.toEqual(heads[1]?.root)
})

test("a made tree of the true leaf hashes has the log's root", async () => {
  const evil = await opened()
  const { log } = evil.honest
  const leafHashes = await Promise.all(
    Array.from({ length: 5 }, async (_, i) => (await log.entry(i)).leafHash),
  )
  const tree = makeTree(leafHashes)
  expect(tree.head.root).toEqual(log.head().root)
  expect(tree.tile(0, 0, 5)).toEqual(await log.tile({ level: 0, index: 0 }, 5))
})

test("an evil witness cosigns anything", async () => {
  const evil = await opened()
  const witness = await openEvilWitness("witness.example/evil", evil.origin)
  onTestFinished(witness.close)
  const note = await evil.sign({ size: 9, root: evil.honest.log.head().root })
  witness.shows = witness.cosign(note, 1_700_000_000)
  const vkeys = [parseVkey(witness.vkey)]
  expect(openCheckpoint(witness.shows, vkeys, parseOrigin(evil.origin)).size).toBe(9)
})
