// What the witness answers to each request, in the order of checks of C2SP tlog-witness.
import { describe, expect, test } from "vitest"
import { utf8 } from "../../src/core/base/bytes.ts"
import { formatAddCheckpoint } from "../../src/core/note/add-checkpoint.ts"
import { formatCheckpoint } from "../../src/core/note/checkpoint.ts"
import { formatNote, formatSignatureLine, makeVkey } from "../../src/core/note/note.ts"
import { asHash, EMPTY_ROOT, type Hash } from "../../src/core/tree/hash.ts"
import type { Cosigner } from "../../src/witness/cosigning.ts"
import { OldSizeConflict, type Witness } from "../../src/witness/witness.ts"
import { testSigner } from "../signers.ts"
import { holds, startTime, startWitness, timeOf } from "./running-witness.ts"
import { createTestLog, testCosigner } from "./test-log.ts"

const log = createTestLog()
const stranger = createTestLog({ origin: "other.example", seed: 9 })
const NO_HASH = asHash(new Uint8Array(32).fill(7))

function request(oldSize: number, note: string, proof: readonly Hash[] = []): Uint8Array {
  return formatAddCheckpoint({ oldSize, proof, note })
}

/** The log's signature over any text, as a note. */
function signed(text: string): string {
  return formatNote(text, [log.line(text)])
}

async function refusalOf(witness: Witness, body: Uint8Array): Promise<unknown> {
  return await witness.addCheckpoint(body).then(
    ({ lines }) => `cosigned: ${lines}`,
    (reason: unknown) => reason,
  )
}

/** A witness that holds size 5. */
async function atFive() {
  const running = await startWitness()
  await running.witness.addCheckpoint(log.request(0, 5))
  return running
}

const badLine = formatSignatureLine({ ...log.line("another text\n") })
const rootOfOther = createTestLog({ forkedAt: 0 }).root(9)
const wrongEmpty = signed(formatCheckpoint(log.origin, { size: 0, root: NO_HASH }))

