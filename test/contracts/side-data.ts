// The contract of LogStore for what lies beside the tree: search terms, their runs, and attachments.
import { describe, expect, onTestFinished, test } from "vitest"
import { utf8 } from "../../src/core/base/bytes.ts"
import { portableHasher } from "../../src/core/tree/hash.ts"
import type { FoldStep, LogStore, StoredAttachment } from "../../src/log/ports/store.ts"
import { createReference, type Reference } from "./commits.ts"
import { expectAll, type OpenStore } from "./store.ts"

function page(number: number): Uint8Array {
  return utf8(`page ${number}`)
}

const directory = utf8("directory")

function attachmentOf(index: number): StoredAttachment {
  const bytes = utf8(`attachment of ${index}`)
  return { index, mediaType: "text/plain", bytes, digest: portableHasher.leaf(bytes) }
}

export function sideDataContract(name: string, open: OpenStore): void {
  function opened(): { store: LogStore; reference: Reference } {
    const store = open()
    onTestFinished(() => store.close())
    return { store, reference: createReference() }
  }

  async function grow(
    store: LogStore,
    reference: Reference,
    count: number,
    extra: { fold?: FoldStep; attachments?: readonly StoredAttachment[] } = {},
  ): Promise<void> {
    await store.commit({ ...reference.grow(count), ...extra })
  }

  describe(`${name} keeps the contract of LogStore beside the tree:`, () => {
    test("terms come back as they were written, from any entry on", async () => {
      const { store, reference } = opened()
      expect(await store.terms(0)).toEqual([])
      for (const count of [3, 1, 300, 2]) await grow(store, reference, count)
      expect(await store.terms(0)).toEqual(reference.terms)
      expect(await store.terms(2)).toEqual(reference.terms)
      expect(await store.terms(3)).toEqual(reference.terms.slice(1))
      expect(await store.terms(100)).toEqual(reference.terms.slice(2))
      expect(await store.terms(306)).toEqual([])
    })

    test("at most 1,024 terms are given at once", async () => {
      const { store, reference } = opened()
      for (let i = 0; i < 1_030; i++) await grow(store, reference, 1)
      expect((await store.terms(0)).length).toBe(1_024)
      expect((await store.terms(1_024)).map(({ firstIndex }) => firstIndex)).toEqual([
        1_024, 1_025, 1_026, 1_027, 1_028, 1_029,
      ])
    })

    test("a run takes the place of the terms that it covers, at its last step", async () => {
      const { store, reference } = opened()
      await grow(store, reference, 10)
      await grow(store, reference, 10)
      const first = { run: 0, firstPage: 0, pages: [page(0), page(1)] }
      await grow(store, reference, 10, { fold: first })
      expect(await store.runs(0)).toEqual([])
      expect((await store.terms(0)).length).toBe(3)
      const finished = { endIndex: 15, directory }
      await grow(store, reference, 1, {
        fold: { run: 0, firstPage: 2, pages: [page(2)], finished },
      })
      expect(await store.runs(0)).toEqual([{ run: 0, endIndex: 15, pages: 3 }])
      expect(await store.runs(1)).toEqual([])
      expect(await store.directory(0)).toEqual(directory)
      expect(await store.directory(1)).toBeUndefined()
      for (let i = 0; i < 3; i++) expect(await store.page(0, i)).toEqual(page(i))
      expect(await store.page(0, 3)).toBeUndefined()
      // The run ends within the second batch.
      expect((await store.terms(15)).map(({ firstIndex }) => firstIndex)).toEqual([10, 20, 30])
      expect((await store.terms(0)).map(({ firstIndex }) => firstIndex)).toEqual([10, 20, 30])
      await expectAll(store, reference)
    })

    test("a run that was begun may begin anew, and the next one follows it", async () => {
      const { store, reference } = opened()
      await grow(store, reference, 10)
      const begun = { run: 0, firstPage: 0, pages: [page(7), page(8), page(9)] }
      await grow(store, reference, 1, { fold: begun })
      const whole = {
        run: 0,
        firstPage: 0,
        pages: [page(0)],
        finished: { endIndex: 10, directory },
      }
      await grow(store, reference, 1, { fold: whole })
      expect(await store.page(0, 0)).toEqual(page(0))
      expect(await store.page(0, 1)).toBeUndefined()
      const next = { run: 1, firstPage: 0, pages: [], finished: { endIndex: 12, directory } }
      await grow(store, reference, 1, { fold: next })
      expect(await store.runs(0)).toEqual([
        { run: 0, endIndex: 10, pages: 1 },
        { run: 1, endIndex: 12, pages: 0 },
      ])
    })

    test("attachments come back with their entries", async () => {
      const { store, reference } = opened()
      await grow(store, reference, 3, { attachments: [attachmentOf(0), attachmentOf(2)] })
      await grow(store, reference, 300, { attachments: [attachmentOf(299)] })
      for (const index of [0, 2, 299]) {
        expect(await store.attachment(index)).toEqual(attachmentOf(index))
      }
      for (const index of [1, 3, 303]) expect(await store.attachment(index)).toBeUndefined()
    })

    test.each([
      ["of another batch", [3]],
      ["twice", [1, 1]],
      ["in another order", [2, 0]],
    ])("an attachment %s is a bug and leaves nothing", async (_, indexes) => {
      const { store, reference } = opened()
      const commit = { ...createReference().grow(3), attachments: indexes.map(attachmentOf) }
      await expect(store.commit(commit)).rejects.toThrow(/^bug:/)
      await expectAll(store, reference)
      expect(await store.terms(0)).toEqual([])
    })

    test("a commit that is refused leaves no terms, no pages and no attachments", async () => {
      const { store, reference } = opened()
      await grow(store, reference, 3)
      const stale = createReference("other").grow(3)
      const fold = { run: 0, firstPage: 0, pages: [page(0)] }
      const attachments = [attachmentOf(0)]
      await expect(store.commit({ ...stale, fold, attachments })).rejects.toMatchObject({
        code: "conflict",
      })
      expect(await store.terms(0)).toEqual(reference.terms)
      expect(await store.page(0, 0)).toBeUndefined()
      expect(await store.attachment(0)).toBeUndefined()
    })
  })
}
