// A log that is proven to lie, and a witness that has forgotten what it signed: both end the cosigning.
import { describe, expect, test } from "vitest"
import { formatAddCheckpoint } from "../../src/core/note/add-checkpoint.ts"
import { formatCheckpoint } from "../../src/core/note/checkpoint.ts"
import { formatNote, makeVkey, parseNote, type SignatureRule } from "../../src/core/note/note.ts"
import { asHash } from "../../src/core/tree/hash.ts"
import type { Evidence } from "../../src/evidence/evidence.ts"
import { formatEvidence, parseEvidence } from "../../src/evidence/format.ts"
import { makeFork, makeKeyMisuse, makeWitnessRollback } from "../../src/evidence/head-evidence.ts"
import { evidenceId, verifyEvidence } from "../../src/evidence/verification.ts"
import type { WitnessStore } from "../../src/witness/store.ts"
import type { Witness } from "../../src/witness/witness.ts"
import { testSigner } from "../signers.ts"
import { createMemoryWitnessStore } from "../storage/memory/witness-store.ts"
import { holds, startTime, startWitness, storeAt } from "./running-witness.ts"
import { createTestLog, testCosigner } from "./test-log.ts"

const log = createTestLog()
/** The other side: the same log with another entry 1. */
const forked = createTestLog({ forkedAt: 1 })
const stranger = createTestLog({ origin: "other.example", seed: 9 })

async function codeOf(witness: Witness, body: Uint8Array): Promise<string | undefined> {
  return await witness.addCheckpoint(body).then(
    () => "cosigned",
    (reason: unknown) => (reason as { code?: string }).code,
  )
}

/** The fork's request with a proof between the fork's own heads, as a log that lies would send it. */
function forkedRequest(oldSize: number, size: number): Uint8Array {
  return forked.request(oldSize, size)
}

function signedHead(size: number, rootSize: number): string {
  const text = formatCheckpoint(log.origin, { size, root: log.root(rootSize) })
  return formatNote(text, [log.line(text)])
}

