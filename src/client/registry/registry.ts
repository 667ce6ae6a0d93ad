// A client of one container registry (OCI distribution-spec 1.1): manifests, blobs, tags, the catalog, referrers, and
// putting manifests and blobs back. Every digest is computed again, every length is bounded before anything is read,
// and lists that never end are cut with a word about it. Leaves out deleting and chunked uploads.
import { parseUtf8 } from "../../core/base/bytes.ts"
import { digestOf, type HashName } from "../../core/base/digest.ts"
import { Refusal, refuse, shown } from "../../core/base/errors.ts"
import { asList, asObject, isAbsent, parseJson } from "../../core/base/json-value.ts"
import { formatHex } from "../../core/base/text.ts"
import { type Connection, createConnection, type RegistryOptions } from "./connection.ts"
import {
  type Descriptor,
  INDEX_TYPE,
  LONGEST_MANIFEST,
  MANIFEST_TYPES,
  readManifestValue,
} from "./manifest.ts"
import { isDigest, isRepository, isTag } from "./reference.ts"

export interface FoundManifest {
  /** Computed from the bytes. */
  readonly digest: string
  readonly mediaType: string
  readonly bytes: Uint8Array
}

/** A list that may have been cut. */
interface Listed<T> {
  readonly found: readonly T[]
  /** Whether the end of the list was reached; a list that goes on for ever is cut. */
  readonly isWhole: boolean
}

export interface Registry {
  /** By a digest or a tag; undefined if there is none. Refuses `mismatch` for bytes of another digest. */
  manifest(repository: string, reference: string): Promise<FoundManifest | undefined>
  /** Undefined if there is none. Refuses `too-large` above `longest`, and `mismatch` for others than asked for. */
  blob(repository: string, digest: string, longest: number): Promise<Uint8Array | undefined>
  hasBlob(repository: string, digest: string): Promise<boolean>
  /** Undefined if there is no such repository. */
  tags(repository: string): Promise<Listed<string> | undefined>
  /** Every repository that the registry lists; undefined if it lists none to anybody. */
  catalog(): Promise<Listed<string> | undefined>
  /** What the referrers API says; undefined if the registry has none, and keeps tags instead. */
  referrers(repository: string, digest: string): Promise<Listed<Descriptor> | undefined>
  /** Gives whether the registry keeps the list of referrers itself. */
  putManifest(repository: string, reference: string, manifest: FoundManifest): Promise<boolean>
  putBlob(repository: string, digest: string, bytes: Uint8Array): Promise<void>
}

const LONGEST_PAGE = 4 * 1024 * 1024
const MOST_PAGES = 1_000
const MOST_NAMES = 200_000
const MOST_REFERRERS = 16_384
const PAGE = 1_000
const LONGEST_LINK = 4_096
const LONGEST_MEDIA_TYPE = 255

const JSON_TYPE = "application/json"
const CATALOG_SCOPE = "registry:catalog:*"

const pullScope = (repository: string) => `repository:${repository}:pull`
const pushScope = (repository: string) => `repository:${repository}:pull,push`

/** The digest of the bytes by the hash of another digest. */
export function digestLike(digest: string, bytes: Uint8Array): string {
  const hash = digest.slice(0, digest.indexOf(":")) as HashName
  return `${hash}:${formatHex(digestOf(hash, bytes))}`
}

function assertDigest(asked: string, bytes: Uint8Array): void {
  const found = digestLike(asked, bytes)
  if (found !== asked) refuse("mismatch", `the registry answers ${asked} with bytes of ${found}`)
}

function mediaTypeOf(headers: Headers): string {
  return (
    (headers.get("content-type") ?? "").split(";", 1)[0]?.trim().slice(0, LONGEST_MEDIA_TYPE) ?? ""
  )
}

/** SPEC: RFC 8288; only the query counts, as pages are asked of the same place. */
function nextQuery(headers: Headers, base: string): string | undefined {
  const [, target = ""] =
    /<([^>]*)>\s*;[^,]*\brel="?next"?/i.exec((headers.get("link") ?? "").slice(0, LONGEST_LINK)) ??
    []
  if (target === "" || !URL.canParse(target, base)) return undefined
  return new URL(target, base).search
}

interface Pages<T> {
  readonly path: string
  readonly scope: string
  readonly accept: string
  readonly most: number
  read(value: unknown): readonly T[]
}

async function readPages<T>(
  { ask, base }: Connection,
  { path, scope, accept, most, read }: Pages<T>,
): Promise<Listed<T> | undefined> {
  const found: T[] = []
  const asked = new Set<string>()
  for (let query = `?n=${PAGE}`; asked.size < MOST_PAGES && found.length < most; ) {
    asked.add(query)
    const { status, headers, body } = await ask({
      path: path + query,
      accept,
      longest: LONGEST_PAGE,
      scope,
    })
    if (status === 404) return asked.size === 1 ? undefined : { found, isWhole: false }
    found.push(...read(parseJson(parseUtf8(body, path), path, LONGEST_PAGE)))
    const next = nextQuery(headers, base)
    if (next === undefined) return { found: found.slice(0, most), isWhole: found.length <= most }
    // A page that leads back would be read for ever.
    if (asked.has(next)) return { found, isWhole: false }
    query = next
  }
  return { found: found.slice(0, most), isWhole: false }
}

