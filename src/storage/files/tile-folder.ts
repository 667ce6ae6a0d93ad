// A log as static files in a folder (C2SP tlog-tiles, as `countersign export-tiles` writes them), read the
// way the monitor reads any log.
import { readdir, readFile, stat } from "node:fs/promises"
import { join } from "node:path"
import { parseUtf8 } from "../../core/base/bytes.ts"
import { refuse, Trouble } from "../../core/base/errors.ts"
import { LONGEST_ENTRY_BUNDLE, LONGEST_NOTE } from "../../core/base/limits.ts"
import { cutResource } from "../../core/tree/partial-resource.ts"
import { formatTilePath, TILE_WIDTH, type TileResource } from "../../core/tree/tile.ts"
import type { LogSource } from "../../monitor/follow/source.ts"
import { systemCode } from "../disk/durable-file.ts"
import { plain } from "../disk/plain-bytes.ts"

/** What `read` gives of a path that is there. */
async function ifThere<T>(path: string, read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read()
  } catch (reason) {
    const code = systemCode(reason)
    if (code === undefined) throw reason
    if (code === "ENOENT" || code === "ENOTDIR") return undefined
    // Somebody else's log: that it cannot be read is no trouble of the monitor's own disk.
    throw new Trouble("network", `${path} cannot be read: ${code}`, { cause: reason })
  }
}

function readTile(file: string): Promise<Uint8Array | undefined> {
  return ifThere(file, async () => {
    const { size } = await stat(file)
    if (size > LONGEST_ENTRY_BUNDLE)
      refuse("too-large", `${file}: expected a tile, found ${size} bytes`)
    return plain(await readFile(file))
  })
}

/** The smallest width of a partial resource in this folder that is at least `width`. */
function widthThere(folder: string, width: number): Promise<number | undefined> {
  return ifThere(folder, async () => {
    const widths = (await readdir(folder)).map(Number).filter((found) => found >= width)
    return widths.sort((a, b) => a - b)[0]
  })
}

export function createTileFolder(folder: string): LogSource {
  async function read(resource: TileResource): Promise<Uint8Array | undefined> {
    const whole = join(folder, formatTilePath({ ...resource, width: TILE_WIDTH }))
    const found = await readTile(whole)
    if (found !== undefined) return cutResource(resource, found)
    if (resource.width === TILE_WIDTH) return undefined
    const width = await widthThere(`${whole}.p`, resource.width)
    if (width === undefined) return undefined
    const part = await readTile(join(folder, formatTilePath({ ...resource, width })))
    return part && cutResource(resource, part)
  }

  return {
    async checkpoint() {
      const note = await readTile(join(folder, "checkpoint"))
      if (note === undefined) throw new Trouble("network", `${folder} has no checkpoint`)
      if (note.length > LONGEST_NOTE) refuse("too-large", `${folder}/checkpoint is no note`)
      return parseUtf8(note, `${folder}/checkpoint`)
    },
    bundle: (index, width) => read({ kind: "entries", index, width }),
    tile: (level, index, width) => read({ kind: "tile", level, index, width }),
  }
}
