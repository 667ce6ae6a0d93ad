import { expect, test } from "vitest"
import { type Hash, portableHasher } from "../../../src/core/tree/hash.ts"
import { createStateSigner, newStateKey } from "../../../src/crypto/signers/state-signer.ts"
import { createState, type MonitorState, openState } from "../../../src/monitor/state/state.ts"
import type { MonitorStore } from "../../../src/monitor/state/store.ts"
import { setTag, TAG_BLOCK_BYTES, tagOf } from "../../../src/monitor/state/tags.ts"
import { origin } from "../../contracts/monitor-store.ts"
import { createMemoryMonitorStore } from "../../storage/memory/monitor-store.ts"

const hasher = portableHasher
const signer = createStateSigner(newStateKey())
const tag = tagOf(`sha256:${"ab".repeat(32)}`)

function blockWith(index: number) {
  const block = { block: 0, tags: new Uint8Array(TAG_BLOCK_BYTES) }
  setTag(block, index, tag)
  return block
}

function leaves(count: number): Hash[] {
  return Array.from({ length: count }, (_, i) => hasher.leaf(Uint8Array.of(i)))
}

async function tagged(): Promise<readonly [MonitorStore, MonitorState]> {
  const store = createMemoryMonitorStore()
  const state = await createState({ store, signer, hasher }, () => {})
  const growth = { origin, leafHashes: leaves(9), tags: [blockWith(7)] }
  await state.change(() => {}, growth)
  return [store, state]
}

/** The same store with other tags in block 0. */
function withTags(store: MonitorStore, tags: Uint8Array | undefined): MonitorStore {
  return { ...store, tags: async () => tags }
}

const refused = expect.objectContaining({
  code: "untrusted",
  message: expect.stringMatching(/the tags of entries 0 to 255 of .* are not the signed ones/),
})

test("tags are found again by a state that is opened", async () => {
  const [store] = await tagged()
  const again = await openState({ store, signer, hasher })
  expect(await again.tagged(origin, tag)).toEqual([7])
})

test.each([
  ["other", blockWith(6).tags],
  ["no", undefined],
])("a state with %s tags than were signed is refused", async (_, tags) => {
  const [store] = await tagged()
  const other = withTags(store, tags)
  await expect(openState({ store: other, signer, hasher })).rejects.toThrow(refused)
})

test("tags that an earlier version wrote are covered once tags are written again", async () => {
  const store = createMemoryMonitorStore()
  const state = await createState({ store, signer, hasher }, () => {})
  await state.change(() => {}, { origin, leafHashes: leaves(9) })
  const statement = await store.statement()
  // As a version before did: tags beside the same documents.
  const written = { documents: [], leaves: [], statement: String(statement) }
  await store.commit({ ...written, tags: [{ origin, ...blockWith(7) }] })
  const next = await openState({ store, signer, hasher })
  expect(await next.tagged(origin, tag)).toEqual([7])
  const other = await openState({ store: withTags(store, blockWith(6).tags), signer, hasher })
  expect(other.sequence).toBe(next.sequence)
  await next.change(() => {}, { origin, leafHashes: [], tags: [blockWith(7)] })
  const rotten = withTags(store, blockWith(6).tags)
  await expect(openState({ store: rotten, signer, hasher })).rejects.toThrow(refused)
})

test("tags that rotted while the monitor runs are not gone on from", async () => {
  const store = createMemoryMonitorStore()
  let isRotten = false
  const rotting: MonitorStore = {
    ...store,
    tags: async (...where) => (isRotten ? blockWith(6).tags : await store.tags(...where)),
  }
  const state = await createState({ store: rotting, signer, hasher }, () => {})
  await state.change(() => {}, { origin, leafHashes: leaves(9), tags: [blockWith(7)] })
  isRotten = true
  await expect(state.tags(origin, 0)).rejects.toThrow(refused)
})