describe("a fork", () => {
  test.each<readonly [name: string, code: string, body: Uint8Array]>([
    ["the same size with another root", "bad-proof", forkedRequest(6, 6)],
    ["the same with another old size", "conflict", forkedRequest(2, 6)],
    ["a proof from another old root", "bad-proof", forkedRequest(6, 9)],
    [
      "the same root at another size",
      "bad-proof",
      formatAddCheckpoint({ oldSize: 6, proof: [], note: signedHead(7, 6) }),
    ],
    [
      "the same root at a smaller size",
      "conflict",
      formatAddCheckpoint({ oldSize: 5, proof: [], note: signedHead(5, 6) }),
    ],
    [
      "a wrong empty root",
      "mismatch",
      formatAddCheckpoint({ oldSize: 0, proof: [], note: signedHead(0, 6) }),
    ],
    [
      "the same size with another root and extension lines",
      "bad-proof",
      (() => {
        const text = `${forked.text(6)}more\n`
        return formatAddCheckpoint({
          oldSize: 6,
          proof: [],
          note: formatNote(text, [forked.line(text)]),
        })
      })(),
    ],
  ])("freezes the log with evidence that convicts its key: %s", async (_, code, body) => {
    const told: string[] = []
    const { witness, store } = await startWitness({
      onEvidence: (origin, { id }) => told.push(`${origin} ${id}`),
    })
    await witness.addCheckpoint(log.request(0, 6))
    const shown = witness.checkpoint(log.origin)
    expect(await codeOf(witness, body)).toBe(code)
    const [kept] = await witness.evidence()
    const text = kept?.evidence.text ?? ""
    const verified = verifyEvidence(text, log.vkey)
    expect(verified).toMatchObject({ kind: "fork", origin: log.origin, freezes: true })
    expect(told).toEqual([`${log.origin} ${verified.id}`])
    expect(await store.freezes()).toEqual([
      { origin: log.origin, cause: "proven", evidence: verified.id },
    ])
    // The honest side is refused as well, with the reason; what was given out stays to be read.
    for (const next of [log.request(6, 9), log.request(6, 6), log.request(2, 6)]) {
      await expect(witness.addCheckpoint(next)).rejects.toMatchObject({
        code: "mismatch",
        message: expect.stringContaining(verified.id),
      })
    }
    expect(witness.checkpoint(log.origin)).toBe(shown)
    expect(witness.status().logs[0]).toMatchObject({ size: 6, frozen: { cause: "proven" } })
  })

  test("is proven by the empty tree's root at another size, which is never cosigned", async () => {
    const { witness } = await startWitness()
    const text = formatCheckpoint(log.origin, { size: 5, root: log.root(0) })
    const note = formatNote(text, [log.line(text)])
    const body = formatAddCheckpoint({ oldSize: 0, proof: [], note })
    expect(await codeOf(witness, body)).toBe("mismatch")
    expect(witness.status().logs[0]?.frozen).toBeUndefined()
    await witness.addCheckpoint(log.request(0, 0))
    expect(await codeOf(witness, body)).toBe("mismatch")
    expect(await witness.evidence()).toMatchObject([{ evidence: { kind: "fork" } }])
    expect(witness.status().logs[0]?.frozen).toMatchObject({ cause: "proven" })
  })

  test("stays frozen over a restart, and is not cosigned again at the start", async () => {
    const { witness, store } = await startWitness()
    await witness.addCheckpoint(log.request(0, 6))
    await codeOf(witness, forkedRequest(6, 6))
    const again = await startWitness({ store }, { time: startTime + 60 })
    expect(await codeOf(again.witness, log.request(6, 9))).toBe("mismatch")
    expect(again.witness.checkpoint(log.origin)).toBeUndefined()
    expect(again.witness.status().logs[0]).toMatchObject({ time: startTime })
  })

  test("is refused without a freeze if told so; its evidence is kept once", async () => {
    const { witness } = await startWitness({ freezeOnFork: false })
    await witness.addCheckpoint(log.request(0, 6))
    for (let i = 0; i < 3; i++) expect(await codeOf(witness, forkedRequest(6, 6))).toBe("bad-proof")
    expect(await witness.evidence()).toHaveLength(1)
    expect(await codeOf(witness, log.request(6, 9))).toBe("cosigned")
  })

  test("is not proven by what an honest log may have signed", async () => {
    const { witness } = await startWitness()
    await witness.addCheckpoint(log.request(0, 6))
    const proofs = [[], log.proof(4, 9), forked.proof(6, 9), [...log.proof(6, 9), log.root(1)]]
    for (const proof of proofs) {
      const body = formatAddCheckpoint({ oldSize: 6, proof, note: log.note(9) })
      expect(await codeOf(witness, body)).toBe("bad-proof")
    }
    await codeOf(witness, log.request(0, 3))
    await codeOf(witness, log.request(3, 6))
    expect(await witness.evidence()).toEqual([])
    expect(await codeOf(witness, log.request(6, 9))).toBe("cosigned")
  })

  test("cannot be proven against a power of two, where the proof leaves the old root out", async () => {
    const { witness } = await startWitness()
    await witness.addCheckpoint(log.request(0, 4))
    expect(await codeOf(witness, forkedRequest(4, 9))).toBe("bad-proof")
    expect(await witness.evidence()).toEqual([])
  })

  test("that arrives together with the head it contradicts leaves neither cosigned", async () => {
    const { witness } = await startWitness()
    const codes = await Promise.all([
      codeOf(witness, log.request(0, 6)),
      codeOf(witness, forkedRequest(0, 6)),
    ])
    expect(codes).toEqual(["mismatch", "conflict"])
    expect(witness.checkpoint(log.origin)).toBeUndefined()
    expect(witness.status().logs[0]).toMatchObject({ frozen: { cause: "proven" } })
  })
})

