// Honest logs and witnesses that somebody, or a wrong clock, tries to accuse: nothing of it convicts them.
import { expect, onTestFinished, test } from "vitest"
import { makeSigner } from "../../entry/signers.ts"
import { openEvilWitness } from "../../evil-log/evil-witness.ts"
import { freezingWitness } from "../../evil-log/frozen-witness.ts"
import { grow, grownLog } from "../../evil-log/grown-log.ts"
import { inRounds, MINUTE } from "../../evil-log/rounds.ts"
import { verifyApart, watchLog } from "../../evil-log/watched.ts"
import { certifiedBody, ISSUER } from "../../monitor/entries/watched-entries.ts"

test("row 37: a self-made certificate of 2020 in the owner's name presents an entry, and convicts no log", async () => {
  const evil = await grownLog(3)
  const own = await freezingWitness(evil)
  const clock = await openEvilWitness("witness.example/clock", evil.origin)
  onTestFinished(clock.close)
  const front = await evil.front("log")
  front.lies.checkpoint = (honest) => clock.cosign(honest, Math.floor(Date.now() / 1000) - 60)
  const owner = makeSigner("ecdsa-p256")
  const identity = "https://github.com/acme/app/.github/workflows/release.yml@refs/heads/main"
  // Without an authority, anyone's certificate is believed; where only the key is watched, its dates are nothing.
  const watch = ["signer owner", `  oidc ${ISSUER} ${identity}`]
  const options = { front, witnesses: [clock], quorum: 1, watch, sinks: [own.sink] }
  const watched = await watchLog(evil, options)
  expect(await watched.once()).toMatchObject({ code: 0 })
  const dates = { notBefore: new Date("2020-01-01"), notAfter: new Date("2020-01-02") }
  await evil.honest.force(certifiedBody(owner, "release", { identity, issuer: ISSUER, ...dates }))
  expect(await watched.once()).toMatchObject({ code: 2 })
  const about = { kind: "outside-validity", grade: "PROVEN", evidence: "time", index: 3 } as const
  const known = [clock.vkey]
  const told = await watched.expectTold({ ...about, effect: "presents", known })
  const text = told.evidence?.text ?? ""
  expect(text).not.toMatch(/convict|^key /m)
  // The same in the form of earlier versions, which had one word for both.
  const first = text.replace("tlog-evidence/v2", "tlog-evidence/v1").replace("presents ", "key ")
  const { code, stdout } = await verifyApart(first, evil.vkeys[0] ?? "", known)
  expect(code).toBe(0)
  expect(JSON.parse(stdout)).toMatchObject({ format: "tlog-evidence/v1", effect: "presents" })
  expect(stdout).not.toMatch(/convict/)
  await own.expectCosigning()
})

test("row 38: a monitor whose clock is ten minutes slow accuses no witness, and says so of itself", async () => {
  const evil = await grownLog(3)
  const names = ["a.example", "b.example", "c.example"]
  const witnesses = await Promise.all(names.map((name) => openEvilWitness(name, evil.origin)))
  for (const { close } of witnesses) onTestFinished(close)
  const front = await evil.front("log")
  const cosigned = (note: string, at: number) =>
    witnesses.reduce((before, each) => each.cosign(before, Math.floor(at / 1000)), note)
  const watched = await watchLog(evil, { front, witnesses, readsWitnesses: true, quorum: 2 })
  const now = Date.now()
  await inRounds(watched, async ({ round, open }) => {
    for (let minute = 0; minute < 4; minute++) {
      const at = now + minute * MINUTE
      await grow(evil.honest, `entry of minute ${minute}`)
      front.lies.checkpoint = (honest) => cosigned(honest, at)
      for (const each of witnesses) {
        each.shows = each.cosign(evil.honest.log.head().checkpoint, Math.floor(at / 1000) + 20)
      }
      await round(at - 10 * MINUTE)
      expect(open()).toEqual(["ATTESTED own-clock"])
    }
    // The clock is set.
    await grow(evil.honest, "the last one")
    const at = now + 5 * MINUTE
    front.lies.checkpoint = (honest) => cosigned(honest, at)
    await round(at)
    expect(open()).toEqual([])
  })
  await watched.expectTold({ kind: "own-clock", grade: "ATTESTED" })
})
