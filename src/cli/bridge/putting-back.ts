// Puts back what a registry has lost, from copies: blobs and manifest of a referrer and its line in the fallback tag,
// or a layer under one of cosign's tags.

import { type Manifest, readManifest } from "../../client/registry/manifest.ts"
import { tagOf } from "../../client/registry/reference.ts"
import { addUnderTag, jsonOf, putReferrerManifest } from "../../client/registry/referrer.ts"
import { digestLike, type Registry } from "../../client/registry/registry.ts"
import { refuse } from "../../core/base/errors.ts"
import type { Copies } from "./copies.ts"
import { type KeptPart, placeOf } from "./state.ts"

interface Workbench {
  readonly registry: Registry
  readonly copies: Copies
}

async function copyOf({ copies }: Workbench, digest: string): Promise<Uint8Array> {
  return (await copies.read(digest)) ?? refuse("not-found", `the copy of ${digest} is gone`)
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

async function putReferrerBack(bench: Workbench, part: KeptPart): Promise<void> {
  const { repository, subject, copies } = part
  const bytes = await copyOf(bench, copies[0] ?? "")
  const manifest = readManifest(bytes, part.mediaType)
  await putBlobs(bench, repository, blobsOf(manifest))
  const digest = digestLike("sha256:", bytes)
  const { artifactType, config, mediaType } = manifest
  await putReferrerManifest(bench.registry, repository, {
    subject,
    manifest: { bytes, digest, mediaType: mediaType || part.mediaType },
    artifactType: artifactType || config?.mediaType,
    annotations: jsonOf(bytes)["annotations"],
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
  await addUnderTag(bench.registry, repository, tagOf(subject, use), {
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
