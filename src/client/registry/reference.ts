// Names of a container registry (OCI distribution-spec 1.1): repositories, digests, tags, references of images, and the
// tags under which signatures are kept. Leaves out the aliases of short names: a registry is always named.
import { refuse, shown } from "../../core/base/errors.ts"

/** SPEC: distribution-spec 1.1, "Pulling manifests". */
const REPOSITORY =
  /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/
const LONGEST_REPOSITORY = 255
const TAG = /^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/
const DIGEST = /^(?:sha256:[0-9a-f]{64}|sha384:[0-9a-f]{96}|sha512:[0-9a-f]{128})$/
const HOST = /^(?:[A-Za-z0-9.-]+|\[[0-9a-fA-F:.]+\])(?::[0-9]{1,5})?$/

export function isRepository(text: string): boolean {
  return text.length <= LONGEST_REPOSITORY && REPOSITORY.test(text)
}

/** The name of a repository; refuses `malformed`. */
export function parseRepository(text: string): string {
  if (isRepository(text)) return text
  return refuse("malformed", `repository: expected a name such as acme/app, found ${shown(text)}`)
}

export function isTag(text: string): boolean {
  return TAG.test(text)
}

/** Whether it is a digest whose hash is known here. */
export function isDigest(text: string): boolean {
  return DIGEST.test(text)
}

/** `algorithm:hex` of a hash that is known here; refuses `malformed`. */
export function parseDigest(text: string, what: string): string {
  if (isDigest(text)) return text
  return refuse(
    "malformed",
    `${what}: expected sha256: and 64 hex digits, found ${shown(text, 150)}`,
  )
}

/** What a special tag keeps: an index of referrers (OCI), or signatures or attestations of cosign 2. */
export type TagUse = "referrers" | "sig" | "att"

/** The tag of `use` for what has this digest. */
export function tagOf(digest: string, use: TagUse): string {
  // SPEC: the encoded part is cut to 64 characters (distribution-spec 1.1, "Referrers Tag Schema").
  const name = digest.replace(":", "-").slice(0, digest.indexOf(":") + 1 + 64)
  return use === "referrers" ? name : `${name}.${use}`
}

interface SpecialTag {
  readonly subject: string
  readonly use: TagUse
}

/** What a special tag is about; undefined for any other tag, and for one that has only a part of its digest. */
export function readSpecialTag(tag: string): SpecialTag | undefined {
  const [, hash, hex, , use] = /^(sha256|sha384|sha512)-([0-9a-f]+)(\.(sig|att))?$/.exec(tag) ?? []
  const subject = `${hash}:${hex}`
  if (hash === undefined || !isDigest(subject)) return undefined
  return { subject, use: use === "sig" || use === "att" ? use : "referrers" }
}

interface ImageReference {
  /** HOST or HOST:PORT as it was written. */
  readonly host: string
  readonly repository: string
  /** A digest or a tag. */
  readonly reference: string
}

/** `HOST/REPOSITORY@sha256:HEX` or `HOST/REPOSITORY:TAG`. Refuses `malformed`. */
export function parseImageReference(text: string): ImageReference {
  const [, host = "", rest = ""] = /^([^/]+)\/(.+)$/.exec(text) ?? []
  const [, repository = "", , tag, digest] =
    /^([^@:]+)(:([^@]+))?(?:@(.+))?$/.exec(rest)?.map((part) => part as string | undefined) ?? []
  const reference = digest ?? tag ?? ""
  const isNamed = digest === undefined ? isTag(reference) : isDigest(reference)
  // SPEC: as Docker has it, the first part is a host only if it has a dot or a port, or is localhost.
  const isHost = HOST.test(host) && (/[.:]/.test(host) || host === "localhost")
  if (isHost && isRepository(repository) && isNamed) return { host, repository, reference }
  return refuse(
    "malformed",
    `image: expected HOST/REPOSITORY@sha256:HEX or HOST/REPOSITORY:TAG, found ${shown(text, 150)}`,
  )
}

const LOOPBACK = /^(?:localhost|127\.[0-9.]+|\[::1\])(?::|$)/

/** The base URL of a registry by its host: plain HTTP on this machine alone, as other clients have it. */
export function registryUrl(host: string): string {
  const real = host === "docker.io" || host === "index.docker.io" ? "registry-1.docker.io" : host
  return `${LOOPBACK.test(real) ? "http" : "https"}://${real}`
}
