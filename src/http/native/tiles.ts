// The C2SP tlog-tiles interface: the checkpoint, hash tiles and entry bundles. Tiles of every width up to
// the newest tree are served and never change. Entry bundles go out compressed to clients that ask.
import { hash } from "node:crypto"
import { promisify } from "node:util"
import { gzip } from "node:zlib"
import { LRUCache } from "lru-cache"
import Negotiator from "negotiator"
import { refuse } from "../../core/base/errors.ts"
import { parseTilePath, type TileId, type TileResource, tileWidth } from "../../core/tree/tile.ts"
import type { Surroundings } from "../door/handler.ts"
import { type Answer, isKnown, notModified, textAnswer } from "../serving/answer.ts"
import { type Call, get, type Route } from "../serving/route.ts"

const gzipped = promisify(gzip)

/** Compressed entry bundles that are kept, in bytes. */
const COMPRESSED_LIMIT = 32 * 1024 * 1024
/** Compressions at a time: they share their threads with the verification of signatures. */
const COMPRESSION_LIMIT = 2

/** The resource of a raw path; `..`, percent signs and a query never get past the parser. */
const resourceOf = ({ request }: Call) => parseTilePath((request.url ?? "").slice(1))

function notThere(resource: TileResource): never {
  const what = resource.kind === "tile" ? `tile ${resource.level}` : "entry bundle"
  const { index, width } = resource
  return refuse("not-found", `the newest tree has no ${what}/${index} of width ${width}`)
}

function idOf(resource: TileResource): TileId {
  return { level: resource.kind === "tile" ? resource.level : 0, index: resource.index }
}

function createCompressor() {
  const kept = new LRUCache<string, Uint8Array>({
    maxSize: COMPRESSED_LIMIT,
    sizeCalculation: (bytes) => bytes.length,
  })
  let running = 0
  return {
    /** What was compressed for this key, as long as it is remembered. */
    known: (key: string) => kept.get(key),
    /** Undefined if too much is being compressed already. */
    async compress(key: string, bytes: Uint8Array): Promise<Uint8Array | undefined> {
      if (running === COMPRESSION_LIMIT) return undefined
      running += 1
      try {
        const compressed = await gzipped(bytes)
        kept.set(key, compressed)
        return compressed
      } finally {
        running -= 1
      }
    },
  }
}

export function tileRoutes({ log, publisher, config }: Surroundings): readonly Route[] {
  const compressor = createCompressor()
  const immutable = "public, max-age=31536000, immutable"
  let newest: { readonly checkpoint: string; readonly etag: string; readonly answer: Answer }

  /** The answer for the published checkpoint, made once for each. Refuses `try-later` without one. */
  function checkpointAnswer(): typeof newest {
    const { checkpoint } =
      publisher.published() ??
      refuse("try-later", publisher.status()?.reason ?? "no checkpoint is published yet")
    if (newest?.checkpoint === checkpoint) return newest
    const etag = `"${hash("sha256", checkpoint, "hex").slice(0, 32)}"`
    const cacheControl = `public, max-age=${config.checkpointMaxAge}`
    const answer = textAnswer(200, checkpoint, { "cache-control": cacheControl, etag })
    newest = { checkpoint, etag, answer }
    return newest
  }

  /**
   * Refuses `not-found` unless the tree has the resource. The name of a resource decides its bytes as
   * long as the tree is the same, so it is a strong validator and needs no hashing.
   */
  function etagOf(resource: TileResource, suffix = ""): string {
    if (tileWidth(idOf(resource), log.head().size) < resource.width) notThere(resource)
    const row = resource.kind === "tile" ? resource.level : "entries"
    return `"${log.treeId}-${row}-${resource.index}-${resource.width}${suffix}"`
  }

  function tileAnswer(etag: string, bytes: Uint8Array): Answer {
    const type = "application/octet-stream"
    const headers = { "content-type": type, "cache-control": immutable, etag }
    return { status: 200, headers, body: bytes }
  }

  function bundleAnswer(etag: string, bytes: Uint8Array, isCompressed: boolean): Answer {
    const { status, headers } = tileAnswer(etag, bytes)
    const encoding = isCompressed ? { "content-encoding": "gzip" } : undefined
    return { status, headers: { ...headers, vary: "accept-encoding", ...encoding }, body: bytes }
  }

  async function answerTile(call: Call): Promise<Answer> {
    const resource = resourceOf(call)
    const etag = etagOf(resource)
    if (isKnown(call.request, etag)) return notModified(tileAnswer(etag, new Uint8Array(0)))
    const bytes = await log.tile(idOf(resource), resource.width)
    return tileAnswer(etag, bytes ?? notThere(resource))
  }

  async function answerBundle(call: Call): Promise<Answer> {
    const resource = resourceOf(call)
    const plainTag = etagOf(resource)
    const gzipTag = etagOf(resource, "-gzip")
    const wantsGzip = new Negotiator(call.request).encoding(["gzip", "identity"]) === "gzip"
    const etag = wantsGzip ? gzipTag : plainTag
    if (isKnown(call.request, etag)) {
      return notModified(bundleAnswer(etag, new Uint8Array(0), wantsGzip))
    }
    const known = wantsGzip ? compressor.known(gzipTag) : undefined
    if (known !== undefined) return bundleAnswer(gzipTag, known, true)
    const bytes = (await log.bundle(resource.index, resource.width)) ?? notThere(resource)
    const small = wantsGzip ? await compressor.compress(gzipTag, bytes) : undefined
    return small === undefined
      ? bundleAnswer(plainTag, bytes, false)
      : bundleAnswer(gzipTag, small, true)
  }

  function publishedCheckpoint({ request }: Call): Answer {
    const { etag, answer } = checkpointAnswer()
    return isKnown(request, etag) ? notModified(answer) : answer
  }

  const tree = { isTree: true } as const
  return [
    get("getCheckpoint", "/checkpoint", publishedCheckpoint),
    get("getEntryTile", "/tile/entries/{index}", answerBundle, { ...tree, isLarge: true }),
    get("getTile", "/tile/{level}/{index}", answerTile, tree),
  ]
}
