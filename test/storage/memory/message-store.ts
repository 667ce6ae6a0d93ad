// The messages of a monitor in memory, for tests.
import { createHash } from "node:crypto"
import type { MessageStore } from "../../../src/monitor/messages/messages.ts"

export function createMemoryMessageStore(): MessageStore {
  const kept = new Map<string, Uint8Array[]>()
  const spool = new Map<string, Uint8Array>()
  const all = () => [...kept.values()].flat()
  return {
    has: (digest) => kept.has(digest),
    find: async (digest) => kept.get(digest) ?? [],
    async keep(digest, bytes) {
      kept.set(digest, [...(kept.get(digest) ?? []), bytes])
      return true
    },
    usage: () => ({
      count: all().length,
      bytes: all().reduce((sum, { length }) => sum + length, 0),
      mostCount: 1_000,
      mostBytes: 1_000_000,
      isFull: false,
      waiting: spool.size,
    }),
    spooled: async () => [...spool.keys()].sort(),
    readSpooled: async (name) => spool.get(name),
    async dropSpooled(name) {
      spool.delete(name)
    },
    async spool(bytes) {
      spool.set(createHash("sha256").update(bytes).digest("hex"), bytes)
    },
  }
}