describe("takeEvidence()", () => {
  const fork = makeFork(log.vkey, log.note(6), forked.note(6))

  test("freezes a log on anyone's evidence, once", async () => {
    const { witness } = await startWitness()
    await witness.addCheckpoint(log.request(0, 9))
    expect(await witness.takeEvidence(fork.text)).toEqual({ id: fork.id, origins: [log.origin] })
    expect(await codeOf(witness, log.request(9, 9))).toBe("mismatch")
    await witness.takeEvidence(fork.text)
    expect(await witness.evidence()).toEqual([{ origin: log.origin, evidence: fork }])
  })

  test("takes key misuse", async () => {
    const { witness } = await startWitness()
    const text = formatCheckpoint("another.example", { size: 6, root: log.root(6) })
    const note = formatNote(text, [log.line(text)])
    const misuse = makeKeyMisuse(log.vkey, note, log.note(6))
    await witness.takeEvidence(misuse.text)
    expect(witness.status().logs[0]?.frozen).toMatchObject({ evidence: misuse.id })
  })

  test("takes no head under another origin alone: a log may have an origin that is not its key's name", async () => {
    const { witness } = await startWitness()
    const text = formatCheckpoint("another.example", { size: 6, root: log.root(6) })
    const misuse = makeKeyMisuse(log.vkey, formatNote(text, [log.line(text)]))
    await expect(witness.takeEvidence(misuse.text)).rejects.toMatchObject({ code: "not-allowed" })
    expect(witness.status().logs[0]?.frozen).toBeUndefined()
  })

  test("refuses evidence against the log's key under another name", async () => {
    const { witness } = await startWitness()
    const { name, keyId, ...renamed } = makeVkey("else.example", 1, log.vkey.publicKey)
    const [line] = parseNote(log.note(6)).signatures
    const signature = line?.signature ?? new Uint8Array()
    const note = formatNote(log.text(6), [{ name, keyId, signature }])
    const misuse = makeKeyMisuse({ name, keyId, ...renamed }, note)
    await expect(witness.takeEvidence(misuse.text)).rejects.toMatchObject({ code: "untrusted" })
    expect(witness.status().logs[0]?.frozen).toBeUndefined()
  })

  test("refuses evidence against a log that it does not cosign", async () => {
    const { witness } = await startWitness()
    const [a, b] = [stranger, createTestLog({ origin: "other.example", seed: 9, forkedAt: 0 })]
    const other = makeFork(stranger.vkey, a.note(6), b.note(6))
    await expect(witness.takeEvidence(other.text)).rejects.toMatchObject({ code: "untrusted" })
    expect(await witness.evidence()).toEqual([])
  })

  test("refuses evidence that does not convict a log, though it holds", async () => {
    const key = testSigner("witness.example/w9", 4, 50)
    const cosigned = (size: number, time: number) => {
      const head = { origin: log.origin, size, root: log.root(size) }
      return formatNote(log.text(size), [key.sign(log.text(size), head, time)])
    }
    const rollback = makeWitnessRollback(key.vkey, cosigned(6, 5), cosigned(4, 9))
    const { witness } = await startWitness({ logs: [{ origin: log.origin, vkeys: [key.vkey] }] })
    await expect(witness.takeEvidence(rollback.text)).rejects.toMatchObject({ code: "not-allowed" })
    expect(witness.status().logs[0]?.frozen).toBeUndefined()
  })

  test("refuses evidence that does not hold", async () => {
    const { witness } = await startWitness()
    const end = fork.text.slice(0, -12)
    await expect(witness.takeEvidence(`${end}AAAAAAAAAAA\n`)).rejects.toMatchObject({
      name: "Refusal",
    })
    await expect(witness.takeEvidence("")).rejects.toMatchObject({ code: "malformed" })
    expect(witness.status().logs[0]?.frozen).toBeUndefined()
  })

  test("verifies no signature again of what it keeps, and none of another log's evidence", async () => {
    let verified = 0
    const counted: SignatureRule = (...asked) => {
      verified += 1
      return holds(...asked)
    }
    const { witness } = await startWitness({ holds: counted })
    await witness.takeEvidence(fork.text)
    expect(verified).toBe(2)
    await witness.takeEvidence(fork.text)
    const other = createTestLog({ origin: "other.example", seed: 9, forkedAt: 0 })
    const foreign = makeFork(stranger.vkey, stranger.note(6), other.note(6))
    await expect(witness.takeEvidence(foreign.text)).rejects.toMatchObject({ code: "untrusted" })
    expect(verified).toBe(2)
  })

  test("answers the same evidence a second time no sooner than it is durable", async () => {
    const inner = createMemoryWitnessStore()
    const gate: { open?: () => void } = {}
    const store: WitnessStore = {
      ...inner,
      async convict(...asked) {
        await new Promise<void>((resolve) => Object.assign(gate, { open: resolve }))
        await inner.convict(...asked)
      },
    }
    const { witness } = await startWitness({ store })
    const answers: number[] = []
    const both = [1, 2].map((i) => witness.takeEvidence(fork.text).then(() => void answers.push(i)))
    await new Promise((resolve) => setImmediate(resolve))
    expect(answers).toEqual([])
    gate.open?.()
    await Promise.all(both)
    expect(await inner.evidence()).toHaveLength(1)
  })

  test("does not freeze if told so", async () => {
    const { witness } = await startWitness({ freezeOnFork: false })
    await witness.takeEvidence(fork.text)
    expect(await witness.evidence()).toHaveLength(1)
    expect(await codeOf(witness, log.request(0, 6))).toBe("cosigned")
  })
})

