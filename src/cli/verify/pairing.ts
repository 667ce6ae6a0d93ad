// Which artifact a bundle is held against: the one of its name; the only one that was named; those whose digest it
// states; and what is left over of both in the order in which it was named. A wrong pair does no harm: it is false.
import { resolve } from "node:path"
import { basename } from "node:path/posix"
import { digestOf, type HashName, isHashName } from "../../core/base/digest.ts"
import { unlessRefused } from "../../core/base/errors.ts"
import { formatHex } from "../../core/base/text.ts"
import { readSummary } from "../../entry/kinds/summary.ts"
import { IN_TOTO_PAYLOAD_TYPE } from "../../entry/statement/pae.ts"
import { readSubjects } from "../../entry/statement/subjects.ts"
import type { SigstoreBundle } from "../../sigstore/bundle.ts"
import type { Artifact } from "./artifacts.ts"
import { artifactNameOf } from "./folder.ts"
import type { Given, GivenFile } from "./given.ts"

interface StatedDigest {
  readonly hash: HashName
  readonly hex: string
}

function statedDigest(text: string | undefined): readonly StatedDigest[] {
  const [hash = "", hex = ""] = (text ?? "").split(":")
  return isHashName(hash) ? [{ hash, hex }] : []
}

/** The digests by which a bundle says what it is of; hints, which the verification holds against the artifact. */
function digestsIn({ content, entries }: SigstoreBundle): readonly StatedDigest[] {
  if (content.form === "message-signature") {
    const { messageDigest } = content
    if (messageDigest !== undefined) {
      return [{ hash: messageDigest.hash, hex: formatHex(messageDigest.digest) }]
    }
    return entries.flatMap(({ body }) =>
      statedDigest(unlessRefused(() => readSummary(body).digest)),
    )
  }
  const { payload, payloadType } = content
  if (payloadType !== IN_TOTO_PAYLOAD_TYPE) {
    return [{ hash: "sha256", hex: formatHex(digestOf("sha256", payload)) }]
  }
  const subjects = unlessRefused(() => readSubjects(payload)) ?? []
  return subjects.flatMap(({ digests }) =>
    Object.entries(digests).map(([hash, digest]) => ({
      hash: hash as HashName,
      hex: formatHex(digest),
    })),
  )
}

function gather<T>(
  all: Iterable<readonly [key: string, value: T]>,
): ReadonlyMap<string, readonly T[]> {
  const map = new Map<string, T[]>()
  for (const [key, value] of all) {
    const known = map.get(key)
    if (known === undefined) map.set(key, [value])
    else known.push(value)
  }
  return map
}

/** Artifacts by their paths and, where only one bears it, by their names. */
function createNames(artifacts: readonly Artifact[]) {
  const files = artifacts.flatMap((artifact) =>
    artifact.path === undefined ? [] : [[artifact.path, artifact] as const],
  )
  const byPath = new Map(files.map(([path, artifact]) => [resolve(path), artifact]))
  const byName = gather(files.map(([path, artifact]) => [basename(path), artifact] as const))
  return (bundle: string): Artifact | undefined => {
    const name = artifactNameOf(bundle)
    if (name === undefined) return undefined
    const beside = byPath.get(resolve(name))
    const [only, ...more] = byName.get(basename(name)) ?? []
    return beside ?? (more.length === 0 ? only : undefined)
  }
}

function createDigests(
  artifacts: readonly Artifact[],
  failed: (artifact: Artifact, error: unknown) => void,
) {
  const indexes = new Map<HashName, Promise<ReadonlyMap<string, readonly Artifact[]>>>()

  async function indexBy(hash: HashName): Promise<ReadonlyMap<string, readonly Artifact[]>> {
    const all: (readonly [string, Artifact])[] = []
    for (const artifact of artifacts) {
      try {
        const { [hash]: digest } = await artifact.digests([hash])
        if (digest !== undefined) all.push([formatHex(digest), artifact])
      } catch (error) {
        failed(artifact, error)
      }
    }
    return gather(all)
  }

  return async (stated: readonly StatedDigest[]): Promise<ReadonlySet<Artifact>> => {
    const found = new Set<Artifact>()
    for (const { hash, hex } of stated) {
      const index = indexes.get(hash) ?? indexBy(hash)
      indexes.set(hash, index)
      for (const artifact of (await index).get(hex) ?? []) found.add(artifact)
    }
    return found
  }
}

interface Pairing {
  /** The artifacts that a bundle is of by its name or since only one was named; else undefined. */
  byName(file: GivenFile): Artifact | undefined
  /** Those whose digest it states, which reads all artifacts once. */
  byDigest(bundle: SigstoreBundle): Promise<ReadonlySet<Artifact>>
}

/** `failed` is told of artifacts that cannot be read. */
export function createPairing(
  { artifacts, isNamed }: Given,
  failed: (artifact: Artifact, error: unknown) => void,
): Pairing {
  const named = createNames(artifacts)
  const stating = createDigests(artifacts, failed)
  const [first, ...more] = artifacts
  const only = isNamed && more.length === 0 ? first : undefined
  return {
    byName: (file) => named(file.path) ?? (file.isNamed ? only : undefined),
    byDigest: (bundle) => stating(digestsIn(bundle)),
  }
}
