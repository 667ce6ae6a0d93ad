// The contract of LogStore for what lies beside the tree: attachments and side terms.
import { describe, expect, onTestFinished, test } from "vitest"
import { utf8 } from "../../src/core/base/bytes.ts"
import { portableHasher } from "../../src/core/tree/hash.ts"
import type { LogStore, StoredAttachment, StoredSideTerms } from "../../src/log/ports/store.ts"
import { createReference, type Reference } from "./commits.ts"
import { expectAll, type OpenStore } from "./store.ts"

function attachmentOf(index: number): StoredAttachment {
  const bytes = utf8(`attachment of ${index}`)
  return { index, mediaType: "text/plain", bytes, digest: portableHasher.leaf(bytes) }
}

/** Stores take any bytes for side terms. */
function sideOf(index: number): StoredSideTerms {
  return { index, bytes: utf8(`side terms of ${index}`) }
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
    extra: {
      attachments?: readonly StoredAttachment[]
      sideTerms?: readonly StoredSideTerms[]
    } = {},
  ): Promise<void> {
    await store.commit({ ...reference.grow(count), ...extra })
  }

  describe(`${name} keeps the contract of LogStore beside the tree:`, () => {
    test("side terms come back as they were written, by the entries asked for", async () => {
      const { store, reference } = opened()
      expect(await store.sideTerms(0, 10)).toEqual([])
      await grow(store, reference, 3, { sideTerms: [sideOf(0), sideOf(2)] })
      await grow(store, reference, 300, { sideTerms: [sideOf(3), sideOf(299)] })
      expect(await store.sideTerms(0, 303)).toEqual([0, 2, 3, 299].map(sideOf))
      expect(await store.sideTerms(1, 3)).toEqual([sideOf(2)])
      expect(await store.sideTerms(4, 299)).toEqual([])
      await expectAll(store, reference)
    })

    test("side terms of more than 4,096 entries are not given at once", async () => {
      const { store } = opened()
      await expect(store.sideTerms(0, 4_097)).rejects.toThrow(/^bug:/)
      await expect(store.sideTerms(2, 1)).rejects.toThrow(/^bug:/)
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
    ])("an attachment or side terms %s are a bug and leave nothing", async (_, indexes) => {
      for (const beside of [
        { attachments: indexes.map(attachmentOf) },
        { sideTerms: indexes.map(sideOf) },
      ]) {
        const { store, reference } = opened()
        const commit = { ...createReference().grow(3), ...beside }
        await expect(store.commit(commit)).rejects.toThrow(/^bug:/)
        await expectAll(store, reference)
        expect(await store.sideTerms(0, 3)).toEqual([])
      }
    })

    test("a commit that is refused leaves no attachments and no side terms", async () => {
      const { store, reference } = opened()
      await grow(store, reference, 3)
      const stale = createReference("other").grow(3)
      const beside = { attachments: [attachmentOf(0)], sideTerms: [sideOf(0)] }
      await expect(store.commit({ ...stale, ...beside })).rejects.toMatchObject({
        code: "conflict",
      })
      expect(await store.attachment(0)).toBeUndefined()
      expect(await store.sideTerms(0, 3)).toEqual([])
    })
  })
}
