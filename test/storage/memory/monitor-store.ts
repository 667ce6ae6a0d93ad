// The monitor's store in memory, for tests: everything is gone with the process.
import type { Origin } from "../../../src/core/note/origin.ts"
import type {
  LeafChange,
  MonitorCommit,
  MonitorStore,
  StoredDocument,
} from "../../../src/monitor/state/store.ts"
import { tileName } from "../../../src/storage/rules/commit.ts"
import { type CutLeaves, cutLeaves, pickLeaves } from "../../../src/storage/rules/leaf-tiles.ts"

interface StoredLog {
  readonly size: number
  readonly tail: Uint8Array
  readonly tiles: Map<string, Uint8Array>
}

function emptyLog(): StoredLog {
  return { size: 0, tail: new Uint8Array(0), tiles: new Map() }
}

export function createMemoryMonitorStore(): MonitorStore {
  const documents = new Map<string, StoredDocument>()
  const logs = new Map<Origin, StoredLog>()
  const tags = new Map<Origin, Map<number, Uint8Array>>()
  let statement: string | undefined

  function cut(change: LeafChange): readonly [Origin, CutLeaves] {
    const { size, tail } = logs.get(change.origin) ?? emptyLog()
    return [change.origin, cutLeaves(size, tail, change)]
  }

  function writeLeaves(origin: Origin, { size, tiles, tail }: CutLeaves): void {
    const kept = logs.get(origin)?.tiles ?? new Map<string, Uint8Array>()
    for (const { id, hashes } of tiles) kept.set(tileName(id), hashes.slice())
    logs.set(origin, { size, tail, tiles: kept })
  }

  function writeDocuments(commit: MonitorCommit): void {
    for (const { kind, key, value } of commit.documents) {
      const name = JSON.stringify([kind, key])
      if (value === undefined) documents.delete(name)
      else documents.set(name, { kind, key, value })
    }
  }

  return {
    documents: async () => [...documents.values()],
    statement: async () => statement,
    size: async (origin) => logs.get(origin)?.size ?? 0,
    tiles: async (origin, ids) =>
      ids.map((id) => logs.get(origin)?.tiles.get(tileName(id))?.slice()),
    async leafHashes(origin, from, to) {
      const { size, tail, tiles } = logs.get(origin) ?? emptyLog()
      const tileAt = (index: number) => tiles.get(tileName({ level: 0, index }))
      return pickLeaves(size, [from, to], tileAt, () => tail)
    },
    tags: async (origin, block) => tags.get(origin)?.get(block)?.slice(),
    async taggedBlocks(origin) {
      const blocks = [...(tags.get(origin) ?? [])].sort(([a], [b]) => a - b)
      return blocks.map(([block, bytes]) => ({ block, tags: bytes.slice() }))
    },
    async commit(commit) {
      const cuts = commit.leaves.map(cut)
      for (const [origin, leaves] of cuts) writeLeaves(origin, leaves)
      for (const { origin, block, tags: bytes } of commit.tags ?? []) {
        const ofLog = tags.get(origin) ?? new Map<number, Uint8Array>()
        tags.set(origin, ofLog.set(block, bytes.slice()))
      }
      writeDocuments(commit)
      statement = commit.statement
    },
    async close() {},
  }
}
