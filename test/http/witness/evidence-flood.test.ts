// While anyone sends forged evidence, checkpoints are cosigned, and evidence that holds is taken.
import { expect, onTestFinished, test } from "vitest"
import { formatNote, parseNote, parseVkey } from "../../../src/core/note/note.ts"
import { formatEvidence, NEWEST } from "../../../src/evidence/format.ts"
import { makeFork } from "../../../src/evidence/head-evidence.ts"
import { ask } from "../client.ts"
import { createTestLog } from "../test-log.ts"
import { openServedWitness } from "./served-witness.ts"

const log = createTestLog("log.example")
const fork = createTestLog("log.example", { forkedAt: 1 })
const key = parseVkey(log.vkey)

/** A wrong head of size 0 with the signature of another, each with another extension line. */
function forged(index: number): string {
  const [name, , root] = log.note(5).split("\n")
  const { signatures } = parseNote(log.note(4))
  const note = formatNote(`${name}\n0\n${root}\nforged ${index}\n`, signatures)
  return formatEvidence({
    ...{ format: NEWEST, kind: "fork", key, note },
    ...{ witnesses: [], hashes: [], places: [] },
  })
}

test("a flood of forged evidence keeps out neither checkpoints nor evidence that holds", async () => {
  const { port, close } = await openServedWitness({ logs: [log.vkey] })
  onTestFinished(close)
  const headers = { "content-type": "text/plain" }
  const post = (path: string, body: string) => ask(port, path, { method: "POST", body, headers })
  const flood = Promise.all(
    Array.from({ length: 200 }, async (_, i) => (await post("/evidence", forged(i))).status),
  )
  expect((await post("/add-checkpoint", log.request(0, 5))).status).toBe(200)
  const { text } = makeFork(key, log.note(5), fork.note(5))
  let status = 503
  for (let tries = 0; tries < 1_000 && status === 503; tries++) {
    status = (await post("/evidence", text)).status
  }
  expect(status).toBe(201)
  expect((await post("/add-checkpoint", log.request(5, 5))).status).toBe(422)
  for (const answer of await flood) expect([403, 503]).toContain(answer)
})
