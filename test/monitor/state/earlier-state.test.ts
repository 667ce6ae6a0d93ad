// A state as it was written before there were collections, with documents of every kind: it opens under its
// signature, and every document is read and written again byte for byte.
import { readFileSync } from "node:fs"
import { expect, test } from "vitest"
import { policies } from "../../../src/cli/monitor/monitored-logs.ts"
import { Refusal } from "../../../src/core/base/errors.ts"
import { parseHex } from "../../../src/core/base/text.ts"
import { parseVkey } from "../../../src/core/note/note.ts"
import { parseOrigin } from "../../../src/core/note/origin.ts"
import { asHash, portableHasher } from "../../../src/core/tree/hash.ts"
import { sinks } from "../../../src/monitor/alerts/alert.ts"
import { canaries, canaryStates, testDeliveries } from "../../../src/monitor/alerts/canary.ts"
import { expectations } from "../../../src/monitor/entries/expectation.ts"
import { revocations } from "../../../src/monitor/entries/rule-revocation.ts"
import { claims } from "../../../src/monitor/entries/rule-subject.ts"
import { evidenceFiles, evidenceTallies } from "../../../src/monitor/findings/evidence.ts"
import { outbox } from "../../../src/monitor/findings/outbox.ts"
import { suspicions } from "../../../src/monitor/findings/settle.ts"
import { findings, findingTallies } from "../../../src/monitor/findings/stored.ts"
import { gaps } from "../../../src/monitor/follow/fault-memory.ts"
import { cosigned, pending } from "../../../src/monitor/heads/pending.ts"
import { signerRecords } from "../../../src/monitor/heads/record.ts"
import { vantages } from "../../../src/monitor/heads/vantage.ts"
import { logRecords } from "../../../src/monitor/monitored-log.ts"
import { inbox } from "../../../src/monitor/promises/mailbox.ts"
import { promises } from "../../../src/monitor/promises/promise-record.ts"
import type { Collection, DocumentKind } from "../../../src/monitor/state/collection.ts"
import { openState } from "../../../src/monitor/state/state.ts"
import { createMemoryMonitorStore } from "../../storage/memory/monitor-store.ts"

interface EarlierState {
  readonly vkey: string
  readonly origin: string
  /** Hex. */
  readonly leafHashes: readonly string[]
  readonly statement: string
  readonly documents: readonly (readonly [DocumentKind, key: string, value: string])[]
}

const path = new URL("./earlier-state.json", import.meta.url)
const earlier = JSON.parse(readFileSync(path, "utf8")) as EarlierState
const origin = parseOrigin(earlier.origin)

const collections: readonly Collection<unknown>[] = [
  policies,
  logRecords,
  gaps,
  vantages,
  signerRecords,
  cosigned,
  pending,
  suspicions,
  findings,
  findingTallies,
  evidenceFiles,
  evidenceTallies,
  outbox,
  sinks,
  claims,
  revocations,
  promises,
  expectations,
  canaries,
  canaryStates,
  testDeliveries,
  inbox,
]

async function opened(documents = earlier.documents) {
  const store = createMemoryMonitorStore()
  const leafHashes = earlier.leafHashes.map((hex) => asHash(parseHex(hex, "leaf"), "leaf"))
  await store.commit({
    documents: documents.map(([kind, key, value]) => ({ kind, key, value })),
    leaves: [{ origin, from: 0, leafHashes, tiles: [] }],
    statement: earlier.statement,
  })
  const signer = { vkey: parseVkey(earlier.vkey), sign: () => Promise.reject(new Error("no key")) }
  return await openState({ store, signer, hasher: portableHasher })
}

function collectionsOf(kind: DocumentKind, key: string): readonly Collection<unknown>[] {
  return collections.filter(
    ({ kind: of, under, besides }) =>
      of === kind && key.startsWith(under) && !(besides !== undefined && key.startsWith(besides)),
  )
}

test("an earlier state opens under its signature", async () => {
  const state = await opened()
  expect(state.sequence).toBe(2)
  expect((await state.tree(origin)).head.size).toBe(5)
})

test("every collection reads its documents in an earlier state, each belonging to one", async () => {
  const { documents } = await opened()
  const read = collections.map((collection) => documents.list(collection).length)
  for (const count of read) expect(count).toBeGreaterThan(0)
  expect(read.reduce((sum, count) => sum + count)).toBe(earlier.documents.length)
})

test.each(earlier.documents)("%s %s is read and written again byte for byte", (kind, key, text) => {
  const [collection, ...others] = collectionsOf(kind, key)
  expect(others).toEqual([])
  expect(collection?.format(collection.parse(text, key))).toBe(text)
})

test.each([
  ["a member that is not known", (text: string) => text.replace("{", '{"zz":1,')],
  ["a blank", (text: string) => text.replace("{", "{ ")],
  ["a member that is null", (text: string) => text.replace(/":("[^"]*"|[^,}]*)/, '":null')],
  ["no JSON", () => "{"],
  ["another form", () => "[]"],
])("a document with %s is refused by name", (_what, damage) => {
  for (const [kind, key, text] of earlier.documents) {
    const [collection] = collectionsOf(kind, key)
    // Texts of another form have marks of their own.
    if (collection === policies || collection === evidenceFiles) continue
    const damaged = damage(text)
    const parse = () => collection?.parse(damaged, key)
    expect(parse).toThrow(Refusal)
    expect(parse).toThrow(new RegExp(`^${kind} "`))
  }
})

test("an earlier state with another document is refused", async () => {
  const [first, ...others] = earlier.documents
  const changed = [[...(first?.slice(0, 2) ?? []), "another"] as never, ...others]
  await expect(opened(changed)).rejects.toMatchObject({ code: "untrusted" })
})
