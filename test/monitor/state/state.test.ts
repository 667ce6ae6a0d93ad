import { join } from "node:path"
import Database from "better-sqlite3"
import fc from "fast-check"
import { describe, expect, onTestFinished, test } from "vitest"
import { EMPTY_ROOT, type Hash, portableHasher } from "../../../src/core/tree/hash.ts"
import { createStateSigner, newStateKey } from "../../../src/crypto/signers/state-signer.ts"
import { type DocumentKind, textCollection } from "../../../src/monitor/state/collection.ts"
import { createDocumentSet, createDraft } from "../../../src/monitor/state/set.ts"
import {
  createState,
  formatStatement,
  type MonitorState,
  openState,
  openStatement,
} from "../../../src/monitor/state/state.ts"
import type { DocumentChange, MonitorStore } from "../../../src/monitor/state/store.ts"
import {
  createMonitorDatabase,
  openMonitorStore,
} from "../../../src/storage/sqlite/monitor/store.ts"
import { origin, otherOrigin } from "../../contracts/monitor-store.ts"
import { bodies, mth, path as pathOf, proof } from "../../reference.ts"
import { newFolder } from "../../storage/folder.ts"
import { createMemoryMonitorStore } from "../../storage/memory/monitor-store.ts"

const hasher = portableHasher
const signer = createStateSigner(newStateKey())
const policies = textCollection("policy")
const logs = textCollection("log")
const findings = textCollection("finding")

function leaves(count: number, from = 0): Hash[] {
  return Array.from({ length: count }, (_, i) =>
    hasher.leaf(new TextEncoder().encode(`entry ${from + i}`)),
  )
}

async function newState(store: MonitorStore): Promise<MonitorState> {
  return await createState({ store, signer, hasher }, (documents) => {
    documents.put(policies, "", "quorum none\n")
  })
}

describe("a monitor's state", () => {
  test("is the same after it was closed and opened again", async () => {
    const store = createMemoryMonitorStore()
    const state = await newState(store)
    const result = await state.change(
      (documents) => {
        documents.put(logs, origin, "{}")
        return documents.get(logs, origin)
      },
      { origin, leafHashes: leaves(600) },
    )
    expect(result).toBe("{}")
    const again = await openState({ store, signer, hasher })
    expect(again.sequence).toBe(2)
    expect(again.documents.list(logs)).toEqual([[origin, "{}"]])
    expect((await again.tree(origin)).head).toEqual((await state.tree(origin)).head)
  })

  test("changes nothing when an edit throws, and goes on afterwards", async () => {
    const store = createMemoryMonitorStore()
    const state = await newState(store)
    const edit = state.change((documents) => {
      documents.put(logs, "a", "lost")
      throw new Error("no")
    })
    await expect(edit).rejects.toThrow("no")
    await state.change((documents) => documents.put(logs, "b", "kept"))
    expect(state.documents.list(logs)).toEqual([["b", "kept"]])
    expect((await openState({ store, signer, hasher })).documents.list(logs)).toHaveLength(1)
  })

  test("makes one change after the other, each on the result of the last one", async () => {
    const state = await newState(createMemoryMonitorStore())
    const add = () =>
      state.change(async (documents) => {
        const before = Number(documents.get(logs, "n") ?? "0")
        await Promise.resolve()
        documents.put(logs, "n", String(before + 1))
      })
    await Promise.all(Array.from({ length: 10 }, add))
    expect(state.documents.get(logs, "n")).toBe("10")
  })

  test("takes no other change after a commit that failed", async () => {
    const store = createMemoryMonitorStore()
    let fails = false
    const failing: MonitorStore = {
      ...store,
      commit: (commit) => (fails ? Promise.reject(new Error("disk")) : store.commit(commit)),
    }
    const state = await newState(failing)
    fails = true
    await expect(state.change((it) => it.put(logs, "a", "1"))).rejects.toThrow("disk")
    fails = false
    await expect(state.change((it) => it.put(logs, "a", "1"))).rejects.toMatchObject({
      code: "disk",
    })
  })

  test("shows no tree that has grown by a commit that failed", async () => {
    const store = createMemoryMonitorStore()
    let fails = false
    const failing: MonitorStore = {
      ...store,
      commit: (commit) => (fails ? Promise.reject(new Error("disk")) : store.commit(commit)),
    }
    const state = await newState(failing)
    expect((await state.tree(origin)).head.size).toBe(0)
    fails = true
    const leafHashes = bodies(3).map((body) => hasher.leaf(body))
    await expect(state.change(() => {}, { origin, leafHashes })).rejects.toThrow("disk")
    await expect(state.tree(origin)).rejects.toMatchObject({ code: "disk" })
  })

  test("a change that changes nothing commits nothing", async () => {
    const state = await newState(createMemoryMonitorStore())
    await state.change((documents) => documents.put(policies, "", "quorum none\n"))
    expect(state.sequence).toBe(1)
  })

  test("trees give roots, proofs and leaf hashes at every size", async () => {
    const state = await newState(createMemoryMonitorStore())
    const entries = bodies(700)
    const all = entries.map((body) => hasher.leaf(body))
    for (const [from, to] of [
      [0, 300],
      [300, 301],
      [301, 700],
    ] as const) {
      await state.change(() => {}, { origin, leafHashes: all.slice(from, to) })
    }
    const tree = await state.tree(origin)
    for (const size of [0, 1, 255, 256, 257, 511, 512, 700]) {
      expect(Buffer.from(await tree.rootAt(size))).toEqual(Buffer.from(mth(entries.slice(0, size))))
    }
    expect(await tree.rootAt(0)).toEqual(EMPTY_ROOT)
    expect(await tree.inclusion(5, 600)).toEqual(pathOf(5, entries.slice(0, 600)))
    expect(await tree.consistency(300, 700)).toEqual(proof(300, entries))
    expect(await tree.leafHash(699)).toEqual(all[699])
    expect(tree.candidates(all[699] as Hash)).toEqual([699])
    await expect(tree.rootAt(701)).rejects.toMatchObject({ code: "beyond-tree" })
  })
})

