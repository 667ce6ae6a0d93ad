// A container registry in this process, honest unless a test puts something in front of it: manifests, blobs, tags, a
// catalog, and the referrers API if it is to have one.
import { createHash } from "node:crypto"
import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"

export const MANIFEST = "application/vnd.oci.image.manifest.v1+json"
export const INDEX = "application/vnd.oci.image.index.v1+json"
export const BUNDLE = "application/vnd.dev.sigstore.bundle.v0.3+json"
export const SIMPLE_SIGNING = "application/vnd.dev.cosign.simplesigning.v1+json"
const EMPTY = "application/vnd.oci.empty.v1+json"

interface Stored {
  readonly type: string
  readonly bytes: Buffer
}

export interface FakeRepository {
  readonly manifests: Map<string, Stored>
  readonly tags: Map<string, string>
}

/** Answers in the registry's place if it gives true. */
type Front = (request: IncomingMessage, response: ServerResponse) => boolean

export interface FakeRegistry {
  readonly url: string
  readonly host: string
  readonly blobs: Map<string, Buffer>
  readonly repositories: Map<string, FakeRepository>
  /** `METHOD PATH` of every request. */
  readonly asked: string[]
  hasReferrers: boolean
  front: Front
  repository(name: string): FakeRepository
  close(): Promise<void>
}

export function digestOf(bytes: string | Uint8Array): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`
}

function readAll(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  return new Promise((resolve, reject) => {
    request.on("data", (chunk: Buffer) => chunks.push(chunk))
    request.on("end", () => resolve(Buffer.concat(chunks))).on("error", reject)
  })
}

function send(response: ServerResponse, status: number, body: string | Buffer = "", headers = {}) {
  response.writeHead(status, headers).end(body)
}

function notFound(response: ServerResponse): void {
  send(response, 404, '{"errors":[{"code":"MANIFEST_UNKNOWN"}]}')
}

function referrersOf({ manifests }: FakeRepository, digest: string) {
  return [...manifests].flatMap(([own, { type, bytes }]) => {
    const value = JSON.parse(bytes.toString()) as { subject?: { digest: string } }
    if (value.subject?.digest !== digest) return []
    return [{ mediaType: type, digest: own, size: bytes.length }]
  })
}

export async function openFakeRegistry(): Promise<FakeRegistry> {
  const blobs = new Map<string, Buffer>()
  const repositories = new Map<string, FakeRepository>()
  const asked: string[] = []

  function repository(name: string): FakeRepository {
    const found = repositories.get(name) ?? { manifests: new Map(), tags: new Map() }
    repositories.set(name, found)
    return found
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? "", "http://registry")
    const { method } = request
    if (url.pathname === "/v2/_catalog") {
      return send(response, 200, JSON.stringify({ repositories: [...repositories.keys()] }))
    }
    const [, name = "", what = "", rest = ""] =
      /^\/v2\/(.+)\/(manifests|blobs|tags|referrers)\/(.+)$/.exec(url.pathname) ?? []
    const found = repositories.get(name)
    if (what === "blobs" && method === "POST") {
      return send(response, 202, "", { location: `/v2/${name}/blobs/uploads/1?state=x` })
    }
    if (what === "blobs" && method === "PUT") {
      const bytes = await readAll(request)
      const digest = url.searchParams.get("digest") ?? ""
      if (digest !== digestOf(bytes)) return send(response, 400)
      blobs.set(digest, bytes)
      return send(response, 201)
    }
    if (what === "blobs") {
      const bytes = blobs.get(rest)
      return bytes === undefined ? notFound(response) : send(response, 200, bytes)
    }
    if (found === undefined) return notFound(response)
    if (what === "tags") {
      return send(response, 200, JSON.stringify({ name, tags: [...found.tags.keys()] }))
    }
    if (what === "referrers") {
      if (!registry.hasReferrers) return send(response, 404, "404 page not found")
      const manifests = referrersOf(found, rest)
      return send(response, 200, JSON.stringify({ schemaVersion: 2, mediaType: INDEX, manifests }))
    }
    if (method === "PUT") {
      const bytes = await readAll(request)
      const digest = digestOf(bytes)
      found.manifests.set(digest, { type: request.headers["content-type"] ?? "", bytes })
      if (!rest.startsWith("sha256:")) found.tags.set(rest, digest)
      const { subject } = JSON.parse(bytes.toString()) as { subject?: { digest: string } }
      const told = registry.hasReferrers && subject ? { "oci-subject": subject.digest } : {}
      return send(response, 201, "", told)
    }
    const manifest = found.manifests.get(found.tags.get(rest) ?? rest)
    if (manifest === undefined) return notFound(response)
    send(response, 200, manifest.bytes, { "content-type": manifest.type })
  }

  const server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`)
    if (!registry.front(request, response)) void answer(request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`
  const registry: FakeRegistry = {
    ...{ url: `http://${host}`, host, blobs, repositories, asked, repository },
    hasReferrers: false,
    front: () => false,
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
  return registry
}

