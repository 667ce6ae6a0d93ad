// Checkpoints with extension lines (C2SP tlog-checkpoint): they are cosigned as they are, and say nothing of the tree.
import { describe, expect, test } from "vitest"
import { formatAddCheckpoint } from "../../src/core/note/add-checkpoint.ts"
import { parseCheckpointText } from "../../src/core/note/checkpoint.ts"
import { readCosignatures } from "../../src/core/note/cosignature.ts"
import { formatNote, parseNote } from "../../src/core/note/note.ts"
import { testSigner } from "../signers.ts"
import { mlDsaCosigner } from "./ml-dsa-cosigner.ts"
import { startTime, startWitness, timeOf } from "./running-witness.ts"
import { createTestLog, testCosigner } from "./test-log.ts"

const log = createTestLog()
const mlDsa = mlDsaCosigner("witness.example/w1", 2)
const cosigners = [testCosigner(), mlDsa]

/** The log's checkpoint with these lines below its head. */
function extendedText(size: number, ...lines: readonly string[]): string {
  return log.text(size) + lines.map((line) => `${line}\n`).join("")
}

function request(oldSize: number, size: number, ...lines: readonly string[]): Uint8Array {
  const text = extendedText(size, ...lines)
  const note = formatNote(text, [log.line(text)])
  return formatAddCheckpoint({ oldSize, proof: log.proof(oldSize, size), note })
}

describe("a checkpoint with extension lines", () => {
  test("is cosigned by keys of both types, the Ed25519 line over all of its text", async () => {
    const { witness } = await startWitness({ cosigners })
    const { lines } = await witness.addCheckpoint(request(0, 6, "Timestamp: 1", "more"))
    const text = extendedText(6, "Timestamp: 1", "more")
    for (const cosigner of cosigners) expect(timeOf(text, lines, cosigner)).toBe(startTime)
    // Type 4 covers the lines, and type 6 does not (C2SP tlog-cosignature).
    const bare = parseNote(`${log.text(6)}\n${lines}`)
    const head = parseCheckpointText(log.text(6))
    expect(() => readCosignatures(bare, head, [testCosigner().vkey])).toThrow("does not hold")
    expect(readCosignatures(bare, head, [mlDsa.vkey]).size).toBe(1)
  })

  test("is shown with its lines, and is still so after a restart", async () => {
    const { witness, store } = await startWitness({ cosigners })
    await witness.addCheckpoint(request(0, 6, "more"))
    const shown = parseNote(witness.checkpoint(log.origin) ?? "")
    expect(shown.text).toBe(extendedText(6, "more"))
    const again = await startWitness({ cosigners, store }, { time: startTime + 60 })
    const note = parseNote(again.witness.checkpoint(log.origin) ?? "")
    expect(note.text).toBe(extendedText(6, "more"))
    const head = parseCheckpointText(note.text)
    const vkeys = cosigners.map(({ vkey }) => vkey)
    expect([...readCosignatures(note, head, vkeys).values()]).toEqual(Array(2).fill(startTime + 60))
    expect(note.signatures.some(({ name }) => name === log.origin)).toBe(true)
  })

  test("is the same tree as one of the same size and root with other lines, and is cosigned as well", async () => {
    const { witness } = await startWitness({ cosigners })
    const forms: readonly (readonly string[])[] = [["a"], [], ["b"], ["a", "b"], ["a"]]
    for (const [i, lines] of forms.entries()) {
      const cosigned = await witness.addCheckpoint(request(i === 0 ? 0 : 6, 6, ...lines))
      expect(timeOf(extendedText(6, ...lines), cosigned.lines)).toBe(startTime)
    }
    expect(await witness.evidence()).toEqual([])
    expect(witness.status().logs[0]).toMatchObject({ size: 6 })
  })

  test("gets lines over its own text when others of the same head arrive together with it", async () => {
    const { witness } = await startWitness({ cosigners })
    await witness.addCheckpoint(log.request(0, 6))
    const forms = [["a"], ["b"], [], ["a"]]
    const all = await Promise.all(
      forms.map((lines) => witness.addCheckpoint(request(6, 6, ...lines))),
    )
    all.forEach(({ lines }, i) => {
      expect(timeOf(extendedText(6, ...(forms[i] ?? [])), lines)).toBe(startTime)
    })
  })

  test("follows one without them and is followed by one without them", async () => {
    const { witness } = await startWitness({ cosigners })
    await witness.addCheckpoint(log.request(0, 3))
    await witness.addCheckpoint(request(3, 6, "more"))
    const { lines } = await witness.addCheckpoint(log.request(6, 9))
    expect(timeOf(log.text(9), lines)).toBe(startTime)
    expect(parseNote(witness.checkpoint(log.origin) ?? "").text).toBe(log.text(9))
  })

  test("is refused if no line of the log covers them: anyone could have written them", async () => {
    const mlDsaLog = testSigner(log.origin, 6, 7)
    const logs = [{ origin: log.origin, vkeys: [log.vkey, mlDsaLog.vkey] }]
    const { witness } = await startWitness({ logs, cosigners })
    const head = { ...parseCheckpointText(log.text(6)) }
    const note = (text: string, isCovered: boolean) =>
      formatNote(text, [
        mlDsaLog.sign(text, head, startTime),
        ...(isCovered ? [log.line(text)] : []),
      ])
    const ask = (text: string, isCovered: boolean) =>
      witness.addCheckpoint(
        formatAddCheckpoint({ oldSize: 0, proof: [], note: note(text, isCovered) }),
      )
    await expect(ask(extendedText(6, "forged"), false)).rejects.toMatchObject({ code: "untrusted" })
    await ask(extendedText(6, "more"), true)
    expect(parseNote(witness.checkpoint(log.origin) ?? "").text).toBe(extendedText(6, "more"))
  })

  test("never makes the witness sign two trees", async () => {
    const forked = createTestLog({ forkedAt: 1 })
    const { witness } = await startWitness({ cosigners })
    await witness.addCheckpoint(request(0, 6, "more"))
    for (const lines of [[], ["more"], ["other"]]) {
      const text = forked.text(6) + lines.map((line) => `${line}\n`).join("")
      const body = formatAddCheckpoint({
        oldSize: 6,
        proof: [],
        note: formatNote(text, [forked.line(text)]),
      })
      await expect(witness.addCheckpoint(body)).rejects.toThrow()
    }
    expect(witness.status().logs[0]?.frozen).toMatchObject({ cause: "proven" })
  })
})