describe("a log that an operator has set free", () => {
  const forkAt = (size: number) => makeFork(log.vkey, log.note(size), forked.note(size))

  test("is cosigned again; the same evidence freezes it no more, other does", async () => {
    const { witness, store } = await startWitness()
    await witness.addCheckpoint(log.request(0, 6))
    await witness.takeEvidence(forkAt(6).text)
    await store.unfreeze(log.origin)
    const again = await startWitness({ store })
    await again.witness.takeEvidence(forkAt(6).text)
    expect(await codeOf(again.witness, log.request(6, 9))).toBe("cosigned")
    await again.witness.takeEvidence(forkAt(7).text)
    expect(await codeOf(again.witness, log.request(9, 9))).toBe("mismatch")
  })

  test("is not frozen again by the same case in the first form, nor by the newest form of what was kept in the first", async () => {
    const inFirstForm = ({ kind, text: newest }: Evidence): Evidence => {
      const text = formatEvidence({ ...parseEvidence(newest), format: "tlog-evidence/v1" })
      return { id: evidenceId(text), kind, text }
    }
    const { witness, store } = await startWitness()
    await witness.addCheckpoint(log.request(0, 6))
    expect(await witness.takeEvidence(inFirstForm(forkAt(6)).text)).toMatchObject({
      id: forkAt(6).id,
    })
    expect(await witness.evidence()).toMatchObject([{ evidence: { text: forkAt(6).text } }])
    // As an earlier version has kept it.
    await store.convict(log.origin, inFirstForm(forkAt(5)), true)
    await store.unfreeze(log.origin)
    const again = await startWitness({ store })
    for (const known of [forkAt(6), forkAt(5)].flatMap((fork) => [fork, inFirstForm(fork)])) {
      await again.witness.takeEvidence(known.text)
    }
    expect(await codeOf(again.witness, log.request(6, 9))).toBe("cosigned")
  })

  test("is frozen by other evidence however much is kept, and that is kept as well", async () => {
    const { witness, store } = await startWitness()
    for (let size = 2; size < 18; size++) await witness.takeEvidence(forkAt(size).text)
    await expect(witness.takeEvidence(forkAt(18).text)).rejects.toMatchObject({
      code: "not-allowed",
    })
    expect(await witness.evidence()).toHaveLength(16)
    await store.unfreeze(log.origin)
    const again = await startWitness({ store })
    await again.witness.takeEvidence(forkAt(18).text)
    expect(again.witness.status().logs[0]?.frozen).toMatchObject({ evidence: forkAt(18).id })
    expect(await again.witness.evidence()).toHaveLength(17)
    await store.unfreeze(log.origin)
    const third = await startWitness({ store })
    await third.witness.takeEvidence(forkAt(18).text)
    expect(third.witness.status().logs[0]?.frozen).toBeUndefined()
  })
})