export interface Layer {
  readonly content: string | Uint8Array
  readonly mediaType: string
  readonly annotations?: Readonly<Record<string, string>>
}

function descriptor(bytes: Buffer, mediaType: string, more: object = {}) {
  return { mediaType, digest: digestOf(bytes), size: bytes.length, ...more }
}

/** Puts a manifest of these layers and gives its digest. */
export function putManifest(
  { blobs, repository }: FakeRegistry,
  name: string,
  layers: readonly Layer[],
  more: { readonly subject?: string; readonly tag?: string; readonly artifactType?: string } = {},
): string {
  const config = Buffer.from("{}")
  blobs.set(digestOf(config), config)
  const listed = layers.map(({ content, mediaType, annotations }) => {
    const bytes = Buffer.from(content)
    blobs.set(digestOf(bytes), bytes)
    return descriptor(bytes, mediaType, annotations && { annotations })
  })
  const { subject, tag, artifactType } = more
  const value = {
    ...{ schemaVersion: 2, mediaType: MANIFEST, artifactType, layers: listed },
    config: descriptor(config, EMPTY),
    ...(subject !== undefined && { subject: { mediaType: MANIFEST, digest: subject, size: 1 } }),
  }
  return putJson(repository(name), value, MANIFEST, tag)
}

export function putIndex(
  { repository }: FakeRegistry,
  name: string,
  children: readonly string[],
  tag?: string,
): string {
  const manifests = children.map((digest) => ({ mediaType: MANIFEST, digest, size: 1 }))
  return putJson(repository(name), { schemaVersion: 2, mediaType: INDEX, manifests }, INDEX, tag)
}

function putJson(repository: FakeRepository, value: object, type: string, tag?: string): string {
  const bytes = Buffer.from(JSON.stringify(value))
  const digest = digestOf(bytes)
  repository.manifests.set(digest, { type, bytes })
  if (tag !== undefined) repository.tags.set(tag, digest)
  return digest
}

/** The tag under which a list of referrers, or cosign's own, is kept. */
export function tagFor(digest: string, ending = ""): string {
  return digest.replace(":", "-") + ending
}

/** Adds a referrer as clients do: without the API by the fallback tag, whose line says what it likes. */
export function putReferrer(
  registry: FakeRegistry,
  name: string,
  subject: string,
  layers: readonly Layer[],
  { isListed = true } = {},
): string {
  const digest = putManifest(registry, name, layers, {
    subject,
    artifactType: layers[0]?.mediaType ?? "",
  })
  if (registry.hasReferrers || !isListed) return digest
  const { manifests, tags } = registry.repository(name)
  const tag = tagFor(subject)
  const before = manifests.get(tags.get(tag) ?? "")
  const listed =
    before === undefined
      ? []
      : (JSON.parse(before.bytes.toString()).manifests as { digest: string }[])
  putIndex(registry, name, [...listed.map((each) => each.digest), digest], tag)
  return digest
}
