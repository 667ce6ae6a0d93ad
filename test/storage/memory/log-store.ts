// The log's store and the head guard in memory: everything is gone with the process. They keep the same contracts as the ones on a disk, except for durability.
import { decodeBundle } from "../../../src/core/tree/bundle.ts"
import { asHash, EMPTY_HEAD, portableHasher } from "../../../src/core/tree/hash.ts"
import { hashesAtLevel, TILE_WIDTH } from "../../../src/core/tree/tile.ts"
import { BLOCK_COMMITS, firstCommits } from "../../../src/log/commit-chain.ts"
import type { HeadGuard } from "../../../src/log/ports/guard.ts"
import type { Attached, NewMessage } from "../../../src/log/ports/message.ts"
import type {
  Commit,
  CommitBlock,
  CommitRow,
  LogIdentity,
  LogStore,
  StoredAttachment,
  StoredSideTerms,
  TimedHead,
} from "../../../src/log/ports/store.ts"
import {
  assertBodiesRange,
  assertCommit,
  assertSuccessor,
  firstUnbundled,
  tileName,
} from "../../../src/storage/rules/commit.ts"
import { assertMessageLimit } from "../../../src/storage/rules/messages.ts"

function copyHead({ size, root, time, commits }: TimedHead): TimedHead {
  const copy = { size, root: asHash(root.slice()), time }
  return commits === undefined ? copy : { ...copy, commits: asHash(commits.slice()) }
}

function copySide({ index, bytes }: StoredSideTerms): StoredSideTerms {
  return { index, bytes: bytes.slice() }
}

/** An empty store; `time` is when its empty head was made, in Unix milliseconds. */
export function createMemoryStore(
  identity: LogIdentity,
  { time }: { readonly time: number },
): LogStore {
  const made = { ...identity, created: time }
  let head: TimedHead = { ...EMPTY_HEAD, time, commits: firstCommits(made, portableHasher) }
  const tiles = new Map<string, Uint8Array>()
  const bundles: Uint8Array[] = []
  let tail: Uint8Array[] = []
  const commits: CommitRow[] = []
  const blocks: CommitBlock[] = []
  const attachments = new Map<number, StoredAttachment>()
  const sideTerms: StoredSideTerms[] = []
  const messages: NewMessage[] = []

  function attachOne(message: NewMessage): Attached {
    const { digest, checksum } = message
    const known = messages.findIndex(
      (other) => other.digest === digest && Buffer.compare(other.checksum, checksum) === 0,
    )
    if (known >= 0) return { sequence: known + 1, isNew: false }
    messages.push({ ...message, bytes: message.bytes.slice() })
    return { sequence: messages.length, isNew: true }
  }

  function bodiesOf(bundle: number): readonly Uint8Array[] {
    const bytes = bundles[bundle]
    return bytes === undefined ? tail : decodeBundle(bytes, TILE_WIDTH)
  }

  function readBodies(from: number, to: number): Uint8Array[] {
    const found: Uint8Array[] = []
    const end = Math.min(to, head.size)
    for (let at = from; at < end; ) {
      const bundle = hashesAtLevel(1, at)
      const start = bundle * TILE_WIDTH
      found.push(...bodiesOf(bundle).slice(at - start, end - start))
      at = start + TILE_WIDTH
    }
    return found.map((body) => body.slice())
  }

  function write({ from, to, bodies, ...full }: Commit): void {
    for (const { id, hashes } of full.tiles) tiles.set(tileName(id), hashes.slice())
    for (const { bytes } of full.bundles) bundles.push(bytes.slice())
    const unbundled = bodies.slice(Math.max(0, firstUnbundled(to.size) - from.size))
    const kept = full.bundles.length === 0 ? tail : []
    tail = [...kept, ...unbundled.map((body) => body.slice())]
    commits.push({ size: to.size, time: to.time })
    if (full.block !== undefined) blocks.push(full.block)
    for (const { bytes, ...other } of full.attachments) {
      attachments.set(other.index, { ...other, bytes: bytes.slice() })
    }
    sideTerms.push(...full.sideTerms.map(copySide))
    head = copyHead(to)
  }

  return {
    identity,
    made,
    head: async () => copyHead(head),
    tiles: async (ids) => ids.map((id) => tiles.get(tileName(id))?.slice()),
    bundle: async (index) => bundles[index]?.slice(),
    async bodies(from, to) {
      assertBodiesRange(from, to)
      return readBodies(from, to)
    },
    async attachment(index) {
      const found = attachments.get(index)
      return found && { ...found, bytes: found.bytes.slice() }
    },
    async attached(from, to) {
      assertBodiesRange(from, to)
      return [...attachments.keys()].filter((index) => index >= from && index < to)
    },
    messages: {
      newest: async () => messages.length,
      async list(after, limit) {
        assertMessageLimit(limit)
        return messages.slice(after, after + limit).map(({ digest, form, index, bytes }, i) => {
          return { sequence: after + i + 1, digest, form, index, size: bytes.length }
        })
      },
      async at(sequence) {
        const found = messages[sequence - 1]
        return found && { ...found, sequence, bytes: found.bytes.slice() }
      },
      async numbersOf(digest, index) {
        const own = messages.flatMap((message, i) =>
          message.digest === digest ? [{ sequence: i + 1, isOther: message.index !== index }] : [],
        )
        own.sort((a, b) => Number(a.isOther) - Number(b.isOther))
        return own.slice(0, 16).map(({ sequence }) => sequence)
      },
      redacted: async () => undefined,
      redactions: async () => ({ entries: [], digests: [] }),
    },
    attach: async (added) => added.map(attachOne),
    async sideTerms(from, to) {
      assertBodiesRange(from, to)
      return sideTerms.filter(({ index }) => index >= from && index < to).map(copySide)
    },
    commits: async (after, to) => {
      return commits.filter(({ size }) => size > after && size <= to).slice(0, BLOCK_COMMITS + 1)
    },
    commitBlocks: async () => [...blocks],
    async commit(commit) {
      assertCommit(commit)
      assertSuccessor(head, commit.from, commit.to)
      write(commit)
    },
    async close() {},
  }
}

/** A guard that holds `head` at first. */
export function createMemoryGuard(identity: LogIdentity, head: TimedHead): HeadGuard {
  let held = copyHead(head)
  return {
    identity,
    read: async () => copyHead(held),
    async advance(from, to) {
      assertSuccessor(held, from, to)
      held = copyHead(to)
    },
    async close() {},
  }
}
