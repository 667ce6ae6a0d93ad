// Logs whose origins hold blanks and "+" under a monitor: one key signs both of them, and neither has its name.
import { expect, test } from "vitest"
import type { World } from "../../evil-log/evil-log.ts"
import type { Front } from "../../evil-log/front.ts"
import { grow, grownLog } from "../../evil-log/grown-log.ts"
import { inRounds } from "../../evil-log/rounds.ts"
import { watchLog } from "../../evil-log/watched.ts"
import { run } from "../command/fake-terminal.ts"

const PLAIN = "a log's + tree"

async function twoTrees() {
  const evil = await grownLog(4)
  const other = await evil.fork(evil.honest, 1, "other")
  await grow(other, "of", "another", "tree")
  const TREE = `${evil.origin} - 123`
  const [plain, tree, mirror] = [
    await evil.front("plain"),
    await evil.front("tree"),
    await evil.front("copy"),
  ]
  async function show(front: Front, world: World, origin: string): Promise<void> {
    const note = await evil.sign(world.log.head(), origin)
    front.lies.world = world
    front.lies.checkpoint = () => note
  }
  await show(plain, evil.honest, PLAIN)
  await show(mirror, evil.honest, PLAIN)
  await show(tree, other, TREE)
  const names = [`#countersign:origin ${PLAIN}`, `#countersign:origin ${TREE}`]
  const logs = evil.vkeys.flatMap((vkey) => [`log ${vkey} ${plain.url}`, ...names])
  const watched = await watchLog(evil, {
    front: plain,
    policy: [...logs, "quorum none", ""].join("\n"),
    words: [
      ...["--log", `${PLAIN} ${plain.url}`, "--log", `${TREE} ${tree.url}`],
      ...["--mirror", `${PLAIN} ${mirror.client}=${mirror.url}`],
    ],
    isHere: true,
  })
  return { evil, other, watched, plain, tree, mirror, TREE, show }
}

test("are followed beside each other, shown and kept over a restart", async () => {
  const { evil, watched, mirror, TREE, show, plain } = await twoTrees()
  const first = await watched.once()
  expect(first).toMatchObject({ code: 0, stderr: "" })
  expect(first.status.logs.map(({ origin, size }) => [origin, size])).toEqual([
    [PLAIN, 4],
    [TREE, 4],
  ])
  expect(mirror.asked).toContain("/checkpoint")
  await grow(evil.honest, "one more")
  await show(plain, evil.honest, PLAIN)
  await show(mirror, evil.honest, PLAIN)
  await inRounds(watched, async ({ url, round, open }) => {
    await round(Date.now())
    expect(open()).toEqual([])
    const metrics = await (await fetch(`${url}/metrics`)).text()
    expect(metrics).toContain(`origin="${PLAIN}"`)
    expect(metrics).toContain(`origin="${TREE}"`)
    const page = await (await fetch(url)).text()
    expect(page).toMatch(/<h2>a log(?:'|&#39;)s \+ tree<\/h2>/)
    expect(page).toContain(`<h2>${TREE}</h2>`)
  })
  const again = await watched.once()
  expect(again).toMatchObject({ code: 0, status: { logs: [{ size: 5 }, { size: 4 }] } })
})

test("accuse nobody with the heads of each other, nor of a third tree, wherever they are seen", async () => {
  const { evil, other, watched, TREE } = await twoTrees()
  await watched.once()
  const heads = [
    await evil.sign(evil.honest.log.head(), PLAIN),
    await evil.sign(other.log.head(), TREE),
    await evil.sign(evil.honest.log.head(), `${evil.origin} - 124`),
    await evil.sign(evil.honest.log.head(), "third log"),
  ]
  await inRounds(watched, async ({ url, round, open }) => {
    for (const body of heads) {
      const headers = { "content-type": "text/plain; charset=utf-8" }
      const { status } = await fetch(`${url}/heads`, { method: "POST", headers, body })
      expect(status).toBe(202)
    }
    await round(Date.now())
    expect(open()).toEqual([])
  })
  expect(await watched.once()).toMatchObject({ code: 0 })
})

test("are convicted by two trees under one of them, with evidence that holds apart", async () => {
  const { evil, watched, plain, tree, TREE, show } = await twoTrees()
  await watched.once()
  for (const [front, origin] of [
    [plain, PLAIN],
    [tree, TREE],
  ] as const) {
    const forked = await evil.fork(evil.honest, 1, `forked ${origin}`)
    await grow(forked, "forged", "and", "more", "of it")
    await show(front, forked, origin)
    const round = await watched.once()
    expect(round.code).toBe(3)
    const fork = { kind: "fork", grade: "PROVEN", evidence: "fork", effect: "convicts" } as const
    expect(await watched.expectTold(fork)).toMatchObject({ origin })
  }
  const ids = watched.told().flatMap(({ evidence }) => evidence?.id ?? [])
  expect(ids).toHaveLength(2)
  for (const id of ids) {
    const { code, out } = await run(["monitor", "evidence", "--data", watched.data, id])
    expect([code, out.split("\n", 1)]).toEqual([0, ["tlog-evidence/v2"]])
  }
})
