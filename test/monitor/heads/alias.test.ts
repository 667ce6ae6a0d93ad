// Heads under `ORIGIN - TREEID`, as clients of Rekor v1 see them: of one tree with those under the bare name.
import { describe, expect, test } from "vitest"
import { verifyEvidence } from "../../../src/evidence/verification.ts"
import { pending } from "../../../src/monitor/heads/pending.ts"
import { ecdsaLog } from "../../evidence/made-cases.ts"
import {
  forkedAt,
  HOUR,
  headOf,
  honest,
  logKey,
  MINUTE,
  monitorAt,
  ORIGIN,
  signedNote,
  summaryOf,
} from "./judged-log.ts"

const rekorKey = ecdsaLog(ORIGIN)
/** The keys of a policy as `countersign keys --format policy` writes it. */
const logKeys = [logKey, rekorKey]
const bare = (size: number, branch = honest) =>
  signedNote(headOf(branch, size), [{ by: logKey }, { by: rekorKey }])
const alias = (size: number, branch = honest, id = "123") =>
  signedNote(headOf(branch, size), [{ by: rekorKey }], { origin: `${ORIGIN} - ${id}` })

describe("a head under another name of the log", () => {
  test("is nothing while it is of the tree, wherever it is seen", async () => {
    const monitor = monitorAt(8, { logKeys })
    await monitor.see("log", 0, bare(8))
    for (const vantage of ["rekor-v1", "verifier"] as const) {
      for (const size of [1, 5, 8]) expect(await monitor.see(vantage, 1, alias(size))).toEqual([])
    }
  })

  for (const size of [3, 4, 8]) {
    test(`is a fork that is proven at size ${size}, by the key that signs both names`, async () => {
      const monitor = monitorAt(8, { logKeys })
      await monitor.see("log", 0, bare(8))
      const found = await monitor.see("rekor-v1", 1, alias(size, forkedAt(1)))
      expect(summaryOf(found)).toEqual(["fork PROVEN"])
      const text = found[0]?.evidence?.text ?? ""
      expect(verifyEvidence(text, rekorKey.vkey)).toMatchObject({
        kind: "fork",
        effect: "convicts",
        freezes: true,
      })
    })
  }

  test("is proven as soon as the tree reaches it", async () => {
    const monitor = monitorAt(4, { logKeys })
    await monitor.see("log", 0, bare(4))
    expect(await monitor.see("verifier", 1, alias(6, forkedAt(1)))).toEqual([])
    await monitor.see("log", 2, bare(8))
    expect(summaryOf(await monitor.grow(8, 3))).toEqual(["fork PROVEN"])
  })

  test("is no anchor of its own: only the bare name convicts another tree", async () => {
    const monitor = monitorAt(8, { logKeys })
    await monitor.see("log", 0, signedNote(headOf(honest, 8), [{ by: logKey }]))
    await monitor.see("rekor-v1", 0, alias(8))
    const found = await monitor.see("rekor-v1", 1, alias(8, forkedAt(1)))
    expect(summaryOf(found)).toEqual(["fork ATTESTED"])
  })

  test("under two tree IDs is key-misuse, which is proven with the bare name", async () => {
    const monitor = monitorAt(8, { logKeys })
    await monitor.see("log", 0, bare(8))
    expect(await monitor.see("rekor-v1", 1, alias(8, honest, "1"))).toEqual([])
    const found = await monitor.see("verifier", 2, alias(5, honest, "2"))
    expect(summaryOf(found)).toEqual(["key-misuse PROVEN"])
    const verified = verifyEvidence(found[0]?.evidence?.text ?? "", rekorKey.vkey)
    expect(verified).toMatchObject({ effect: "convicts", freezes: false })
  })

  test("under two tree IDs is nothing of a key that never signs the bare name, as Rekor v1 with two trees", async () => {
    const monitor = monitorAt(8, { logKeys })
    await monitor.see("log", 0, signedNote(headOf(honest, 8), [{ by: logKey }]))
    await monitor.see("rekor-v1", 1, alias(8, honest, "1"))
    expect(await monitor.see("verifier", 2, alias(5, honest, "2"))).toEqual([])
  })

  test("may run ahead for hours while the log waits for witnesses, and is told of after a day", async () => {
    const monitor = monitorAt(8, { logKeys })
    await monitor.see("log", 0, bare(8))
    for (let minute = 1; minute < 200; minute++) {
      await monitor.see("rekor-v1", minute * MINUTE, alias(8 + minute))
    }
    // They leave room for what verifiers post.
    expect(monitor.documents.list(pending).length).toBeLessThanOrEqual(8)
    expect(summaryOf(await monitor.grow(8, 4 * HOUR))).toEqual([])
    expect(summaryOf(await monitor.grow(8, 25 * HOUR))).toEqual(["unreconciled-head ATTESTED"])
    expect(summaryOf(await monitor.grow(300, 26 * HOUR))).toEqual([])
  })

  test("by a key that is no key of this log accuses nobody", async () => {
    const monitor = monitorAt(8, { logKeys: [logKey] })
    await monitor.see("log", 0, bare(8))
    expect(await monitor.see("rekor-v1", 1, alias(8, forkedAt(1)))).toEqual([])
    expect(await monitor.see("rekor-v1", 2, "no head")).toEqual([])
    expect(await monitor.see("verifier", 3, alias(8, forkedAt(1)))).toEqual([])
  })
})
