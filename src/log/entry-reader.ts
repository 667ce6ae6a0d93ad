// Reads entries and entry bundles, and gives away only those whose leaf hashes are in the tree.

import { equalBytes } from "../core/base/bytes.ts"
import { refuse, Trouble } from "../core/base/errors.ts"
import { createTurns } from "../core/base/turns.ts"
import { bundleStart, decodeBundle, encodeBundle } from "../core/tree/bundle.ts"
import type { Hash, TreeHasher } from "../core/tree/hash.ts"
import { nodeInTile, TILE_WIDTH, type TileNodes, tileWidth } from "../core/tree/tile.ts"
import { createBoundedMap } from "../tree/bounded-map.ts"
import type { TreeReader } from "../tree/tree-reader.ts"
import type { LogEntry } from "./ports/log.ts"
import type { LogReads } from "./ports/store.ts"

interface EntryReader {
  /** The leaf hash at an index that is in the tree. */
  leafHash(index: number): Promise<Hash>
  /** Refuses `not-found` beyond the tree. */
  entry(index: number): Promise<LogEntry>
  /** The first `width` entries of a bundle as they are stored; undefined if the tree has not so many there. */
  bundle(index: number, width: number): Promise<Uint8Array | undefined>
}

interface EntryReaderOptions {
  readonly tree: TreeReader
  readonly reads: Pick<LogReads, "bundle" | "bodies">
  /** When an entry was committed; throws Trouble `damaged` rather than a time that is not covered. */
  readonly timeOf: (index: number) => Promise<number>
  readonly hasher: TreeHasher
  /** Bytes of full bundles that are kept; one has 128 KB with entries of 500 bytes, 16 MB at the most. */
  readonly cachedBundleBytes: number
  /** Calls back when others had their turn, for example setImmediate. */
  readonly defer: (callback: () => void) => void
}

/** A full bundle as it is stored, and its entries, which are views of that. */
interface Bundle {
  readonly bytes: Uint8Array
  readonly bodies: readonly Uint8Array[]
  /** The entries that were found to be those of the tree; nothing else is given away. */
  readonly checked: Set<number>
}

/** The beginning of the last bundle, which is not full. */
interface Tail {
  readonly index: number
  readonly width: number
  readonly bytes: Uint8Array
}

/** What a view of an entry takes. */
const VIEW_BYTES = 128
/** Hashed before other requests get a turn; a bundle of entries of ordinary length has less. */
const BYTES_A_TURN = 2 * 1024 * 1024

const bundleSize = ({ bytes, bodies }: Bundle): number => bytes.length + VIEW_BYTES * bodies.length

export function createEntryReader(options: EntryReaderOptions): EntryReader {
  const { tree, reads, hasher } = options
  const cache = createBoundedMap<number, Bundle>(options.cachedBundleBytes, bundleSize)
  // One bundle at a time: what is hashed in a turn would else be multiplied by those who ask.
  const inTurn = createTurns()
  let lastTail: Tail | undefined

  async function leafHash(index: number): Promise<Hash> {
    const id = { level: 0, index: Math.floor(index / TILE_WIDTH) }
    return nodeInTile(await tree.tile(id), 0, index % TILE_WIDTH)
  }

  function assertInTree(leaves: TileNodes, first: number, bodies: readonly Uint8Array[]): void {
    bodies.forEach((body, i) => {
      const index = first + i
      if (equalBytes(hasher.leaf(body), nodeInTile(leaves, 0, index % TILE_WIDTH))) return
      throw new Trouble("damaged", `entry ${index} does not match its leaf hash in the tree`)
    })
  }

  /** A full bundle. Each of its entries is checked against the tree once, when it is first given away. */
  async function storedBundle(index: number): Promise<Bundle> {
    const cached = cache.get(index)
    if (cached !== undefined) return cached
    const bytes = await reads.bundle(index)
    if (bytes === undefined) throw new Trouble("damaged", `entry bundle ${index} is missing`)
    const bundle = { bytes, bodies: decodeStored(bytes, index), checked: new Set<number>() }
    cache.set(index, bundle)
    return bundle
  }

  /** Checks the entries of a full bundle that were not given away before, some at a time: others have requests, too. */
  async function assertBundle(index: number, { bodies, checked }: Bundle): Promise<void> {
    const leaves = await tree.tile({ level: 0, index })
    let hashed = 0
    for (const [at, body] of bodies.entries()) {
      if (checked.has(at)) continue
      assertInTree(leaves, index * TILE_WIDTH + at, [body])
      checked.add(at)
      hashed += body.length
      if (hashed <= BYTES_A_TURN) continue
      hashed = 0
      await new Promise<void>((resolve) => options.defer(resolve))
    }
  }

  /** The first `width` entries of a full bundle. */
  async function fullBundle(index: number, width: number): Promise<Uint8Array> {
    const bundle = await storedBundle(index)
    if (bundle.checked.size < TILE_WIDTH) await inTurn(() => assertBundle(index, bundle))
    const { bytes } = bundle
    return width === TILE_WIDTH ? bytes : bundleStart(bytes, width)
  }

  async function bodyInBundle(index: number): Promise<Uint8Array> {
    const bundle = Math.floor(index / TILE_WIDTH)
    const at = index % TILE_WIDTH
    const { bodies, checked } = await storedBundle(bundle)
    const body = bodies[at] as Uint8Array
    if (!checked.has(at)) {
      assertInTree(await tree.tile({ level: 0, index: bundle }), index, [body])
      checked.add(at)
    }
    return body
  }

  /** The last one asked for is kept: entries are only ever added, so that it begins as every longer one. */
  async function tailBundle(index: number, width: number): Promise<Uint8Array> {
    const known = lastTail
    if (known?.index === index && known.width >= width) return bundleStart(known.bytes, width)
    const first = index * TILE_WIDTH
    const bytes = encodeBundle(await tailBodies(first, first + width))
    lastTail = { index, width, bytes }
    return bytes
  }

  async function tailBodies(from: number, to: number): Promise<readonly Uint8Array[]> {
    const bodies = await reads.bodies(from, to)
    if (bodies.length !== to - from) {
      throw new Trouble("damaged", `entry ${from + bodies.length} is missing`)
    }
    const leaves = await tree.tile({ level: 0, index: Math.floor(from / TILE_WIDTH) })
    assertInTree(leaves, from, bodies)
    return bodies
  }

  async function bodyAt(index: number): Promise<Uint8Array> {
    const bundle = Math.floor(index / TILE_WIDTH)
    const full = tileWidth({ level: 0, index: bundle }, tree.edge.size) === TILE_WIDTH
    if (full) return await bodyInBundle(index)
    const [body] = await tailBodies(index, index + 1)
    return body as Uint8Array
  }

  return {
    leafHash,
    async entry(index) {
      const size = tree.edge.size
      if (index >= size) {
        refuse("not-found", `expected an index below the size ${size}, found ${index}`)
      }
      const body = await bodyAt(index)
      const time = await options.timeOf(index)
      return { index, leafHash: await leafHash(index), body, time }
    },
    async bundle(index, width) {
      const available = tileWidth({ level: 0, index }, tree.edge.size)
      if (width > available || width < 1) return undefined
      if (available < TILE_WIDTH) return await tailBundle(index, width)
      return await fullBundle(index, width)
    },
  }
}

function decodeStored(bytes: Uint8Array, index: number): Uint8Array[] {
  try {
    return decodeBundle(bytes, TILE_WIDTH)
  } catch (cause) {
    throw new Trouble("damaged", `entry bundle ${index} cannot be read`, { cause })
  }
}
