// Puts something beside an image (OCI distribution-spec 1.1, referrers): its blobs, a manifest that names the image as
// its subject, and for a registry without the referrers API its line in the fallback tag. Others write the same tag at
// the same time without any lock, so it is read again after it was written.
import { parseUtf8, utf8 } from "../../core/base/bytes.ts"
import { refuse } from "../../core/base/errors.ts"
import { asObject, parseJson } from "../../core/base/json-value.ts"
import { INDEX_TYPE, LONGEST_MANIFEST, MANIFEST_TYPE, printJson } from "./manifest.ts"
import { tagOf } from "./reference.ts"
import { digestLike, type FoundManifest, type Registry } from "./registry.ts"

const TRIES = 3
const BUNDLE_TYPE = "application/vnd.dev.sigstore.bundle.v0.3+json"
const EMPTY_TYPE = "application/vnd.oci.empty.v1+json"
const EMPTY = utf8("{}")

export type Json = Readonly<Record<string, unknown>>

/** The JSON object that bytes of a registry are. Refuses `malformed`. */
export function jsonOf(bytes: Uint8Array): Json {
  const text = parseUtf8(bytes, "manifest")
  return asObject<string>(parseJson(text, "manifest", LONGEST_MANIFEST), "manifest") as Json
}

function manifestOf(value: object, mediaType: string): FoundManifest {
  const bytes = utf8(printJson(value))
  return { bytes, mediaType, digest: digestLike("sha256:", bytes) }
}

/**
 * Adds one descriptor to the list `member` of what is under a tag, until it is found there. Refuses `conflict` if
 * others write it all the time.
 */
export async function addUnderTag(
  registry: Registry,
  repository: string,
  tag: string,
  add: {
    readonly member: "manifests" | "layers"
    readonly descriptor: Json
    readonly empty: Json
  },
): Promise<void> {
  const { member, descriptor, empty } = add
  const line = printJson(descriptor)
  for (let tries = 0; tries < TRIES; tries++) {
    const found = await registry.manifest(repository, tag)
    const value = found === undefined ? empty : jsonOf(found.bytes)
    const list = Array.isArray(value[member]) ? (value[member] as readonly unknown[]) : []
    if (found !== undefined && list.some((each) => printJson(Object(each)) === line)) return
    const type = String(value["mediaType"] ?? found?.mediaType ?? MANIFEST_TYPE)
    await registry.putManifest(
      repository,
      tag,
      manifestOf({ ...value, [member]: [...list, descriptor] }, type),
    )
  }
  refuse(
    "conflict",
    `${repository}:${tag} is written by others all the time; it is put back the next time`,
  )
}

interface Referrer {
  /** What it is about. */
  readonly subject: string
  readonly manifest: FoundManifest
  readonly artifactType: string | undefined
  readonly annotations: unknown
}

/** Puts the manifest of a referrer whose blobs are there, with its line in the fallback tag if need be. */
export async function putReferrerManifest(
  registry: Registry,
  repository: string,
  { subject, manifest, artifactType, annotations }: Referrer,
): Promise<void> {
  const { digest, mediaType, bytes } = manifest
  if (await registry.putManifest(repository, digest, manifest)) return
  await addUnderTag(registry, repository, tagOf(subject, "referrers"), {
    member: "manifests",
    descriptor: {
      mediaType: mediaType || MANIFEST_TYPE,
      ...{ digest, size: bytes.length },
      ...(artifactType !== undefined && { artifactType }),
      ...(annotations !== undefined && { annotations }),
    },
    empty: { schemaVersion: 2, mediaType: INDEX_TYPE, manifests: [] },
  })
}

interface BundleOfImage {
  /** The image's manifest. */
  readonly subject: FoundManifest
  /** The bytes of a Sigstore bundle. */
  readonly bundle: Uint8Array
  readonly annotations: Readonly<Record<string, string>>
}

/** Puts a Sigstore bundle beside an image. The same bundle again changes nothing. Rejects as the registry does. */
export async function putReferrer(
  registry: Registry,
  repository: string,
  { subject, bundle, annotations }: BundleOfImage,
): Promise<void> {
  const blobs = [EMPTY, bundle].map((bytes) => ({ bytes, digest: digestLike("sha256:", bytes) }))
  for (const { bytes, digest } of blobs) {
    if (!(await registry.hasBlob(repository, digest))) {
      await registry.putBlob(repository, digest, bytes)
    }
  }
  const [config, layer] = blobs.map(({ bytes, digest }, i) => {
    return { mediaType: i === 0 ? EMPTY_TYPE : BUNDLE_TYPE, digest, size: bytes.length }
  })
  const about = {
    mediaType: subject.mediaType || MANIFEST_TYPE,
    ...{ digest: subject.digest, size: subject.bytes.length },
  }
  const value = {
    ...{ schemaVersion: 2, mediaType: MANIFEST_TYPE, artifactType: BUNDLE_TYPE },
    ...{ config, layers: [layer], subject: about, annotations },
  }
  const manifest = manifestOf(value, MANIFEST_TYPE)
  await putReferrerManifest(registry, repository, {
    ...{ subject: subject.digest, manifest, artifactType: BUNDLE_TYPE, annotations },
  })
}