describe("openState() refuses", () => {
  interface Poisoned {
    readonly path: string
    readonly store: () => MonitorStore
  }

  async function filled(): Promise<Poisoned> {
    const path = join(newFolder(), "monitor.db")
    createMonitorDatabase(path)
    const store = openMonitorStore(path)
    const state = await newState(store)
    await state.change((it) => it.put(findings, "a", "1"), { origin, leafHashes: leaves(700) })
    await state.change((it) => it.put(findings, "b", "2"), {
      origin: otherOrigin,
      leafHashes: leaves(3),
    })
    await state.close()
    return {
      path,
      store() {
        const opened = openMonitorStore(path)
        onTestFinished(() => opened.close())
        return opened
      },
    }
  }

  function poison(path: string, sql: string): void {
    const connection = new Database(path)
    connection.exec(
      "DROP TRIGGER logs_update; DROP TRIGGER tiles_update; DROP TRIGGER tiles_delete",
    )
    connection.exec(sql)
    connection.close()
  }

  test.each([
    ["a document with another value", "UPDATE documents SET value = '3' WHERE key = 'a'"],
    ["a document that was removed", "DELETE FROM documents WHERE key = 'a'"],
    ["a document that was added", "INSERT INTO documents VALUES ('finding', 'c', '1')"],
    ["a document of another kind", "UPDATE documents SET kind = 'alert' WHERE key = 'a'"],
    [
      "two documents that were swapped",
      "UPDATE documents SET value = 3 - value WHERE kind = 'finding'",
    ],
    ["a tile with other hashes", "UPDATE tiles SET hashes = zeroblob(8192) WHERE tile = 1"],
    ["a tile that is missing", "DELETE FROM tiles WHERE tile = 0"],
    ["another tail", "UPDATE logs SET tail = zeroblob(length(tail)) WHERE size = 700"],
    ["fewer leaf hashes", "UPDATE logs SET size = 699, tail = substr(tail, 33) WHERE size = 700"],
    ["logs that were swapped", "UPDATE logs SET origin = CASE id WHEN 1 THEN 'x' ELSE origin END"],
    ["no statement", "DELETE FROM statement"],
    ["a statement that is no note", "UPDATE statement SET text = 'x'"],
    [
      "a statement with another number",
      "UPDATE statement SET text = replace(text, '/v1' || char(10) || '3', '/v1' || char(10) || '4')",
    ],
  ])("%s", async (_what, sql) => {
    const { path, store } = await filled()
    poison(path, sql)
    await expect(openState({ store: store(), signer, hasher })).rejects.toMatchObject({
      name: "Refusal",
      code: "untrusted",
    })
  })

  test("a state that another monitor signed", async () => {
    const { store } = await filled()
    const stranger = createStateSigner(newStateKey())
    await expect(openState({ store: store(), signer: stranger, hasher })).rejects.toMatchObject({
      code: "untrusted",
    })
  })

  test("an older statement over newer documents", async () => {
    const { path, store } = await filled()
    const opened = store()
    const before = await opened.statement()
    const state = await openState({ store: opened, signer, hasher })
    await state.change((documents) => documents.put(findings, "a", "9"))
    poison(path, `UPDATE statement SET text = '${before}'`)
    await expect(openState({ store: store(), signer, hasher })).rejects.toMatchObject({
      code: "untrusted",
    })
  })

  test("nothing that it should take: the state that was filled opens", async () => {
    const { store } = await filled()
    const state = await openState({ store: store(), signer, hasher })
    expect(state.sequence).toBe(3)
    expect((await state.tree(otherOrigin)).head.size).toBe(3)
  })
})

