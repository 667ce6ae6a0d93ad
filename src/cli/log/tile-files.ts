// A log as static files (C2SP tlog-tiles): written once, never changed, the checkpoint last. Files that
// are there already are used instead of being fetched again, so an export can be continued.
import { mkdir } from "node:fs/promises"
import { dirname, join } from "node:path"
import { equalBytes } from "../../core/base/bytes.ts"
import { refuse } from "../../core/base/errors.ts"
import { decodeBundle } from "../../core/tree/bundle.ts"
import { appendLeaf, edgeRoot, emptyEdge } from "../../core/tree/edge.ts"
import type { TreeHasher } from "../../core/tree/hash.ts"
import {
  formatTilePath,
  partialTiles,
  TILE_WIDTH,
  type TileResource,
  tileBytes,
} from "../../core/tree/tile.ts"
import type { FsckSource } from "../../log/fsck.ts"
import { readIfThere } from "../../storage/disk/durable-file.ts"
import { writeWhole } from "../command/file.ts"

interface TileExport {
  readonly source: FsckSource
  /** The signed note for `source.head`. */
  readonly checkpoint: string
  readonly directory: string
  readonly hasher: TreeHasher
  /** Told after each bundle how many entries it has. */
  readonly onProgress?: (entries: number) => void
}

/** Tiles and bundles never change: other bytes in their place mean another log. */
async function writeOnce(file: string, bytes: Uint8Array): Promise<void> {
  const there = await readIfThere(file)
  if (there === undefined) {
    await mkdir(dirname(file), { recursive: true })
    return await writeWhole(file, bytes, "tile file")
  }
  if (!equalBytes(there, bytes)) refuse("conflict", `${file} is there with other bytes`)
}

/**
 * Writes every tile and bundle of `source` and, when the root that the entries give is the one of the
 * head, the checkpoint. Refuses `mismatch` otherwise; `conflict` if a file of another log is there.
 */
export async function exportTiles(options: TileExport): Promise<void> {
  const { source, directory, hasher } = options
  const { size, root } = source.head
  const edge = emptyEdge()
  const write = (resource: TileResource, bytes: Uint8Array): Promise<void> =>
    writeOnce(join(directory, formatTilePath(resource)), bytes)

  async function bundleBytes(index: number, width: number): Promise<Uint8Array> {
    const path = formatTilePath({ kind: "entries", index, width })
    const there = width === TILE_WIDTH ? await readIfThere(join(directory, path)) : undefined
    const bytes = there ?? (await source.bundle(index, width))
    return bytes ?? refuse("not-found", `${path} is missing`)
  }

  async function growBy(bodies: readonly Uint8Array[]): Promise<void> {
    for (const body of bodies) {
      for (const { id, nodes } of appendLeaf(edge, hasher.leaf(body), hasher)) {
        await write({ kind: "tile", ...id, width: TILE_WIDTH }, tileBytes(nodes, TILE_WIDTH))
      }
    }
  }

  for (let index = 0; index * TILE_WIDTH < size; index++) {
    const width = Math.min(TILE_WIDTH, size - index * TILE_WIDTH)
    const bytes = await bundleBytes(index, width)
    await write({ kind: "entries", index, width }, bytes)
    await growBy(decodeBundle(bytes, width))
    options.onProgress?.(width)
  }
  for (const { tile, width } of partialTiles(size)) {
    const nodes = edge.levels[tile.level]
    if (nodes !== undefined) await write({ kind: "tile", ...tile, width }, tileBytes(nodes, width))
  }
  if (!equalBytes(edgeRoot(edge, hasher), root)) {
    refuse("mismatch", `the entries do not give the root of the checkpoint at size ${size}`)
  }
  await mkdir(directory, { recursive: true })
  await writeWhole(join(directory, "checkpoint"), options.checkpoint, "checkpoint")
}
