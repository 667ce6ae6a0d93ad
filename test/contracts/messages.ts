// The contract of LogStore for attached messages; every adapter runs it.
import { describe, expect, onTestFinished, test } from "vitest"
import { utf8 } from "../../src/core/base/bytes.ts"
import { portableHasher } from "../../src/core/tree/hash.ts"
import type { NewMessage } from "../../src/log/ports/message.ts"
import { createReference, startTime } from "./commits.ts"
import type { OpenStore } from "./store.ts"

/** Stores take any bytes under any digest. */
export function messageOf(text: string, index = 0, digest = digestOf(text)): NewMessage {
  const bytes = utf8(text)
  return { digest, form: "payload", index, bytes, checksum: portableHasher.leaf(bytes) }
}

export function digestOf(text: string): string {
  return `sha256:${Buffer.from(text).toString("hex").padEnd(64, "0").slice(0, 64)}`
}

export function messagesContract(name: string, open: OpenStore): void {
  async function opened() {
    const store = open()
    onTestFinished(() => store.close())
    await store.commit(createReference().grow(3))
    return store
  }

  describe(`${name} keeps the contract of LogStore for messages:`, () => {
    test("a new store has none", async () => {
      const { messages } = await opened()
      expect(await messages.newest()).toBe(0)
      expect(await messages.list(0, 10)).toEqual([])
      expect(await messages.at(1)).toBeUndefined()
      expect(await messages.numbersOf(digestOf("a"), 0)).toEqual([])
      expect(await messages.redacted(digestOf("a"))).toBeUndefined()
      expect(await messages.redactions()).toEqual({ entries: [], digests: [] })
    })

    test("messages come back as they were written, numbered in their order", async () => {
      const { messages, attach } = await opened()
      const written = [messageOf("a", 2), messageOf("b", 0), messageOf("c", 1)]
      expect(await attach(written.slice(0, 2), startTime)).toEqual([
        { sequence: 1, isNew: true },
        { sequence: 2, isNew: true },
      ])
      expect(await attach(written.slice(2), startTime)).toEqual([{ sequence: 3, isNew: true }])
      expect(await messages.newest()).toBe(3)
      for (const [i, message] of written.entries()) {
        expect(await messages.at(i + 1)).toEqual({ ...message, sequence: i + 1 })
      }
      const listed = written.map(({ digest, form, index, bytes }, i) => {
        return { sequence: i + 1, digest, form, index, size: bytes.length }
      })
      expect(await messages.list(0, 1_000)).toEqual(listed)
      expect(await messages.list(1, 1)).toEqual(listed.slice(1, 2))
      expect(await messages.list(3, 10)).toEqual([])
    })

    test("a message that is there stays what it is, also when it comes twice at once", async () => {
      const { messages, attach } = await opened()
      const [known] = await attach([messageOf("a", 1)], startTime)
      expect(known).toEqual({ sequence: 1, isNew: true })
      expect(await attach([messageOf("a", 2), messageOf("b"), messageOf("b")], startTime)).toEqual([
        { sequence: 1, isNew: false },
        { sequence: 2, isNew: true },
        { sequence: 2, isNew: false },
      ])
      expect((await messages.at(1))?.index).toBe(1)
      expect(await messages.newest()).toBe(2)
    })

    test("of several messages of one digest the ones of the entry asked for come first", async () => {
      const { messages, attach } = await opened()
      const digest = digestOf("same")
      const all = ["x", "y", "z"].map((text, index) => messageOf(text, index, digest))
      await attach([messageOf("other"), ...all], startTime)
      expect(await messages.numbersOf(digest, 0)).toEqual([2, 3, 4])
      expect(await messages.numbersOf(digest, 2)).toEqual([4, 2, 3])
      expect(await messages.numbersOf(digestOf("other"), 2)).toEqual([1])
    })

    test("not more than 16 of one digest are given, and not more than 1,000 are listed", async () => {
      const { messages, attach } = await opened()
      const digest = digestOf("same")
      const many = Array.from({ length: 20 }, (_, i) => messageOf(`m${i}`, 0, digest))
      await attach(many, startTime)
      expect(await messages.numbersOf(digest, 0)).toHaveLength(16)
      await expect(messages.list(0, 1_001)).rejects.toThrow(/^bug:/)
      await expect(messages.list(0, 0)).rejects.toThrow(/^bug:/)
    })

    test("bytes given and taken are copies", async () => {
      const { messages, attach } = await opened()
      const message = messageOf("a")
      const bytes = message.bytes.slice()
      await attach([{ ...message, bytes }], startTime)
      bytes.fill(0)
      const given = await messages.at(1)
      expect(Object.getPrototypeOf(given?.bytes)).toBe(Uint8Array.prototype)
      given?.bytes?.fill(0)
      expect((await messages.at(1))?.bytes).toEqual(message.bytes)
    })
  })
}
