// Images of a container registry as something to sign: named by digest, never by a tag, which may point to another
// image a moment later. The manifest is fetched for its other digests, and its bundle can be pushed beside it.
import { isDigest, parseImageReference, registryUrl } from "../../client/registry/reference.ts"
import type { FoundManifest, Registry } from "../../client/registry/registry.ts"
import { digestOf, type HashName, hashNames, isHashName } from "../../core/base/digest.ts"
import { bug, refuse, shown } from "../../core/base/errors.ts"
import { LONGEST_BUNDLE } from "../../core/base/limits.ts"
import { parseHex } from "../../core/base/text.ts"
import { readBytes } from "../command/file.ts"
import { type NetworkOptions, openNetwork } from "../command/network.ts"
import { openRegistry, type RegistryOptions } from "../command/registry-options.ts"
import type { Terminal } from "../command/terminal.ts"
import type { NamedArtifact } from "./places.ts"
import type { Subject } from "./statements.ts"

interface ImageOptions extends RegistryOptions, NetworkOptions {
  /** The base URL of the registry, if not that of the image's host. */
  readonly registry?: string
  readonly ownDigestOnly?: true
}

interface Image {
  readonly host: string
  readonly repository: string
  readonly digest: string
}

function readImage(text: string): Image {
  const { host, repository, reference } = parseImageReference(text)
  if (isDigest(reference)) return { host, repository, digest: reference }
  return refuse(
    "malformed",
    `image: expected HOST/REPOSITORY@sha256:HEX, found the tag ${shown(reference)}, which may name another image later`,
  )
}

/** Lies in the working directory, or in that of `--bundle-dir`. Refuses `malformed`. */
export function namedImage(text: string): NamedArtifact {
  const { repository, digest } = readImage(text)
  const name = repository.slice(repository.lastIndexOf("/") + 1)
  return { artifact: text, bundleName: `${name}-${digest.replace(":", "-")}.sigstore.json` }
}

export interface Images {
  /** Refuses `not-found`, and rejects as the registry does. */
  subject(text: string): Promise<Subject>
  /** Puts the bundle in a file beside the image. */
  push(
    text: string,
    bundlePath: string,
    annotations: Readonly<Record<string, string>>,
  ): Promise<void>
}

function knownDigest(digest: string): Subject["digests"] {
  const [name = "", hex = ""] = digest.split(":")
  const hash: HashName = isHashName(name) ? name : bug(`${name} is no hash`)
  return { [hash]: parseHex(hex, "digest") }
}

export function createImages(options: ImageOptions, terminal: Terminal): Images {
  async function open({ host }: Image): Promise<Registry> {
    const { fetch, patience } = await openNetwork(options, terminal)
    const url = options.registry ?? registryUrl(host)
    return await openRegistry(url, options, fetch, undefined, patience)
  }

  async function manifestOf(image: Image): Promise<FoundManifest> {
    const { host, repository, digest } = image
    const found = await (await open(image)).manifest(repository, digest)
    return (
      found ?? refuse("not-found", `expected ${digest} in ${host}/${repository}, found nothing`)
    )
  }

  return {
    async subject(text) {
      const image = readImage(text)
      const name = `${image.host}/${image.repository}`
      if (options.ownDigestOnly) return { name, digests: knownDigest(image.digest) }
      const { bytes } = await manifestOf(image)
      return {
        name,
        digests: Object.fromEntries(hashNames.map((hash) => [hash, digestOf(hash, bytes)])),
      }
    },
    async push(text, bundlePath, annotations) {
      const image = readImage(text)
      const subject = await manifestOf(image)
      const { putReferrer } = await import("../../client/registry/referrer.ts")
      const bundle = await readBytes(bundlePath, "bundle", LONGEST_BUNDLE)
      await putReferrer(await open(image), image.repository, { subject, bundle, annotations })
    },
  }
}
