// Manifests and indexes of images (OCI image-spec 1.1, Docker's schema 2) as far as signatures are found by them: what
// they are about, their layers and their children. Whatever stands in them was written by strangers: media types,
// artifact types and annotations are hints and decide nothing.
import { parseUtf8 } from "../../core/base/bytes.ts"
import { refuse } from "../../core/base/errors.ts"
import {
  asInteger,
  asList,
  asObject,
  asText,
  isAbsent,
  optional,
  parseJson,
} from "../../core/base/json-value.ts"
import { parseDigest } from "./reference.ts"

export const INDEX_TYPE = "application/vnd.oci.image.index.v1+json"
export const MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json"

/** Every form of manifest; a registry answers 404 for one that was not asked for. */
export const MANIFEST_TYPES = [
  INDEX_TYPE,
  MANIFEST_TYPE,
  "application/vnd.docker.distribution.manifest.list.v2+json",
  "application/vnd.docker.distribution.manifest.v2+json",
  "application/vnd.oci.artifact.manifest.v1+json",
] as const

/** SPEC: registries should limit manifests to 4 MiB (distribution-spec 1.1, "Pushing Manifests"). */
export const LONGEST_MANIFEST = 4 * 1024 * 1024
/** Layers of a manifest, and children of an index. */
const MOST_DESCRIPTORS = 4_096

export interface Descriptor {
  readonly digest: string
  readonly size: number
  readonly mediaType: string
  readonly artifactType: string
  readonly annotations: Readonly<Record<string, string>>
  /** As it was parsed, for putting it back. */
  readonly value: object
}

export interface Manifest {
  /** As the manifest states it, or as the registry sent it. */
  readonly mediaType: string
  readonly artifactType: string
  readonly subject: Descriptor | undefined
  /** Children of an index. */
  readonly manifests: readonly Descriptor[]
  /** Layers of a manifest, or blobs of an OCI artifact. */
  readonly layers: readonly Descriptor[]
  readonly config: Descriptor | undefined
}

function textOr(value: unknown, fallback: string): string {
  return typeof value === "string" ? value : fallback
}

/** Annotations that are no text are left out: nobody can read a signature in them. */
function readAnnotations(value: unknown): Readonly<Record<string, string>> {
  if (isAbsent(value)) return {}
  const members = Object.entries(asObject(value, "annotations"))
  return Object.fromEntries(
    members.filter((member): member is [string, string] => typeof member[1] === "string"),
  )
}

function readDescriptor(value: unknown, what: string): Descriptor {
  const members = asObject(value, what)
  return {
    digest: parseDigest(asText(members["digest"], `${what}.digest`), `${what}.digest`),
    size: asInteger(members["size"], `${what}.size`),
    mediaType: textOr(members["mediaType"], ""),
    artifactType: textOr(members["artifactType"], ""),
    annotations: readAnnotations(members["annotations"]),
    value: members,
  }
}

function readDescriptors(value: unknown, what: string): readonly Descriptor[] {
  if (isAbsent(value)) return []
  return asList(value, what, MOST_DESCRIPTORS).map((each, i) =>
    readDescriptor(each, `${what}[${i}]`),
  )
}

/** JSON of what was read from a stranger; refuses `malformed` for what is nested too deeply to be printed. */
export function printJson(value: object): string {
  try {
    return JSON.stringify(value)
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    return refuse("malformed", "manifest: expected JSON of some levels, found it nested too deeply")
  }
}

/**
 * Reads a manifest or an index; `sent` is the media type that the registry gave. Refuses `malformed` or `too-large`.
 * What is both an index and a manifest is read as both.
 */
export function readManifest(bytes: Uint8Array, sent = ""): Manifest {
  return readManifestValue(
    parseJson(parseUtf8(bytes, "manifest"), "manifest", LONGEST_MANIFEST),
    sent,
  )
}

/** The same of what was parsed. */
export function readManifestValue(parsed: unknown, sent = ""): Manifest {
  const what = "manifest"
  const value = asObject<string>(parsed, what)
  if (isAbsent(value["manifests"]) && isAbsent(value["layers"]) && isAbsent(value["blobs"])) {
    if (isAbsent(value["config"]) && isAbsent(value["subject"])) {
      refuse("unsupported", `${what}: expected layers or children, found neither`)
    }
  }
  return {
    mediaType: textOr(value["mediaType"], sent),
    artifactType: textOr(value["artifactType"], ""),
    subject: optional(value["subject"], (it) => readDescriptor(it, `${what}.subject`)),
    manifests: readDescriptors(value["manifests"], `${what}.manifests`),
    layers: [
      ...readDescriptors(value["layers"], `${what}.layers`),
      ...readDescriptors(value["blobs"], `${what}.blobs`),
    ],
    config: optional(value["config"], (it) => readDescriptor(it, `${what}.config`)),
  }
}
