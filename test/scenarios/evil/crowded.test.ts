// Rows 110 to 115 of the taxonomy: floods that are to hide something, a monitor that was off, heads with more lines than
// usual, a ledger that somebody damaged. What matters is still named, and has its evidence.
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { expect, onTestFinished, test } from "vitest"
import { base64 } from "../../entry/signers.ts"
import { keyOf } from "../../evidence/made-cases.ts"
import { openEvilWitness } from "../../evil-log/evil-witness.ts"
import { freezingWitness } from "../../evil-log/frozen-witness.ts"
import { grow } from "../../evil-log/grown-log.ts"
import { HOUR, inRounds, MINUTE } from "../../evil-log/rounds.ts"
import {
  attestation,
  expectCaught,
  expectVerdict,
  hex,
  newTheft,
  owner,
  plain,
  presented,
  signatureOver,
  statement,
  subject,
  watchTheft,
} from "../../evil-log/theft.ts"
import { certificateFor, ISSUER } from "../../monitor/entries/watched-entries.ts"

const fork = { kind: "fork", grade: "PROVEN", evidence: "fork", effect: "convicts" } as const

// D23: 547 entries filled the room, and the proof of the fork was not kept.
test("row 110: a flood that fills the room for presentations leaves that for convictions free", async () => {
  const evil = await newTheft()
  const [front, mirror] = [await evil.front("monitor"), await evil.front("other")]
  for (let i = 0; i < 40; i++) {
    await evil.honest.submit(attestation(plain.replace("PLACE", `${i} ${"x".repeat(90_000)}`)))
  }
  const watched = await watchTheft(evil, { front, mirrors: [mirror], watch: subject })
  expect(await watched.once()).toMatchObject({ code: 2 })
  const unkept = watched.told().filter(({ evidence }) => evidence?.isKept === false)
  // Nothing is dropped without saying so.
  expect(unkept.length).toBeGreaterThan(0)
  const other = await evil.fork(evil.honest, 2, "other")
  await grow(other, "forged")
  mirror.lies.world = other
  expect(await watched.once()).toMatchObject({ code: 3 })
  const { evidence } = await watched.expectTold(fork)
  expect(evidence).toMatchObject({ isKept: true })
})

// D21: beyond 1,000 findings the next one about the owner's own file was named nowhere.
test("row 111: a thousand entries that are none hide no entry about what is watched", async () => {
  const evil = await newTheft()
  await Promise.all(Array.from({ length: 1_100 }, (_, i) => evil.honest.force(`no entry ${i}`)))
  const index = await evil.honest.submit(attestation(plain))
  const watched = await watchTheft(evil)
  const { code, status } = await watched.once()
  expect(code).toBe(2)
  expect(status.findings.length).toBeLessThan(1_010)
  await watched.expectTold(presented("unknown-signer", index))
})

const identity = "https://github.com/acme/app/.github/workflows/release.yml@refs/heads/main"
const DAY = 24 * HOUR

// No verifier asks: it takes the log's or an authority's time for it (D15).
test("row 112: a monitor that was off says that it cannot tell whether a certificate was valid", async () => {
  const evil = await newTheft()
  const witness = await openEvilWitness("witness.example/clock", evil.origin)
  onTestFinished(witness.close)
  const front = await evil.front("monitor")
  const start = Date.now() - 8 * DAY
  let at = start
  front.lies.checkpoint = (honest) => witness.cosign(honest, Math.floor(at / 1000))
  const watch = ["signer ci", `  oidc ${ISSUER} ${identity}`]
  const watched = await watchTheft(evil, { front, witnesses: [witness], quorum: 1, watch })
  await inRounds(watched, async ({ round, open }) => {
    await round(start)
    expect(open()).toEqual([])
  })
  const notBefore = new Date(start + DAY)
  const notAfter = new Date(start + DAY + 10 * MINUTE)
  const named = { identity, issuer: ISSUER, notBefore, notAfter }
  const { publicKey: _, ...request } = signatureOver("app", owner)
  await evil.honest.submit({ ...request, certificate: base64(certificateFor(owner, named)) })
  at = Date.now()
  await expectVerdict(watched, { code: 1, findings: ["ATTESTED undecided-validity"] })
  await watched.expectTold({ kind: "undecided-validity", grade: "ATTESTED" })
})

// C2SP allows such lines and wants them cosigned (D31).
test("row 113: a head with extension lines is cosigned and quiet, and a fork under them is PROVEN", async () => {
  const evil = await newTheft()
  const front = await evil.front("monitor")
  const note = await evil.signExtended(evil.honest.log.head(), "timestamp 1", "more")
  front.lies.checkpoint = () => note
  const witness = await freezingWitness(evil, evil.vkeys, note)
  const watched = await watchTheft(evil, { front, watch: [], sinks: [witness.sink] })
  await expectVerdict(watched, { code: 0, findings: [] })
  const other = await evil.fork(evil.honest, 2, "other")
  await grow(other, "forged")
  const forked = await evil.signExtended(other.log.head(), "timestamp 2")
  front.lies.checkpoint = () => forked
  expect(await watched.once()).toMatchObject({ code: 3 })
  await watched.expectTold(fork)
  await witness.expectFrozen()
})

test("row 114: a ledger with lines that somebody cut is named by line, and what is left of it counts", async () => {
  const evil = await newTheft()
  await evil.honest.submit(signatureOver("app", owner))
  const watch = ["signer release", `  key ${keyOf(owner)}`, "  mine ledger"]
  const ledger = `sha256:${hex}\nsha256:${hex.slice(9)}\n`
  const watched = await watchTheft(evil, { watch, files: { ledger } })
  const { stderr } = await expectVerdict(watched, { code: 1, findings: ["ATTESTED bad-ledger"] })
  const { summary } = await watched.expectTold({ kind: "bad-ledger", grade: "ATTESTED" })
  expect(`${summary} ${stderr}`).toContain("line 2")
  writeFileSync(join(watched.folder, "ledger"), `sha256:${hex}\n`)
  await expectVerdict(watched, { code: 0, findings: [] })
  const index = await evil.honest.submit(signatureOver("stolen", owner))
  await expectCaught(watched, index, "not-mine")
})

test("row 115: a name that a thief makes long and odd is shown on one line, without what terminals obey", async () => {
  const evil = await newTheft()
  const name = `pkg:npm/@acme/${"\u202e\u0085\u001b[2J\n".repeat(40)}${"x".repeat(5_000)}`
  const index = await evil.honest.submit(attestation(statement({ name, digest: { sha256: hex } })))
  const watched = await watchTheft(evil)
  await expectCaught(watched, index)
  const { summary } = await watched.expectTold(presented("unknown-signer", index))
  expect(summary).toMatch(/^\P{C}{1,2000}$/u)
})
