// What posted heads cost a monitor: only lines of known keys are verified, each once, and the first that does not hold is
// the last that is looked at.
import { expect, test } from "vitest"
import {
  formatNote,
  formatVkey,
  parseNote,
  parseVkey,
  type Vkey,
} from "../../../src/core/note/note.ts"
import { createNoteVerification } from "../../../src/crypto/engines/note-verification.ts"
import { takeInbox } from "../../../src/monitor/promises/mailbox.ts"
import { testSigner } from "../../signers.ts"
import { askUnchecked } from "../client.ts"
import { fill } from "../served-log.ts"
import { openMonitorDoor } from "./door.ts"

const witnesses = [1, 2, 3].map((i) => testSigner(`witness.example/${i}`, 6, i))
const known = testSigner("witness.example/known", 4, 9)

async function open() {
  const asked: Vkey[] = []
  const holds = createNoteVerification()
  const door = await openMonitorDoor({
    async holdsElsewhere(vkey, text, signature) {
      asked.push(vkey)
      return holds(vkey, text, signature)
    },
  })
  await fill(door.served.log, 3)
  return { ...door, asked }
}

async function post(port: number, body: string): Promise<number> {
  const headers = { "content-type": "text/plain" }
  return (await askUnchecked(port, "/heads", { method: "POST", headers, body })).status
}

test("a head that no followed log has signed costs no verification", async () => {
  const { port, asked, served } = await open()
  const { text } = parseNote(served.log.head().checkpoint)
  const line = { ...known.sign(text, { origin: served.log.origin, ...served.log.head() }, 5) }
  expect(await post(port, formatNote(text, [line]))).toBe(422)
  expect(asked).toEqual([])
})

test("a head that comes a hundred times is verified once", async () => {
  const { port, asked, served } = await open()
  const note = served.log.head().checkpoint
  for (let i = 0; i < 20; i++) expect(await post(port, note)).toBe(202)
  const keys = served.log.vkeys.length
  expect(asked.length).toBeLessThanOrEqual(keys)
})

test("lines of ML-DSA-44 are verified up to the first that does not hold, and are not kept then", async () => {
  const asked: Vkey[] = []
  const holds = createNoteVerification()
  const served = await open()
  const { log } = served.served
  const vkeys = log.vkeys.map(parseVkey)
  const door = await openMonitorDoor({
    logs: [{ origin: log.origin, vkeys, witnesses: [...witnesses, known].map(({ vkey }) => vkey) }],
    async holdsElsewhere(vkey, text, signature) {
      asked.push(vkey)
      return holds(vkey, text, signature)
    },
  })
  const { text, signatures } = parseNote(log.head().checkpoint)
  const head = { origin: log.origin, ...log.head() }
  const good = known.sign(text, head, 5)
  const forged = witnesses.map(({ vkey: { name, keyId } }) => {
    return { name, keyId, signature: new Uint8Array(2428).fill(1, 7) }
  })
  expect(await post(door.port, formatNote(text, [...forged, ...signatures, good]))).toBe(202)
  expect(asked.filter(({ type }) => type === 6)).toHaveLength(1)
  expect(asked.map(({ type }) => type === 6).indexOf(true)).toBe(asked.length - 1)
  door.mailbox.drain(door.documents, [], 7)
  const [kept] = takeInbox(door.documents, log.origin)
  const names = parseNote(kept?.note ?? "").signatures.map(({ name }) => name)
  expect(names).toEqual([...signatures.map(({ name }) => name), known.vkey.name])
  expect(new Set(asked.map(formatVkey)).size).toBe(asked.length)
})
