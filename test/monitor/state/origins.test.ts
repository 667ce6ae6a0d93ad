// Logs whose origins hold blanks or begin alike share a monitor without sharing what it remembers.
import { ed25519 } from "@noble/curves/ed25519.js"
import { expect, test } from "vitest"
import { utf8 } from "../../../src/core/base/bytes.ts"
import { formatNote, makeVkey } from "../../../src/core/note/note.ts"
import { parseOrigin } from "../../../src/core/note/origin.ts"
import { asHash, EMPTY_ROOT } from "../../../src/core/tree/hash.ts"
import { keepPending, pendingHeads } from "../../../src/monitor/heads/pending.ts"
import { formatStatement, openStatement } from "../../../src/monitor/state/state.ts"
import { headOf, honest, logKey, memoryDocuments, signedNote } from "../heads/judged-log.ts"

const origins = ["rekor.example", "rekor.example - 123", "rekor.example - 1234", "a + b"].map(
  parseOrigin,
)

test("what waits of one log is not found under another whose origin begins alike", () => {
  const documents = memoryDocuments()
  for (const [i, origin] of origins.entries()) {
    const head = headOf(honest, i + 1)
    const note = signedNote(head, [{ by: logKey }], { origin })
    const keys = { origin, logKeys: [logKey.vkey], witnesses: [] }
    keepPending(
      documents,
      keys,
      { note, head: { ...head, origin }, log: [], witnesses: [] } as never,
      1,
    )
  }
  for (const [i, origin] of origins.entries()) {
    const keys = { origin, logKeys: [logKey.vkey], witnesses: [] }
    const sizes = pendingHeads(documents, keys).map(({ statement }) => statement.head.size)
    expect(sizes).toEqual([i + 1])
  }
})

test("the signed statement of a monitor names such logs, and reads them again", () => {
  const secret = new Uint8Array(32).fill(7)
  const vkey = makeVkey("monitor.example", 1, ed25519.getPublicKey(secret))
  const head = { size: 5, root: asHash(new Uint8Array(32).fill(1)) }
  const logs = origins.map((origin) => [origin, head] as const)
  const text = formatStatement({ sequence: 3, documents: EMPTY_ROOT, logs })
  const { name, keyId } = vkey
  const note = formatNote(text, [{ name, keyId, signature: ed25519.sign(utf8(text), secret) }])
  expect(openStatement(note, vkey).logs).toEqual(logs)
  expect(text).toContain("\nrekor.example 5 ")
})