describe("addCheckpoint() at size 5 refuses", () => {
  test.each<readonly [name: string, code: string, body: Uint8Array]>([
    ["what is no request", "malformed", utf8("old 5\n")],
    [
      "64 proof lines",
      "malformed",
      utf8(`old 5\n${`${"A".repeat(43)}=\n`.repeat(64)}\n${log.note(9)}`),
    ],
    ["a log that it does not know", "not-found", request(5, stranger.note(9))],
    [
      "a log that it does not know, before it looks at the note",
      "not-found",
      request(99, `${stranger.text(9)}no signatures\n`),
    ],
    ["an origin with a space behind it", "not-found", request(5, `${log.origin} \n9\n`)],
    ["a note without signatures", "malformed", request(5, log.text(9))],
    ["a note that ends early", "malformed", request(5, log.note(9).slice(0, -1))],
    [
      "a note with a carriage return",
      "malformed",
      request(5, log.note(9).replace("\n9\n", "\n9\r\n")),
    ],
    ["a note with 101 signatures", "malformed", request(5, log.note(9) + badLine.repeat(100))],
    [
      "a line with a short key ID",
      "malformed",
      request(5, `${log.text(9)}\n— ${log.origin} AAAA\n`),
    ],
    ["base64 without padding", "malformed", request(5, log.note(9).replace(/=\n$/, "\n"))],
    [
      "no line of the log's key",
      "untrusted",
      request(5, formatNote(log.text(9), [{ ...log.line(log.text(9)), name: "other.example" }])),
    ],
    [
      "the log's name with another key ID",
      "untrusted",
      request(5, formatNote(log.text(9), [{ ...log.line(log.text(9)), keyId: 1 }])),
    ],
    ["a line that does not hold", "bad-signature", request(5, `${log.text(9)}\n${badLine}`)],
    [
      "a line that does not hold before one that does",
      "bad-signature",
      request(5, `${log.text(9)}\n${badLine}${log.note(9).split("\n\n")[1]}`),
    ],
    [
      "a wrong signature under a broken checkpoint",
      "bad-signature",
      request(5, `${log.origin}\nnine\n\n${badLine}`),
    ],
    ["a checkpoint without a root", "malformed", request(5, signed(`${log.origin}\n9\n`))],
    [
      "a size with a leading zero",
      "malformed",
      request(5, signed(log.text(9).replace("\n9", "\n09"))),
    ],
    ["a size of 2^53", "malformed", request(5, signed(log.text(9).replace("\n9", `\n${2 ** 53}`)))],
    [
      "a root of 31 bytes",
      "malformed",
      request(5, signed(`${log.origin}\n9\n${"A".repeat(40)}\n`)),
    ],
    [
      "extension lines of a tree that does not follow",
      "bad-proof",
      request(5, signed(`${log.text(9)}more\n`)),
    ],
    [
      "extension lines and an empty one",
      "malformed",
      request(5, signed(`${log.text(9)}more\n\nand more\n`)),
    ],
    ["an old size above the new one", "malformed", request(10, log.note(9))],
    ["an old size above the new one, whatever it holds", "malformed", request(6, log.note(4))],
    ["an old size below its own", "conflict", log.request(4, 9)],
    ["an old size above its own", "conflict", log.request(6, 9)],
    ["old size 0", "conflict", request(0, log.note(9), [NO_HASH])],
    ["an old checkpoint", "conflict", request(3, log.note(4), log.proof(3, 4))],
    ["no proof", "bad-proof", request(5, log.note(9))],
    ["a proof with a hash too few", "bad-proof", request(5, log.note(9), log.proof(5, 9).slice(1))],
    [
      "a proof with a hash too many",
      "bad-proof",
      request(5, log.note(9), [...log.proof(5, 9), NO_HASH]),
    ],
    ["a proof from elsewhere", "bad-proof", request(5, log.note(9), log.proof(3, 9))],
    [
      "a proof with another root",
      "bad-proof",
      request(
        5,
        signed(
          formatCheckpoint(log.origin, {
            size: 9,
            root: rootOfOther,
          }),
        ),
        log.proof(5, 9),
      ),
    ],
    ["a proof to its own size", "bad-proof", request(5, log.note(5), [NO_HASH])],
  ])("%s: %s", async (_, code, body) => {
    const { witness } = await atFive()
    expect(await refusalOf(witness, body)).toMatchObject({ name: "Refusal", code })
    expect(witness.status().logs[0]).toMatchObject({ size: 5, time: startTime })
    const { lines } = await witness.addCheckpoint(log.request(5, 9))
    expect(timeOf(log.text(9), lines)).toBe(startTime)
  })

  test("a wrong empty root before it looks at the old size", async () => {
    const { witness } = await startWitness({ freezeOnFork: false })
    await witness.addCheckpoint(log.request(0, 5))
    expect(await refusalOf(witness, request(0, wrongEmpty))).toMatchObject({ code: "mismatch" })
  })

  test("with the size that it holds, as a number for the answer", async () => {
    const { witness } = await atFive()
    const conflict = await refusalOf(witness, log.request(4, 9))
    expect(conflict).toBeInstanceOf(OldSizeConflict)
    expect(conflict).toMatchObject({ size: 5 })
  })
})

describe("addCheckpoint() to a log that was never cosigned", () => {
  test("takes old size 0 only, and answers any other with 0", async () => {
    const { witness } = await startWitness()
    expect(await refusalOf(witness, log.request(4, 9))).toMatchObject({ code: "conflict", size: 0 })
    expect(await refusalOf(witness, request(9, log.note(9)))).toMatchObject({ size: 0 })
    expect(witness.checkpoint(log.origin)).toBeUndefined()
    await witness.addCheckpoint(log.request(0, 9))
    expect(witness.status().logs[0]).toMatchObject({ size: 9 })
  })

  test("refuses a proof from size 0", async () => {
    const { witness } = await startWitness()
    const body = request(0, log.note(9), [NO_HASH])
    expect(await refusalOf(witness, body)).toMatchObject({ code: "bad-proof" })
  })

  test("cosigns the empty tree, and goes on from there without a proof", async () => {
    const { witness } = await startWitness()
    const empty = await witness.addCheckpoint(log.request(0, 0))
    expect(timeOf(log.text(0), empty.lines)).toBe(startTime)
    expect(log.root(0)).toEqual(EMPTY_ROOT)
    await witness.addCheckpoint(log.request(0, 7))
    expect(await refusalOf(witness, log.request(0, 7))).toMatchObject({ size: 7 })
  })

  test("refuses an empty tree with another root", async () => {
    const { witness } = await startWitness()
    expect(await refusalOf(witness, request(0, wrongEmpty))).toMatchObject({ code: "mismatch" })
  })
})

