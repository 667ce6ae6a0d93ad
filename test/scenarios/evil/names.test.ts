// A log that has several keys and names: what it signs under any of them is held against the one tree, with a policy
// as `countersign keys --format policy` prints it.
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { formatNote, parseNote } from "../../../src/core/note/note.ts"
import type { EvilLog, World } from "../../evil-log/evil-log.ts"
import { freezingWitness } from "../../evil-log/frozen-witness.ts"
import { grow, grownLog } from "../../evil-log/grown-log.ts"
import { expectQuiet, inRounds, postTimestamp } from "../../evil-log/rounds.ts"
import { watchLog } from "../../evil-log/watched.ts"
import { newFolder } from "../../storage/folder.ts"
import { countersign } from "../process.ts"

/** What the operator of the log hands out. */
async function policyOf({ origin, keys }: EvilLog, url: string): Promise<string> {
  const folder = newFolder()
  const data = join(folder, "log")
  const files = [join(folder, "ecdsa.pem"), join(folder, "ed25519.pem")] as const
  writeFileSync(files[0], keys.ecdsa, { mode: 0o600 })
  writeFileSync(files[1], keys.ed25519, { mode: 0o600 })
  const own = ["--ecdsa-key", files[0], "--ed25519-key", files[1]]
  await countersign("init", "--data", data, "--origin", origin, ...own)
  const printed = await countersign("keys", "--data", data, "--format", "policy", "--url", url)
  expect(printed).toMatchObject({ code: 0 })
  return printed.stdout
}

async function rekorHeadOf({ url }: World): Promise<string> {
  const answer = (await (await fetch(`${url}/api/v1/log`)).json()) as { signedTreeHead: string }
  return answer.signedTreeHead
}

async function forkedLog() {
  const evil = await grownLog(5)
  const witness = await freezingWitness(evil)
  const front = await evil.front("log")
  const policy = await policyOf(evil, front.url)
  const watched = await watchLog(evil, { front, policy, sinks: [witness.sink] })
  await expectQuiet(watched)
  const forked = await evil.fork(evil.honest, 2, "forked")
  await grow(forked, "forged", "and", "more")
  return { evil, witness, front, watched, forked }
}

const fork = { kind: "fork", grade: "PROVEN", evidence: "fork", effect: "convicts" } as const

test("row 33: another tree for clients of Rekor v1 is PROVEN and freezes the log", async () => {
  const { front, watched, forked, witness } = await forkedLog()
  const head = await rekorHeadOf(forked)
  front.lies.rekorHead = () => head
  expect(await watched.once()).toMatchObject({ code: 3 })
  await watched.expectTold(fork)
  await witness.expectFrozen()
})

test("row 33: the same is PROVEN if only a verifier has seen it, and posts the head", async () => {
  const { watched, forked, witness } = await forkedLog()
  const head = await rekorHeadOf(forked)
  await inRounds(watched, async ({ url, round, open }) => {
    const headers = { "content-type": "text/plain; charset=utf-8" }
    const reply = await fetch(`${url}/heads`, { method: "POST", headers, body: head })
    expect(reply.status).toBe(202)
    await round(Date.now())
    expect(open()).toEqual(["PROVEN fork"])
  })
  expect(await watched.once()).toMatchObject({ code: 3 })
  await watched.expectTold(fork)
  await witness.expectFrozen()
})

test("row 34: another tree under the ECDSA key alone is PROVEN and freezes the log", async () => {
  const { front, watched, forked, witness } = await forkedLog()
  const { text, signatures } = parseNote(forked.log.head().checkpoint)
  front.lies.checkpoint = () => formatNote(text, signatures.slice(0, 1))
  expect(await watched.once()).toMatchObject({ code: 3 })
  await watched.expectTold(fork)
  await witness.expectFrozen()
})

test("row 35: a promise of the ECDSA key that is broken is PROVEN and freezes the log", async () => {
  const { evil, watched, forked, witness } = await forkedLog()
  const body = (await forked.bodies())[3] as Uint8Array
  await inRounds(watched, async (rounds) => {
    expect(await postTimestamp(rounds, evil, { body, index: 3 })).toBe(202)
    await rounds.round(Date.now())
  })
  const kind = "broken-promise"
  await watched.expectTold({ kind, grade: "PROVEN", evidence: kind, effect: "convicts", index: 3 })
  expect(await watched.once()).toMatchObject({ code: 3 })
  await witness.expectFrozen()
})

test("row 36: a second tree ID is PROVEN, and shuts no log out", async () => {
  const { evil, front, watched, witness } = await forkedLog()
  const head = evil.honest.log.head()
  const note = await evil.sign(head, `${evil.origin} - 99999`)
  const { text, signatures } = parseNote(note)
  front.lies.rekorHead = () => formatNote(text, signatures.slice(0, 1))
  expect(await watched.once()).toMatchObject({ code: 3 })
  const kind = "key-misuse"
  await watched.expectTold({ kind, grade: "PROVEN", evidence: kind, effect: "convicts" })
  await witness.expectCosigning()
})
