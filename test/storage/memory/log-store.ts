// The store and the head guard in memory, for tests: everything is gone with the
// process. They keep the same contracts as the ones on a disk, except for durability.
import { decodeBundle } from "../../../src/core/tree/bundle.ts"
import { asHash, EMPTY_HEAD } from "../../../src/core/tree/hash.ts"
import { hashesAtLevel, TILE_WIDTH } from "../../../src/core/tree/tile.ts"
import type { HeadGuard } from "../../../src/log/ports/guard.ts"
import type {
  Commit,
  FoldStep,
  LogIdentity,
  LogStore,
  StoredAttachment,
  StoredRun,
  StoredTerms,
  TimedHead,
} from "../../../src/log/ports/store.ts"
import {
  assertBodiesRange,
  assertCommit,
  assertSuccessor,
  firstUnbundled,
  tileName,
} from "../../../src/storage/rules/commit.ts"

function copyHead({ size, root, time }: TimedHead): TimedHead {
  return { size, root: asHash(root.slice()), time }
}

/** An empty store; `time` is when its empty head was made, in Unix milliseconds. */
export function createMemoryStore(
  identity: LogIdentity,
  { time }: { readonly time: number },
): LogStore {
  let head: TimedHead = { ...EMPTY_HEAD, time }
  const tiles = new Map<string, Uint8Array>()
  const bundles: Uint8Array[] = []
  let tail: Uint8Array[] = []
  const commits: { readonly size: number; readonly time: number }[] = []
  let terms: StoredTerms[] = []
  let unfinished: Uint8Array[] = []
  const runs: (StoredRun & { readonly directory: Uint8Array; readonly own: Uint8Array[] })[] = []
  const attachments = new Map<number, StoredAttachment>()

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

  function fold({ run, firstPage, pages, finished }: FoldStep): void {
    unfinished = [...unfinished.slice(0, firstPage), ...pages.map((page) => page.slice())]
    if (finished === undefined) return
    const { endIndex } = finished
    const directory = finished.directory.slice()
    runs.push({ run, endIndex, pages: unfinished.length, directory, own: unfinished })
    terms = terms.filter((stored) => stored.endIndex > endIndex)
    unfinished = []
  }

  function write({ from, to, bodies, ...full }: Commit): void {
    for (const { id, hashes } of full.tiles) tiles.set(tileName(id), hashes.slice())
    for (const { bytes } of full.bundles) bundles.push(bytes.slice())
    const unbundled = bodies.slice(Math.max(0, firstUnbundled(to.size) - from.size))
    const kept = full.bundles.length === 0 ? tail : []
    tail = [...kept, ...unbundled.map((body) => body.slice())]
    commits.push({ size: to.size, time: to.time })
    terms.push({ firstIndex: from.size, endIndex: to.size, bytes: full.terms.slice() })
    if (full.fold !== undefined) fold(full.fold)
    for (const { bytes, ...other } of full.attachments) {
      attachments.set(other.index, { ...other, bytes: bytes.slice() })
    }
    head = copyHead(to)
  }

  return {
    identity,
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
    terms: async (from) =>
      terms
        .filter(({ endIndex }) => endIndex > from)
        .slice(0, 1_024)
        .map((stored) => ({ ...stored, bytes: stored.bytes.slice() })),
    runs: async (from) =>
      runs.slice(from).map(({ run, endIndex, pages }) => ({ run, endIndex, pages })),
    directory: async (run) => runs[run]?.directory.slice(),
    page: async (run, page) => runs[run]?.own[page]?.slice(),
    timeOf: async (index) => commits.find(({ size }) => size > index)?.time,
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
