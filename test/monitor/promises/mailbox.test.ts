import { describe, expect, test } from "vitest"
import { formatCheckpoint } from "../../../src/core/note/checkpoint.ts"
import { formatHeadList, parseHeadList } from "../../../src/core/note/head-list.ts"
import { formatNote } from "../../../src/core/note/note.ts"
import { parseOrigin } from "../../../src/core/note/origin.ts"
import { portableHasher } from "../../../src/core/tree/hash.ts"
import {
  createMailbox,
  MOST_POSTED_HEADS,
  type PostedHead,
  takeInbox,
} from "../../../src/monitor/promises/mailbox.ts"
import { createDocumentSet, createDraft } from "../../../src/monitor/state/set.ts"
import { expectRefusal } from "../../refusals.ts"
import { testSigner } from "../../signers.ts"

const origin = parseOrigin("log.example")
const signer = testSigner(origin, 1, 1)

function noteOf(size: number, seed = 0, name: string = origin): string {
  const head = { size, root: portableHasher.leaf(Uint8Array.of(size, seed)) }
  const text = formatCheckpoint(name, head)
  return formatNote(text, [signer.sign(text, { origin: name, ...head }, 0)])
}

function posted(size: number, contradicts = false): PostedHead {
  return { origin, note: noteOf(size, contradicts ? 1 : 0), size, contradicts, receivedAt: 7 }
}

const newDocuments = () => createDraft(createDocumentSet([], portableHasher))

describe("a head list", () => {
  test("is notes one after the other, whatever their signatures and extensions", () => {
    const extended = `${formatCheckpoint(origin, { size: 3, root: portableHasher.leaf(Uint8Array.of(1)) })}— not a signature\n`
    const line = signer.sign(
      extended,
      { origin, size: 3, root: portableHasher.leaf(Uint8Array.of(1)) },
      0,
    )
    const notes = [noteOf(1), formatNote(extended, [line, { ...line, name: "other" }]), noteOf(2)]
    const list = notes.join("")
    expect(parseHeadList(list, 3).map(({ text }) => text)).toEqual(notes)
    expect(formatHeadList(parseHeadList(list, 3))).toBe(list)
    expect(parseHeadList("", 3)).toEqual([])
  })

  test("is refused for too many notes and for anything else", () => {
    const list = noteOf(1) + noteOf(2)
    expectRefusal("too-large", () => parseHeadList(list, 1))
    for (const text of ["\n", "x", list.slice(0, -1), `${list}\n`, `${list}text\n`]) {
      expectRefusal("malformed", () => parseHeadList(text, 9))
    }
    expectRefusal("too-large", () => parseHeadList("x".repeat(1_048_577), 9))
  })
})

describe("the mailbox", () => {
  test("is not filled by one head in many notes, and keeps the one with most signatures", () => {
    const mailbox = createMailbox()
    const flooded = { size: 99, root: portableHasher.leaf(Uint8Array.of(1)) }
    const headOf = (extension: number, lines: number): PostedHead => {
      const text = `${formatCheckpoint(origin, flooded)}${extension === 0 ? "" : `x ${extension}\n`}`
      const line = signer.sign(text, { origin, ...flooded }, 0)
      const note = formatNote(
        text,
        Array.from({ length: lines }, (_, i) => ({ ...line, keyId: i })),
      )
      return { origin, note, size: 99, contradicts: true, receivedAt: 7 }
    }
    mailbox.postHead(headOf(0, 3))
    const honest = Array.from({ length: 40 }, (_, i) => posted(i + 1))
    for (const head of honest.slice(0, 20)) mailbox.postHead(head)
    for (let i = 1; i <= 500; i++) mailbox.postHead(headOf(i, 1 + (i % 2)))
    for (const head of honest.slice(20)) mailbox.postHead(head)
    const documents = newDocuments()
    mailbox.drain(documents, [], 7)
    const kept = new Set(takeInbox(documents, origin).map(({ note }) => note))
    for (const { note } of [...honest, headOf(0, 3)]) expect(kept).toContain(note)
    expect(kept.size).toBe(MOST_POSTED_HEADS)
  })

  test("gives everything to the next round, once", () => {
    const mailbox = createMailbox()
    mailbox.postHead(posted(5))
    mailbox.postHead(posted(5))
    mailbox.postHead(posted(6))
    const documents = newDocuments()
    mailbox.drain(documents, [], 9)
    mailbox.drain(documents, [], 9)
    const inbox = takeInbox(documents, origin)
    expect(inbox.map(({ note }) => note).sort()).toEqual([noteOf(5), noteOf(6)].sort())
    expect(inbox[0]).toMatchObject({ vantage: "verifier", receivedAt: 7 })
    expect(takeInbox(documents, origin)).toEqual([])
  })

  test("keeps contradictions and the largest heads if there are too many", () => {
    const mailbox = createMailbox()
    const contradiction = posted(1, true)
    mailbox.postHead(contradiction)
    for (let size = 2; size < 200; size++) mailbox.postHead(posted(size))
    const documents = newDocuments()
    mailbox.drain(documents, [], 9)
    const notes = takeInbox(documents, origin).map(({ note }) => note)
    expect(notes).toHaveLength(MOST_POSTED_HEADS)
    expect(notes).toContain(contradiction.note)
    expect(notes).toContain(noteOf(199))
    expect(notes).not.toContain(noteOf(2))
  })

  test("bounds what waits in the documents as well, each log for itself", () => {
    const documents = newDocuments()
    const mailbox = createMailbox()
    const other = parseOrigin("other.example")
    for (let round = 0; round < 3; round++) {
      for (let size = 0; size < 50; size++) mailbox.postHead(posted(50 * round + size))
      mailbox.postHead({ ...posted(round), origin: other })
      mailbox.drain(documents, [], 9)
    }
    expect(takeInbox(documents, origin)).toHaveLength(MOST_POSTED_HEADS)
    expect(takeInbox(documents, other)).toHaveLength(3)
  })

  test("refuses more receipts than it can hold, until a round has taken them", () => {
    const mailbox = createMailbox()
    const timestamp = {
      body: "x".repeat(1_048_576),
      integratedTime: 1,
      logID: "",
      logIndex: 1,
      signedEntryTimestamp: "",
    }
    const post = () => mailbox.postPromise({ form: "timestamp", origin, timestamp })
    for (let i = 0; i < 8; i++) post()
    expectRefusal("try-later", post)
    mailbox.drain(newDocuments(), [], 9)
    post()
  })
})
