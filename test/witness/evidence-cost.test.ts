// What evidence costs a witness: signatures are verified last, by keys of its own logs only, and once for each text.
import { describe, expect, test } from "vitest"
import { Trouble } from "../../src/core/base/errors.ts"
import { formatNote, formatVkey, parseNote, type Vkey } from "../../src/core/note/note.ts"
import { asHash } from "../../src/core/tree/hash.ts"
import { formatEvidence, NEWEST, orderWitnesses } from "../../src/evidence/format.ts"
import { makeFork } from "../../src/evidence/head-evidence.ts"
import { testSigner } from "../signers.ts"
import { holds, startWitness } from "./running-witness.ts"
import { createTestLog } from "./test-log.ts"

const log = createTestLog()
const forked = createTestLog({ forkedAt: 1 })
const stranger = createTestLog({ origin: "other.example", seed: 9 })

const bare = { format: NEWEST, witnesses: [], hashes: [], places: [] } as const

/** A witness that counts what it verifies, and whose keys it does it for. */
async function counting(fails: () => boolean = () => false) {
  const asked: Vkey[] = []
  const { witness } = await startWitness({
    async holdsElsewhere(vkey, text, signature) {
      asked.push(vkey)
      if (fails()) throw new Trouble("busy", "the thread failed")
      return holds(vkey, text, signature)
    },
  })
  return { witness, asked }
}

/** The note of one head with the signature of another. */
function forgedNote(size: number): string {
  const { signatures } = parseNote(log.note(3))
  return formatNote(forked.text(size), signatures)
}

function forgedFork(size: number): string {
  const old = log.note(size)
  const [a, b] = [old, forgedNote(size)].sort((one, other) => {
    const root = (note: string) => Buffer.from(note.split("\n")[2] ?? "", "base64")
    return Buffer.compare(root(one), root(other))
  })
  return formatEvidence({ ...bare, kind: "fork", key: log.vkey, old: a, new: b })
}

/** A case that rests on 16 clocks of the maker's own, each of ML-DSA-44. */
function sixteenClocks(): string {
  const made = Array.from({ length: 16 }, (_, i) => testSigner(`maker.example/${i}`, 6, i + 20))
  const witnesses = orderWitnesses(made.map(({ vkey }) => vkey))
  const text = log.text(5)
  const forged = { name: "maker.example", keyId: 0, signature: new Uint8Array(2428).fill(1, 7) }
  const lines = witnesses.map(({ name, keyId }) => ({ ...forged, name, keyId }))
  return formatEvidence({
    ...{ ...bare, kind: "time", key: log.vkey, witnesses },
    note: formatNote(text, [log.line(text), ...lines]),
    places: [{ index: 0, body: new Uint8Array([1]), path: [asHash(new Uint8Array(32))] }],
  })
}

describe("evidence costs no verification", () => {
  test.each([
    [
      "against a log that is not cosigned here",
      makeFork(
        stranger.vkey,
        stranger.note(5),
        createTestLog({ origin: "other.example", seed: 9, forkedAt: 1 }).note(5),
      ).text,
      "untrusted",
    ],
    ["if it rests on the clocks of witnesses", sixteenClocks(), "not-allowed"],
    [
      "if its heads are the same",
      formatEvidence({ ...bare, kind: "fork", key: log.vkey, old: log.note(5), new: log.note(5) }),
      "bad-proof",
    ],
    [
      "if there is no proof between its heads",
      formatEvidence({ ...bare, kind: "fork", key: log.vkey, old: log.note(5), new: log.note(6) }),
      "bad-proof",
    ],
    [
      "if it is of a kind that freezes no log",
      formatEvidence({ ...bare, kind: "unexpected-entry", key: log.vkey, note: log.note(5) }),
      "not-allowed",
    ],
    ["if it is no evidence", "tlog-evidence/v2\n", "malformed"],
  ])("%s", async (_, text, code) => {
    const { witness, asked } = await counting()
    await expect(witness.takeEvidence(text)).rejects.toMatchObject({ code })
    expect(asked).toEqual([])
    expect(await witness.evidence()).toEqual([])
  })
})

describe("evidence that is forged", () => {
  test("costs a verification a head under the log's own key, and none when it comes again", async () => {
    const { witness, asked } = await counting()
    for (let i = 0; i < 10; i++) {
      await expect(witness.takeEvidence(forgedFork(5))).rejects.toMatchObject({
        code: "bad-signature",
      })
    }
    expect(asked.length).toBeLessThanOrEqual(2)
    expect(new Set(asked.map(formatVkey))).toEqual(new Set([formatVkey(log.vkey)]))
  })

  test("keeps out nothing that holds, whatever came before", async () => {
    const { witness } = await counting()
    for (let size = 2; size < 100; size++) {
      await expect(witness.takeEvidence(forgedFork(size))).rejects.toMatchObject({
        code: "bad-signature",
      })
    }
    const fork = makeFork(log.vkey, log.note(5), forked.note(5))
    expect(await witness.takeEvidence(fork.text)).toMatchObject({ id: fork.id })
    expect(witness.status().logs[0]?.frozen).toMatchObject({ cause: "proven", evidence: fork.id })
  })
})

test("evidence that could not be verified for a moment is verified when it comes again", async () => {
  let isFailing = true
  const { witness } = await counting(() => isFailing)
  const fork = makeFork(log.vkey, log.note(5), forked.note(5))
  await expect(witness.takeEvidence(fork.text)).rejects.toMatchObject({ code: "busy" })
  isFailing = false
  expect(await witness.takeEvidence(fork.text)).toMatchObject({ id: fork.id })
})

test("the same evidence at once is verified once", async () => {
  const { witness, asked } = await counting()
  const fork = makeFork(log.vkey, log.note(5), forked.note(5))
  await Promise.all(Array.from({ length: 20 }, () => witness.takeEvidence(fork.text)))
  expect(asked).toHaveLength(2)
  expect(await witness.evidence()).toHaveLength(1)
})
