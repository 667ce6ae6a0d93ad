// A log for the monitor's tests: bodies in memory, served as tiles and bundles of any width, with switches
// to serve something else.
import { generateKeyPairSync, type KeyObject, sign } from "node:crypto"
import { formatCheckpoint } from "../../src/core/note/checkpoint.ts"
import { formatNote, makeVkey, type Vkey } from "../../src/core/note/note.ts"
import { parseOrigin } from "../../src/core/note/origin.ts"
import { encodeBundle } from "../../src/core/tree/bundle.ts"
import { appendLeaf, edgeRoot, emptyEdge } from "../../src/core/tree/edge.ts"
import type { Head } from "../../src/core/tree/hash.ts"
import { TILE_WIDTH, type TileNodes, tileBytes } from "../../src/core/tree/tile.ts"
import { nativeHasher } from "../../src/crypto/tree-hasher.ts"
import type { LogSource } from "../../src/monitor/follow/source.ts"

export const origin = parseOrigin("log.example")
export const hasher = nativeHasher

export interface MadeLog {
  readonly vkey: Vkey
  readonly bodies: Uint8Array[]
  append(count: number, text?: string): void
  /** The head at a size, the newest by default. */
  head(size?: number): Head
  note(size?: number): string
  readonly source: LogSource
  /** What was asked for, in order: `bundle 3`, `tile 0/3 fresh`. */
  readonly asked: string[]
  /** Gives another answer to a question than the log's own; `true` for that. */
  answer: (question: string) => Uint8Array | undefined | true
}

function tilesOf(bodies: readonly Uint8Array[], size: number): ReadonlyMap<string, TileNodes> {
  const edge = emptyEdge()
  const tiles = new Map<string, TileNodes>()
  for (const body of bodies.slice(0, size)) {
    for (const { id, nodes } of appendLeaf(edge, hasher.leaf(body), hasher)) {
      tiles.set(`${id.level}/${id.index}`, nodes)
    }
  }
  edge.levels.forEach((nodes, level) => {
    if (nodes.width > 0) tiles.set(`${level}/${Math.floor(size / 256 ** (level + 1))}`, nodes)
  })
  return tiles
}

export function makeLog(keys: KeyObject = generateKeyPairSync("ed25519").privateKey): MadeLog {
  const jwk = keys.export({ format: "jwk" })
  const vkey = makeVkey(origin, 1, new Uint8Array(Buffer.from(jwk.x ?? "", "base64url")))
  const bodies: Uint8Array[] = []
  const asked: string[] = []
  let tiles: ReadonlyMap<string, TileNodes> = new Map()
  let tilesSize = 0

  function allTiles(): ReadonlyMap<string, TileNodes> {
    if (tilesSize !== bodies.length) tiles = tilesOf(bodies, bodies.length)
    tilesSize = bodies.length
    return tiles
  }

  function served(
    question: string,
    own: () => Uint8Array | undefined,
  ): Promise<Uint8Array | undefined> {
    asked.push(question)
    const answer = made.answer(question)
    return Promise.resolve(answer === true ? own() : answer)
  }

  function bundle(index: number, width: number): Uint8Array | undefined {
    const own = bodies.slice(index * TILE_WIDTH, index * TILE_WIDTH + width)
    return own.length === width ? encodeBundle(own) : undefined
  }

  function tile(name: string, width: number): Uint8Array | undefined {
    const nodes = allTiles().get(name)
    return nodes === undefined || nodes.width < width ? undefined : tileBytes(nodes, width).slice()
  }

  const mark = (isFresh?: boolean): string => (isFresh === true ? " fresh" : "")

  const made: MadeLog = {
    vkey,
    bodies,
    asked,
    answer: () => true,
    append(count, text = "entry") {
      for (let i = 0; i < count; i++)
        bodies.push(new TextEncoder().encode(`${text} ${bodies.length}`))
    },
    head(size = bodies.length) {
      const edge = emptyEdge()
      for (const body of bodies.slice(0, size)) appendLeaf(edge, hasher.leaf(body), hasher)
      return { size, root: edgeRoot(edge, hasher) }
    },
    note(size) {
      const text = formatCheckpoint(origin, made.head(size))
      const signature = new Uint8Array(sign(null, Buffer.from(text), keys))
      return formatNote(text, [{ name: vkey.name, keyId: vkey.keyId, signature }])
    },
    source: {
      checkpoint: () => Promise.resolve(made.note()),
      bundle: (index, width, isFresh) =>
        served(`bundle ${index}${mark(isFresh)}`, () => bundle(index, width)),
      tile: (level, index, width, isFresh) =>
        served(`tile ${level}/${index}${mark(isFresh)}`, () => tile(`${level}/${index}`, width)),
    },
  }
  return made
}
