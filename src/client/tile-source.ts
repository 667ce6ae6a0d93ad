// A log's read side over HTTP, as the monitor needs it: checkpoint, tiles and entry bundles of C2SP
// tlog-tiles, at the root or, for a Rekor v2 log, below `api/v2/`; and a witness's newest heads (C2SP
// tlog-witness). Believes nothing of what it reads.
import { parseUtf8 } from "../core/base/bytes.ts"
import { Refusal, Trouble, unlessRefused } from "../core/base/errors.ts"
import { asObject, asText, parseJson } from "../core/base/json-value.ts"
import { LONGEST_ENTRY_BUNDLE, LONGEST_ENVELOPE, LONGEST_NOTE } from "../core/base/limits.ts"
import { HASH_SIZE } from "../core/tree/hash.ts"
import { cutResource } from "../core/tree/partial-resource.ts"
import { formatTilePath, TILE_WIDTH, type TileResource } from "../core/tree/tile.ts"
import { parseBase } from "./base-url.ts"
import { createNativeSource, type NativeSource } from "./native-source.ts"
import { createPatientReading, type PatientOptions } from "./patient-reading.ts"
import { checkpointPath } from "./witness-client.ts"

const REKOR_V2 = "rekor-v2+"
/** Room for a note and the shards that a log was before. */
const LONGEST_REKOR_LOG = 2 * LONGEST_NOTE
const LONGEST_TILE = TILE_WIDTH * HASH_SIZE

/** Has the form of the monitor's port `LogSource`, which says what it promises. */
interface TileSource {
  checkpoint(isFresh?: boolean): Promise<string>
  bundle(index: number, width: number, isFresh?: boolean): Promise<Uint8Array | undefined>
  tile(
    level: number,
    index: number,
    width: number,
    isFresh?: boolean,
  ): Promise<Uint8Array | undefined>
  rekorHead?(): Promise<string | undefined>
  envelope?(index: number): Promise<Uint8Array | undefined>
  readonly native?: NativeSource
}

interface TileSourceOptions extends PatientOptions {
  /** `http(s)://…`, or `rekor-v2+http(s)://…` for a Rekor v2 log. */
  readonly url: string
  /** Text that was never given before, so that no cache knows a URL with it. */
  readonly unique: () => string
}

/** Refuses `malformed` for the URL. */
export function createTileSource(options: TileSourceOptions): TileSource {
  const isRekor = options.url.startsWith(REKOR_V2)
  const base = parseBase(isRekor ? options.url.slice(REKOR_V2.length) : options.url, "URL")
  const prefix = isRekor ? `${base}api/v2/` : base
  const read = createPatientReading(options)

  /** A query that no cache knows; C2SP servers may refuse any query, and are then asked without. */
  async function readPath(path: string, longest: number, isFresh = false) {
    const url = prefix + path
    if (!isFresh) return await read({ url, longest })
    try {
      return await read({ url: `${url}?fresh=${options.unique()}`, longest, isFresh })
    } catch (error) {
      if (!(error instanceof Refusal) || error.code !== "malformed") throw error
      return await read({ url, longest, isFresh })
    }
  }

  async function readResource(resource: TileResource, isFresh?: boolean) {
    const longest = resource.kind === "tile" ? LONGEST_TILE : LONGEST_ENTRY_BUNDLE
    const bytes = await readPath(formatTilePath(resource), longest, isFresh)
    if (bytes !== undefined || resource.width === TILE_WIDTH) return bytes
    // SPEC: a partial tile may be gone once the full one is there (C2SP tlog-tiles).
    const whole = formatTilePath({ ...resource, width: TILE_WIDTH })
    const full = await readPath(whole, longest, isFresh)
    return full && cutResource(resource, full)
  }

  const source: TileSource = {
    async checkpoint(isFresh) {
      const note = await readPath("checkpoint", LONGEST_NOTE, isFresh)
      if (note === undefined) throw new Trouble("network", `${prefix}checkpoint: there is none`)
      return parseUtf8(note, "checkpoint")
    },
    bundle: (index, width, isFresh) => readResource({ kind: "entries", index, width }, isFresh),
    tile: (level, index, width, isFresh) =>
      readResource({ kind: "tile", level, index, width }, isFresh),
  }
  if (isRekor) return source

  /** `signedTreeHead` of Rekor v1; undefined for any answer but one, as of a server that has no such door. */
  async function readRekorHead(): Promise<string | undefined> {
    const bytes = await read({
      url: `${base}api/v1/log`,
      longest: LONGEST_REKOR_LOG,
      isFresh: true,
    })
    return unlessRefused(() => {
      const text = parseUtf8(bytes ?? new Uint8Array(0), "log of Rekor v1")
      const found = parseJson(text, "log of Rekor v1", LONGEST_REKOR_LOG)
      return asText(asObject(found, "log of Rekor v1", ["signedTreeHead"]).signedTreeHead, "head")
    })
  }

  async function rekorHead(): Promise<string | undefined> {
    try {
      return await readRekorHead()
    } catch (error) {
      if (error instanceof Refusal) return undefined
      throw error
    }
  }

  return {
    ...source,
    rekorHead,
    envelope: (index) =>
      read({
        url: `${base}v1/entries/${index}/attestation`,
        longest: LONGEST_ENVELOPE,
        tellsGone: true,
      }),
    native: createNativeSource(base, read),
  }
}

/** A witness's read API below its URL; refuses `malformed` for the URL. */
export function createWitnessHeads(options: Omit<TileSourceOptions, "unique">) {
  const base = parseBase(options.url, "URL")
  const read = createPatientReading(options)
  return {
    async head(origin: string): Promise<string | undefined> {
      const url = base + checkpointPath(origin)
      const note = await read({ url, longest: LONGEST_NOTE, isFresh: true })
      return note && parseUtf8(note, "checkpoint of a witness")
    },
  }
}
