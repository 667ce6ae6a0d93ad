// Puts back what a registry has lost, from copies: blobs and manifest of a referrer and its line in the fallback tag,
// or a layer under one of cosign's tags. Others write the same tags at the same time without any lock, so a tag is read
// again after it was written.

import {
  INDEX_TYPE,
  LONGEST_MANIFEST,
  MANIFEST_TYPE,
  type Manifest,
  printJson,
  readManifest,
} from "../../client/registry/manifest.ts"
import { tagOf } from "../../client/registry/reference.ts"
import { digestLike, type FoundManifest, type Registry } from "../../client/registry/registry.ts"
import { parseUtf8, utf8 } from "../../core/base/bytes.ts"
import { refuse } from "../../core/base/errors.ts"
import { asObject, parseJson } from "../../core/base/json-value.ts"
import type { Copies } from "./copies.ts"
import { type KeptPart, placeOf } from "./state.ts"

const TRIES = 3

type Json = Readonly<Record<string, unknown>>

interface Workbench {
  readonly registry: Registry
  readonly copies: Copies
}

async function copyOf({ copies }: Workbench, digest: string): Promise<Uint8Array> {
  return (await copies.read(digest)) ?? refuse("not-found", `the copy of ${digest} is gone`)
}

function jsonOf(bytes: Uint8Array): Json {
  return asObject<string>(
    parseJson(parseUtf8(bytes, "copy"), "copy", LONGEST_MANIFEST),
    "copy",
  ) as Json
}

async function putBlobs(bench: Workbench, repository: string, digests: readonly string[]) {
  for (const digest of new Set(digests)) {
    if (await bench.registry.hasBlob(repository, digest)) continue
    await bench.registry.putBlob(repository, digest, await copyOf(bench, digest))
  }
}

function blobsOf({ config, layers }: Manifest): readonly string[] {
  return [...(config === undefined ? [] : [config]), ...layers].map(({ digest }) => digest)
}

function manifestOf(value: object, mediaType: string): FoundManifest {
  const bytes = utf8(printJson(value))
  return { bytes, mediaType, digest: digestLike("sha256:", bytes) }
}

/** Adds one descriptor to the list `member` of what is under a tag, until it is found there. */
async function addUnderTag(
  { registry }: Workbench,
  repository: string,
  tag: string,
  add: { readonly member: "manifests" | "layers"; readonly descriptor: Json; readonly empty: Json },
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

async function putReferrerBack(bench: Workbench, part: KeptPart): Promise<void> {
  const { repository, subject, copies } = part
  const bytes = await copyOf(bench, copies[0] ?? "")
  const manifest = readManifest(bytes, part.mediaType)
  await putBlobs(bench, repository, blobsOf(manifest))
  const digest = digestLike("sha256:", bytes)
  const isKept = await bench.registry.putManifest(repository, digest, {
    ...{ bytes, digest, mediaType: manifest.mediaType || part.mediaType },
  })
  if (isKept) return
  const { artifactType, config, mediaType } = manifest
  const type = artifactType || config?.mediaType
  const annotations = jsonOf(bytes)["annotations"]
  await addUnderTag(bench, repository, tagOf(subject, "referrers"), {
    member: "manifests",
    descriptor: {
      mediaType: mediaType || MANIFEST_TYPE,
      ...{ digest, size: bytes.length },
      ...(type !== undefined && { artifactType: type }),
      ...(annotations !== undefined && { annotations }),
    },
    empty: { schemaVersion: 2, mediaType: INDEX_TYPE, manifests: [] },
  })
}

async function putLayerBack(bench: Workbench, part: KeptPart): Promise<void> {
  const { repository, subject, use, copies } = part
  const [descriptor, base] = [
    await copyOf(bench, copies[0] ?? ""),
    await copyOf(bench, copies[1] ?? ""),
  ]
  const { config } = readManifest(base)
  const layer = jsonOf(descriptor)
  const blobs = [String(layer["digest"]), ...(config === undefined ? [] : [config.digest])]
  await putBlobs(bench, repository, blobs)
  await addUnderTag(bench, repository, tagOf(subject, use), {
    ...{ member: "layers", descriptor: layer, empty: { ...jsonOf(base), layers: [] } },
  })
}

/** Puts a part back. Refuses `not-found` if a copy is missing; rejects as the registry does. */
export async function putBack(bench: Workbench, part: KeptPart): Promise<void> {
  if (part.copies.length === 0) {
    refuse(
      "not-found",
      `${part.repository}@${part.subject}: there are no copies of ${placeOf(part)}`,
    )
  }
  await (part.use === "referrers" ? putReferrerBack(bench, part) : putLayerBack(bench, part))
}
