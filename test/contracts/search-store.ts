// The contract of SearchStore; every adapter runs it.
import { describe, expect, onTestFinished, test } from "vitest"
import { utf8 } from "../../src/core/base/bytes.ts"
import type { IndexStep, SearchStore, StoredTerms } from "../../src/log/ports/search.ts"

/** Stores take any bytes. */
function termsOf(firstIndex: number, endIndex: number): StoredTerms {
  return { firstIndex, endIndex, bytes: utf8(`terms of ${firstIndex} to ${endIndex}`) }
}

function page(number: number): Uint8Array {
  return utf8(`page ${number}`)
}

const directory = utf8("directory")

/** `open` gives a new, empty store. */
export function searchStoreContract(name: string, open: () => SearchStore): void {
  function opened() {
    const store = open()
    onTestFinished(() => store.close())
    const written: StoredTerms[] = []
    return {
      store,
      written,
      async grow(count: number, fold?: IndexStep["fold"]): Promise<void> {
        const from = written.at(-1)?.endIndex ?? 0
        const terms = termsOf(from, from + count)
        await store.append({ ...terms, fold })
        written.push(terms)
      },
    }
  }

  describe(`${name} keeps the contract of SearchStore:`, () => {
    test("terms come back as they were written, from any entry on", async () => {
      const { store, written, grow } = opened()
      expect(await store.terms(0)).toEqual([])
      for (const count of [3, 1, 300, 2]) await grow(count)
      expect(await store.terms(0)).toEqual(written)
      expect(await store.terms(2)).toEqual(written)
      expect(await store.terms(3)).toEqual(written.slice(1))
      expect(await store.terms(100)).toEqual(written.slice(2))
      expect(await store.terms(306)).toEqual([])
    })

    test("at most 1,024 terms are given at once", async () => {
      const { store, grow } = opened()
      for (let i = 0; i < 1_030; i++) await grow(1)
      expect((await store.terms(0)).length).toBe(1_024)
      expect((await store.terms(1_024)).map(({ firstIndex }) => firstIndex)).toEqual([
        1_024, 1_025, 1_026, 1_027, 1_028, 1_029,
      ])
    })

    test("a run takes the place of the terms that it covers, at its last step", async () => {
      const { store, grow } = opened()
      await grow(10)
      await grow(10)
      await grow(10, { run: 0, firstPage: 0, pages: [page(0), page(1)] })
      expect(await store.runs(0)).toEqual([])
      expect((await store.terms(0)).length).toBe(3)
      const finished = { endIndex: 15, directory }
      await grow(1, { run: 0, firstPage: 2, pages: [page(2)], finished })
      expect(await store.runs(0)).toEqual([{ run: 0, endIndex: 15, pages: 3 }])
      expect(await store.runs(1)).toEqual([])
      expect(await store.directory(0)).toEqual(directory)
      expect(await store.directory(1)).toBeUndefined()
      for (let i = 0; i < 3; i++) expect(await store.page(0, i)).toEqual(page(i))
      expect(await store.page(0, 3)).toBeUndefined()
      // The run ends within the second row.
      expect((await store.terms(15)).map(({ firstIndex }) => firstIndex)).toEqual([10, 20, 30])
      expect((await store.terms(0)).map(({ firstIndex }) => firstIndex)).toEqual([10, 20, 30])
    })

    test("a run that was begun may begin anew, and the next one follows it", async () => {
      const { store, grow } = opened()
      await grow(10)
      await grow(1, { run: 0, firstPage: 0, pages: [page(7), page(8), page(9)] })
      const finished = { endIndex: 10, directory }
      await grow(1, { run: 0, firstPage: 0, pages: [page(0)], finished })
      expect(await store.page(0, 0)).toEqual(page(0))
      expect(await store.page(0, 1)).toBeUndefined()
      await grow(1, { run: 1, firstPage: 0, pages: [], finished: { endIndex: 12, directory } })
      expect(await store.runs(0)).toEqual([
        { run: 0, endIndex: 10, pages: 1 },
        { run: 1, endIndex: 12, pages: 0 },
      ])
    })

    test("a step that does not begin where the terms end is refused and leaves nothing", async () => {
      const { store, written, grow } = opened()
      await grow(10)
      const fold = { run: 0, firstPage: 0, pages: [page(0)] }
      for (const firstIndex of [0, 9, 11]) {
        const step = { ...termsOf(firstIndex, 20), fold }
        await expect(store.append(step)).rejects.toMatchObject({ code: "conflict" })
      }
      expect(await store.terms(0)).toEqual(written)
      expect(await store.page(0, 0)).toBeUndefined()
    })

    test("bytes given are copies", async () => {
      const { store, written, grow } = opened()
      await grow(3)
      const [given] = await store.terms(0)
      expect(Object.getPrototypeOf(given?.bytes)).toBe(Uint8Array.prototype)
      given?.bytes.fill(0)
      expect(await store.terms(0)).toEqual(written)
    })
  })
}