/** The names under `member` that are ones; the others cannot be asked for. */
function namesIn(member: string, isName: (text: string) => boolean) {
  return (value: unknown): readonly string[] => {
    const names = asObject(value, member)[member]
    if (isAbsent(names)) return []
    const list = asList(names, member, MOST_NAMES)
    return list.filter((name): name is string => typeof name === "string" && isName(name))
  }
}

async function fetchManifest({ ask }: Connection, repository: string, reference: string) {
  const { status, headers, body } = await ask({
    path: `${repository}/manifests/${reference}`,
    accept: MANIFEST_TYPES.join(", "),
    longest: LONGEST_MANIFEST,
    scope: pullScope(repository),
  })
  if (status === 404) return undefined
  if (isDigest(reference)) assertDigest(reference, body)
  const digest = isDigest(reference) ? reference : digestLike("sha256:", body)
  return { digest, mediaType: mediaTypeOf(headers), bytes: body }
}

async function fetchReferrers(connection: Connection, repository: string, digest: string) {
  try {
    return await readPages(connection, {
      path: `${repository}/referrers/${digest}`,
      scope: pullScope(repository),
      accept: INDEX_TYPE,
      most: MOST_REFERRERS,
      read: (value) => readManifestValue(value).manifests,
    })
  } catch (error) {
    // SPEC: a registry without the API answers 404; older ones say 400 or 405 for a path that they do not know.
    const isUnknown = error instanceof Refusal && / answers (?:400|405) /.test(error.message)
    if (isUnknown) return undefined
    throw error
  }
}

async function upload(
  { ask, base }: Connection,
  repository: string,
  digest: string,
  bytes: Uint8Array,
) {
  const scope = pushScope(repository)
  const begun = await ask({
    method: "POST",
    path: `${repository}/blobs/uploads/`,
    longest: LONGEST_PAGE,
    scope,
  })
  const location = begun.headers.get("location") ?? ""
  if (begun.status === 404 || !URL.canParse(location, base)) {
    refuse("malformed", `the registry gives no place for an upload, found ${shown(location)}`)
  }
  const place = new URL(location, `${base}${repository}/blobs/uploads/`)
  place.searchParams.set("digest", digest)
  const contentType = "application/octet-stream"
  const put = {
    method: "PUT",
    path: place.href,
    body: bytes,
    contentType,
    longest: LONGEST_PAGE,
    scope,
  } as const
  if ((await ask(put)).status === 404)
    refuse("not-found", `the registry has lost the upload of ${digest}`)
}

/** Asks nothing yet. Refuses `malformed` for the URL; methods reject with `Refusal` or `Trouble` ("network"). */
export function createRegistry(options: RegistryOptions): Registry {
  const connection = createConnection(options)
  const { ask } = connection
  return {
    manifest: (repository, reference) => fetchManifest(connection, repository, reference),
    async blob(repository, digest, longest) {
      const path = `${repository}/blobs/${digest}`
      const { status, body } = await ask({ path, longest, scope: pullScope(repository) })
      if (status === 404) return undefined
      assertDigest(digest, body)
      return body
    },
    async hasBlob(repository, digest) {
      const path = `${repository}/blobs/${digest}`
      return (
        (await ask({ method: "HEAD", path, longest: 0, scope: pullScope(repository) })).status !==
        404
      )
    },
    tags: (repository) =>
      readPages(connection, {
        path: `${repository}/tags/list`,
        scope: pullScope(repository),
        accept: JSON_TYPE,
        most: MOST_NAMES,
        read: namesIn("tags", isTag),
      }),
    catalog: () =>
      readPages(connection, {
        path: "_catalog",
        scope: CATALOG_SCOPE,
        accept: JSON_TYPE,
        most: MOST_NAMES,
        read: namesIn("repositories", isRepository),
      }),
    referrers: (repository, digest) => fetchReferrers(connection, repository, digest),
    async putManifest(repository, reference, { bytes, mediaType }) {
      const { status, headers } = await ask({
        method: "PUT",
        path: `${repository}/manifests/${reference}`,
        body: bytes,
        contentType: mediaType,
        longest: LONGEST_PAGE,
        scope: pushScope(repository),
      })
      if (status === 404) refuse("not-found", `the registry has no repository ${repository}`)
      // SPEC: a registry that keeps referrers itself says so when a manifest with a subject arrives.
      return headers.get("oci-subject") !== null
    },
    putBlob: (repository, digest, bytes) => upload(connection, repository, digest, bytes),
  }
}
