// The contract of SearchStore; every adapter runs it.
import { describe, expect, onTestFinished, test } from "vitest"
import { concat, utf8 } from "../../src/core/base/bytes.ts"
import type {
  IndexStep,
  LearntMessage,
  SearchStore,
  StoredTerms,
} from "../../src/log/ports/search.ts"

/** Stores take any bytes. */
function termsOf(firstIndex: number, endIndex: number): StoredTerms {
  return { firstIndex, endIndex, bytes: utf8(`terms of ${firstIndex} to ${endIndex}`) }
}

function page(number: number): Uint8Array {
  return utf8(`page ${number}`)
}

const directory = utf8("directory")

/** A hash of a term: 16 bytes. */
function term(byte: number): Uint8Array {
  return new Uint8Array(16).fill(byte)
}

/** Says two things, one of its own and one that all say. */
function message(sequence: number): LearntMessage {
  const keys = { digest: term(100 + sequence), payload: term(150 + sequence) }
  return { sequence, keys, terms: concat(term(sequence), term(200)) }
}

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

    test("what was learnt of messages comes back, by what they say and by what they explain", async () => {
      const { store } = opened()
      const nothing = { opaqueUpTo: 0, attachedUpTo: 0, redactions: 0 }
      expect(await store.progress()).toEqual(nothing)
      expect(await store.opaquePages()).toEqual([])
      expect(await store.saying([term(1)], 0, 10)).toEqual([])
      expect(await store.explained([term(1)])).toEqual([false])
      for (const sequence of [1, 2, 3]) {
        const progress = { ...nothing, attachedUpTo: sequence }
        await store.learn({ message: message(sequence), progress, pages: [] })
      }
      await store.learn({
        message: message(3),
        progress: { ...nothing, attachedUpTo: 3 },
        pages: [],
      })
      const named = (sequence: number) => ({ sequence, keys: message(sequence).keys })
      expect(await store.saying([term(200)], 0, 10)).toEqual([1, 2, 3].map(named))
      expect(await store.saying([term(200), term(2), term(3)], 1, 10)).toEqual([2, 3].map(named))
      expect(await store.saying([term(200)], 0, 2)).toEqual([1, 2].map(named))
      expect(await store.saying([term(2)], 2, 2)).toEqual([])
      expect(await store.explained([term(101), term(153), term(2), term(104)])).toEqual([
        true,
        true,
        false,
        false,
      ])
      expect(await store.learnt(2)).toMatchObject(named(2))
      expect((await store.learnt(2))?.terms).toHaveLength(32)
      expect(await store.learnt(4)).toBeUndefined()
      expect((await store.progress()).attachedUpTo).toBe(3)
    })

    test("messages are forgotten by their digest, and pages take the place of those before", async () => {
      const { store } = opened()
      const progress = { opaqueUpTo: 8, attachedUpTo: 2, redactions: 1 }
      const bits = (byte: number) => new Uint8Array(528).fill(byte)
      for (const sequence of [1, 2]) {
        await store.learn({
          message: message(sequence),
          progress,
          pages: [{ page: sequence, bytes: bits(sequence) }],
        })
      }
      const pages = [{ page: 1, bytes: bits(9) }]
      await store.learn({ forgotten: message(1).keys.digest, progress, pages })
      expect(await store.explained([101, 102].map(term))).toEqual([false, true])
      expect(await store.saying([term(200)], 0, 9)).toEqual([
        { sequence: 2, keys: message(2).keys },
      ])
      expect(await store.learnt(1)).toBeUndefined()
      expect(await store.opaquePages()).toEqual([
        { page: 1, bytes: bits(9) },
        { page: 2, bytes: bits(2) },
      ])
      expect(await store.progress()).toEqual(progress)
    })
  })
}