describe("a witness that was rolled back", () => {
  const own = testSigner("witness.example/w1", 4, 2)

  /** A note of the log with the witness's own line, as the log would send it. */
  function cosigned(size: number, time: number, from = log): string {
    const head = { origin: log.origin, size, root: from.root(size) }
    return formatNote(from.text(size), [
      from.line(from.text(size)),
      own.sign(from.text(size), head, time),
    ])
  }

  function sent(oldSize: number, size: number, note: string): Uint8Array {
    return formatAddCheckpoint({ oldSize, proof: log.proof(oldSize, size), note })
  }

  test.each<readonly [name: string, size: number, time: number]>([
    ["a larger size", 9, startTime - 50],
    ["the same size at a later time", 6, startTime + 1],
    ["a smaller size at a later time", 4, startTime + 1],
  ])("stops for the log when it meets its own line on %s", async (_, size, time) => {
    const { witness, store } = await startWitness()
    await witness.addCheckpoint(log.request(0, 6))
    const note = cosigned(size, time)
    expect(await codeOf(witness, sent(Math.min(6, size), size, note))).toBe("mismatch")
    const frozen = { origin: log.origin, cause: "rolled-back", note }
    expect(await store.freezes()).toEqual([frozen])
    expect(witness.status().logs[0]?.frozen).toEqual(frozen)
    expect(await codeOf(witness, log.request(6, 7))).toBe("mismatch")
    await expect(store.unfreeze(log.origin)).rejects.toMatchObject({ code: "not-allowed" })
    const again = await startWitness({ store })
    expect(await codeOf(again.witness, log.request(6, 7))).toBe("mismatch")
  })

  test("stops, and the log is convicted, for its own line on another root", async () => {
    const { witness } = await startWitness()
    await witness.addCheckpoint(log.request(0, 6))
    await codeOf(witness, sent(6, 6, cosigned(6, startTime - 5, forked)))
    expect(witness.status().logs[0]?.frozen).toMatchObject({ cause: "rolled-back" })
    expect(await witness.evidence()).toMatchObject([{ evidence: { kind: "fork" } }])
  })

  test("stops for a log that it does not remember at all", async () => {
    const { witness } = await startWitness()
    expect(await codeOf(witness, sent(0, 6, cosigned(6, 1)))).toBe("mismatch")
    expect(witness.status().logs[0]).toMatchObject({ size: 0, frozen: { cause: "rolled-back" } })
  })

  test("goes on for its own lines on what it knows, for forged ones and for such without a time", async () => {
    const { witness } = await startWitness()
    await witness.addCheckpoint(log.request(0, 6))
    const forged = formatNote(log.text(9), [
      log.line(log.text(9)),
      { ...own.sign(log.text(8), { origin: log.origin, size: 8, root: log.root(8) }, startTime) },
    ])
    for (const note of [cosigned(6, startTime), cosigned(4, startTime - 9)]) {
      const size = note.includes("\n6\n") ? 6 : 4
      await codeOf(witness, sent(size, size, note))
    }
    expect(await codeOf(witness, sent(6, 9, forged))).toBe("cosigned")
    expect(await codeOf(witness, sent(9, 11, cosigned(11, 0)))).toBe("cosigned")
  })

  test("finds it in notes that others hold, before it cosigns anything at the start", async () => {
    const store = await storeAt(log, 6, startTime)
    const head = { origin: log.origin, size: 9, root: log.root(9) }
    const byOthers = formatNote(log.text(9), [own.sign(log.text(9), head, startTime)])
    const seen = ["no note", stranger.note(5), log.note(200), cosigned(5, startTime), byOthers]
    const { witness } = await startWitness({ store, seen }, { time: startTime + 60 })
    expect(witness.checkpoint(log.origin)).toBeUndefined()
    expect(witness.status().logs[0]).toMatchObject({
      time: startTime,
      frozen: { cause: "rolled-back", note: byOthers },
    })
  })

  test("starts with notes of others that it knows of", async () => {
    const store = await storeAt(log, 6, startTime)
    const seen = [cosigned(6, startTime), cosigned(3, startTime - 1), log.note(9)]
    const { witness } = await startWitness({ store, seen })
    expect(witness.checkpoint(log.origin)).toMatch(/^log\.example\/test\n6\n/)
  })

  test("takes lines of each of its keys into account", async () => {
    const store = await storeAt(log, 6, startTime)
    const second = testCosigner("witness.example/w1", 7)
    const cosigners = [testCosigner(), second]
    const other = testSigner("witness.example/w1", 4, 7)
    const head = { origin: log.origin, size: 9, root: log.root(9) }
    const seen = [formatNote(log.text(9), [other.sign(log.text(9), head, 5)])]
    const { witness } = await startWitness({ store, cosigners, seen })
    expect(witness.status().logs[0]?.frozen).toBeDefined()
  })
})

test("nothing of an attacker's is kept: evidence holds the lines of the convicted key only", async () => {
  const { witness } = await startWitness()
  await witness.addCheckpoint(log.request(0, 6))
  const junk = { name: "junk.example", keyId: 9, signature: new Uint8Array(500) }
  const note = formatNote(forked.text(6), [junk, forked.line(forked.text(6)), junk])
  await codeOf(witness, formatAddCheckpoint({ oldSize: 6, proof: [], note }))
  const [kept] = await witness.evidence()
  expect(kept?.evidence).toEqual(makeFork(log.vkey, log.note(6), forked.note(6)))
  expect(asHash(log.root(6))).not.toEqual(forked.root(6))
})
