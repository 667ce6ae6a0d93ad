// Where fsck, backup and export read a log from: the database of a data directory, or a URL; and the check of a database's
// messages.

import type { LogClient } from "../../client/log-client.ts"
import { Refusal } from "../../core/base/errors.ts"
import { encodeBundle } from "../../core/tree/bundle.ts"
import type { Head } from "../../core/tree/hash.ts"
import { TILE_WIDTH, type TileId, type TileResource } from "../../core/tree/tile.ts"
import { hashNatively } from "../../crypto/native-hash.ts"
import { nativeHasher } from "../../crypto/tree-hasher.ts"
import type { FsckSource } from "../../log/fsck.ts"
import { checkMessages, type MessageReport } from "../../log/message-check.ts"
import type { LogReads } from "../../log/ports/store.ts"
import type { StoredLog } from "../../storage/log-engine.ts"

/** A database as it is stored; its partial tiles follow from the entries. */
export function sourceFromReads(reads: LogReads, head: Head): FsckSource {
  return {
    head,
    hasPartialTiles: false,
    async tile(id: TileId, width: number) {
      if (width < TILE_WIDTH) return undefined
      const [hashes] = await reads.tiles([id])
      return hashes
    },
    async bundle(index, width) {
      if (width === TILE_WIDTH) return await reads.bundle(index)
      const bodies = await reads.bodies(index * TILE_WIDTH, index * TILE_WIDTH + width)
      return encodeBundle(bodies)
    },
  }
}

/** A served log, as its newest checkpoint says it should be. */
export function sourceFromUrl(client: LogClient, head: Head): FsckSource {
  return {
    head,
    hasPartialTiles: true,
    tile: (id, width) => fetched(client, { kind: "tile", ...id, width }),
    bundle: (index, width) => fetched(client, { kind: "entries", index, width }),
  }
}

async function fetched(client: LogClient, resource: TileResource): Promise<Uint8Array | undefined> {
  try {
    return await client.tile(resource)
  } catch (error) {
    if (error instanceof Refusal && error.code === "not-found") return undefined
    throw error
  }
}

/** Hashes every message again. */
export function checkStoredMessages({
  messages,
}: Pick<StoredLog, "messages">): Promise<MessageReport> {
  return checkMessages({
    messages,
    hasher: nativeHasher,
    hash: hashNatively,
  })
}