describe("a statement", () => {
  test("is read back as it was written", async () => {
    const statement = {
      sequence: 7,
      documents: leaves(1)[0] as Hash,
      logs: [[origin, { size: 3, root: leaves(2)[1] as Hash }]] as const,
    }
    const note = await signer.sign(formatStatement(statement))
    expect(openStatement(note, signer.vkey)).toEqual(statement)
  })

  test.each([
    "countersign-monitor-state/v2\n1\nAAAA\n",
    "countersign-monitor-state/v1\n1\nAAAA\n",
    "countersign-monitor-state/v1\n",
    "x\n",
  ])("is refused as %j", async (text) => {
    const note = await signer.sign(text)
    expect(() => openStatement(note, signer.vkey)).toThrow(/monitor state|expected/)
  })
})

describe("the digest over documents", () => {
  const change: fc.Arbitrary<DocumentChange> = fc.record({
    kind: fc.constantFrom<DocumentKind>("log", "finding", "alert"),
    key: fc.constantFrom("a", "b", "c", '"', "a\u0000"),
    value: fc.option(fc.string({ maxLength: 3 }), { nil: undefined }),
  })

  test("depends on the documents only, not on how they came about", () => {
    fc.assert(
      fc.property(fc.array(change, { maxLength: 20 }), (changes): void => {
        const set = createDocumentSet([], hasher)
        const draft = createDraft(set)
        for (const { kind, key, value } of changes) {
          if (value === undefined) draft.remove(textCollection(kind), key)
          else draft.put(textCollection(kind), key, value)
        }
        const foretold = set.digestAfter(draft.changes())
        for (const single of changes) set.apply([single])
        const kinds = ["log", "finding", "alert"] as const
        const stored = kinds.flatMap((kind) =>
          set.list(textCollection(kind)).map(([key, value]) => ({ kind, key, value })),
        )
        const fresh = createDocumentSet(stored.toReversed(), hasher)
        expect(foretold).toEqual(set.digest())
        expect(fresh.digest()).toEqual(set.digest())
        for (const kind of kinds) {
          const texts = textCollection(kind)
          expect(draft.list(texts)).toEqual(set.list(texts))
        }
      }),
      { numRuns: 100 },
    )
  })

  test("differs for different documents", () => {
    fc.assert(
      fc.property(fc.array(change), fc.array(change), (one, other): void => {
        const [a, b] = [createDocumentSet([], hasher), createDocumentSet([], hasher)]
        a.apply(one)
        b.apply(other)
        const kinds = ["log", "finding", "alert"] as const
        const same = kinds.every(
          (kind) =>
            JSON.stringify(a.list(textCollection(kind))) ===
            JSON.stringify(b.list(textCollection(kind))),
        )
        expect(Buffer.compare(a.digest(), b.digest()) === 0).toBe(same)
      }),
      { numRuns: 100 },
    )
  })
})