describe("addCheckpoint()", () => {
  test("answers with a line that holds over the checkpoint, and nothing else", async () => {
    const { witness } = await startWitness()
    for (const [from, to] of [
      [0, 1],
      [1, 2],
      [2, 5],
      [5, 8],
      [8, 200],
    ] as const) {
      const { lines } = await witness.addCheckpoint(log.request(from, to))
      expect(lines).toMatch(/^— witness\.example\/w1 [A-Za-z0-9+/]{102}==\n$/)
      expect(timeOf(log.text(to), lines)).toBe(startTime)
    }
  })

  test("ignores lines of other keys, whatever they hold", async () => {
    const { witness } = await startWitness()
    const other = { name: "other.example", keyId: 5, signature: new Uint8Array(2_420) }
    const sameName = { name: log.origin, keyId: 5, signature: new Uint8Array(64) }
    const note = formatNote(log.text(4), [other, log.line(log.text(4)), sameName, other])
    await witness.addCheckpoint(request(0, note))
    const kept = witness.checkpoint(log.origin) as string
    expect(kept.startsWith(log.note(4))).toBe(true)
    expect(kept.split("\n— ")).toHaveLength(3)
  })

  test("never keeps a line that pretends to be its own", async () => {
    const { witness } = await startWitness()
    const { vkey } = testCosigner()
    const forged = { name: vkey.name, keyId: vkey.keyId, signature: new Uint8Array(72) }
    const note = formatNote(log.text(4), [forged, log.line(log.text(4)), forged])
    const { lines } = await witness.addCheckpoint(request(0, note))
    expect(witness.checkpoint(log.origin)).toBe(log.note(4) + lines)
    await witness.addCheckpoint(log.request(4, 6))
    expect(witness.status().logs[0]?.frozen).toBeUndefined()
  })

  test("verifies one line of each of its keys, however many there are", async () => {
    let verified = 0
    const own = testCosigner()
    const { witness } = await startWitness({
      holds: (...asked) => {
        verified += 1
        return holds(...asked)
      },
    })
    const forged = {
      name: own.vkey.name,
      keyId: own.vkey.keyId,
      signature: new Uint8Array(72).fill(1, 7),
    }
    const lines = Array.from({ length: 99 }, () => forged)
    await witness.addCheckpoint(
      request(0, formatNote(log.text(4), [log.line(log.text(4)), ...lines])),
    )
    expect(verified).toBe(2)
  })

  test("signs the same size again at a newer time, and the same line within a second", async () => {
    const { witness, clock } = await atFive()
    const first = await witness.addCheckpoint(log.request(5, 5))
    expect(await witness.addCheckpoint(log.request(5, 5))).toEqual(first)
    clock.time += 90
    const { lines } = await witness.addCheckpoint(log.request(5, 5))
    expect(timeOf(log.text(5), lines)).toBe(startTime + 90)
    expect(witness.checkpoint(log.origin)).toBe(log.note(5) + lines)
    expect(witness.status().logs[0]?.time).toBe(startTime + 90)
  })

  test("reads a signature line whose base64 has bits left over, as other witnesses do", async () => {
    const { witness } = await startWitness()
    // The line of an Ed25519 key has 68 bytes: one "=" and two bits that mean nothing.
    const [text = "", line = ""] = log.note(4).split(/(?<=\n\n)/)
    const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    const digit = alphabet.indexOf(line.at(-3) as string)
    const spelt = `${line.slice(0, -3)}${alphabet[digit + 3]}=\n`
    expect(spelt).not.toBe(line)
    const { lines } = await witness.addCheckpoint(request(0, text + spelt))
    expect(witness.checkpoint(log.origin)).toBe(log.note(4) + lines)
  })

  test("takes a log's keys of types 4 and 6, needs one of them only, and keeps the lines of all", async () => {
    const named = { origin: log.origin, size: 4, root: log.root(4) }
    for (const type of [4, 6] as const) {
      const signer = testSigner(log.origin, type, 40)
      const vkeys = [log.vkey, signer.vkey]
      const { witness } = await startWitness({ logs: [{ origin: log.origin, vkeys }] })
      const note = formatNote(log.text(4), [signer.sign(log.text(4), named, 55)])
      await witness.addCheckpoint(request(0, note))
      // The other key's line is added when it comes, and no line is lost again.
      await witness.addCheckpoint(request(4, log.note(4)))
      const { lines } = await witness.addCheckpoint(request(4, note))
      const both = [log.line(log.text(4)), signer.sign(log.text(4), named, 55)]
      expect(witness.checkpoint(log.origin)).toBe(formatNote(log.text(4), both) + lines)
    }
  })

  test("shows the newest checkpoint, also if an older one is signed later", async () => {
    const good = testCosigner()
    const gate: { open?: () => void } = {}
    const cosigner: Cosigner = {
      vkey: good.vkey,
      async sign(time, text, head) {
        if (head.size === 3)
          await new Promise<void>((resolve) => Object.assign(gate, { open: resolve }))
        return await good.sign(time, text, head)
      },
    }
    const { witness } = await startWitness({ cosigners: [cosigner] })
    const late = witness.addCheckpoint(log.request(0, 3))
    const { lines } = await witness.addCheckpoint(log.request(3, 6))
    gate.open?.()
    expect(timeOf(log.text(3), (await late).lines)).toBe(startTime)
    expect(witness.checkpoint(log.origin)).toBe(log.note(6) + lines)
  })

  test("keeps the logs that it cosigns apart", async () => {
    const logs = [log, stranger].map(({ origin, vkey }) => ({ origin, vkeys: [vkey] }))
    const { witness } = await startWitness({ logs })
    await witness.addCheckpoint(log.request(0, 5))
    await witness.addCheckpoint(stranger.request(0, 8))
    expect(witness.status()).toMatchObject({ logs: [{ size: 5 }, { size: 8 }] })
    expect(witness.checkpoint(stranger.origin)).toMatch(/^other\.example\n8\n/)
    // A key is trusted for its own log only.
    const crossed = formatNote(log.text(9), [stranger.line(log.text(9))])
    expect(await refusalOf(witness, request(5, crossed))).toMatchObject({ code: "untrusted" })
  })

  test("takes what the specification lets it take: a size that the proof does not bind", async () => {
    // PROOF(3, 7) leads to the same root at size 8; only who rebuilds the tree can tell.
    const { witness } = await startWitness()
    await witness.addCheckpoint(log.request(0, 3))
    const note = signed(formatCheckpoint(log.origin, { size: 8, root: log.root(7) }))
    await witness.addCheckpoint(request(3, note, log.proof(3, 7)))
    expect(witness.status().logs[0]).toMatchObject({ size: 8 })
  })

  test("a log without keys, a log twice or a witness without keys is a bug", async () => {
    const { origin, vkey } = log
    const one = { origin, vkeys: [vkey] }
    await expect(startWitness({ logs: [{ origin, vkeys: [] }] })).rejects.toThrow(/^bug:/)
    await expect(startWitness({ logs: [one, one] })).rejects.toThrow(/^bug:/)
    await expect(startWitness({ cosigners: [] })).rejects.toThrow(/^bug:/)
  })
})

describe("the keys of a log", () => {
  const other = makeVkey(log.origin, 1, stranger.vkey.publicKey)

  test("are remembered: a start with others is refused until they are accepted once", async () => {
    const { store } = await startWitness()
    const changed = { store, logs: [{ origin: log.origin, vkeys: [log.vkey, other] }] }
    await expect(startWitness(changed)).rejects.toMatchObject({ code: "mismatch" })
    await startWitness({ ...changed, acceptNewKeys: true })
    await startWitness({ store, logs: [{ origin: log.origin, vkeys: [other, log.vkey] }] })
    await expect(startWitness({ store })).rejects.toMatchObject({ code: "mismatch" })
  })
})
