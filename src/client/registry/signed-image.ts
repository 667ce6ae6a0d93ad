// The signatures of one image in its registry, each as the text of a bundle: Sigstore bundles of referrers, and what
// cosign 2 keeps in layers and annotations, put into its own older form of a bundle. What an image's children or its
// signatures are signed with is left out. Verifies nothing; whatever could not be read is said.
import { parseUtf8 } from "../../core/base/bytes.ts"
import { Refusal, refuse, Trouble } from "../../core/base/errors.ts"
import { asBytes, asObject, isAbsent, parseJson } from "../../core/base/json-value.ts"
import { LONGEST_BUNDLE } from "../../core/base/limits.ts"
import { formatBase64 } from "../../core/base/text.ts"
import { isEnvelope } from "../messages/signed-message.ts"
import { type Descriptor, readManifest } from "./manifest.ts"
import { type TagUse, tagOf } from "./reference.ts"
import type { FoundManifest, Registry } from "./registry.ts"
import { BUNDLE, CERTIFICATE, partsOf, readPart, SIGNATURE } from "./signatures.ts"

export interface ImageSignature {
  /** The digest of the layer that it is in, for people. */
  readonly place: string
  /** A bundle as JSON; or why there is none to read. */
  readonly bundle: string | Refusal
  /** What was signed, if that is not the image itself: JSON that has to name the image. */
  readonly simpleSigning?: Uint8Array
  /** An RFC 3161 timestamp that stands beside an older bundle, as DER. */
  readonly timestamp?: Uint8Array
}

interface Fault {
  readonly place: string
  readonly why: string
}

/** More than an image of many years has; each may cost a question and a verification. */
const MOST_IMAGE_SIGNATURES = 4_096
/** All layers together; each may be fetched. */
const MOST_BYTES = 8 * LONGEST_BUNDLE
const MOST_FAULTS = 100

const CHAIN = "dev.sigstore.cosign/chain"
const TIMESTAMP = "dev.sigstore.cosign/rfc3161timestamp"

function readTimestamp(text: string): Uint8Array {
  const what = `annotation ${TIMESTAMP}`
  const value = asObject(parseJson(text, what, LONGEST_BUNDLE), what, ["SignedRFC3161Timestamp"])
  return asBytes(value.SignedRFC3161Timestamp, what)
}

/** Refuses `bad-proof` for a signature without a log's entry. */
function oldBundle(signature: string, { annotations }: Descriptor): Omit<ImageSignature, "place"> {
  const { [BUNDLE]: bundle = "", [CERTIFICATE]: leaf = "", [CHAIN]: chain = "" } = annotations
  if (bundle === "") refuse("bad-proof", "beside the signature there is no entry of a log")
  const rekorBundle = parseJson(bundle, `annotation ${BUNDLE}`, LONGEST_BUNDLE)
  const cert = leaf === "" ? {} : { cert: `${leaf}\n${chain}` }
  const { [TIMESTAMP]: stamp = "" } = annotations
  return {
    bundle: JSON.stringify({ base64Signature: signature, ...cert, rekorBundle }),
    ...(stamp !== "" && { timestamp: readTimestamp(stamp) }),
  }
}

function has(value: unknown, name: string): boolean {
  return (
    typeof value === "object" &&
    value !== null &&
    !isAbsent((value as Record<string, unknown>)[name])
  )
}

function jsonIn(bytes: Uint8Array): unknown {
  try {
    return parseJson(parseUtf8(bytes, "layer"), "layer", LONGEST_BUNDLE)
  } catch (error) {
    if (error instanceof Refusal) return undefined
    throw error
  }
}

/** What a layer has: undefined if it is nothing that signs. */
function readLayer(
  layer: Descriptor,
  bytes: Uint8Array,
): Omit<ImageSignature, "place"> | undefined {
  const { [SIGNATURE]: signature = "" } = layer.annotations
  if (signature !== "") return { ...oldBundle(signature, layer), simpleSigning: bytes }
  const value = jsonIn(bytes)
  if (has(value, "verificationMaterial")) return { bundle: parseUtf8(bytes, "bundle") }
  // SPEC: cosign 2 has the whole envelope where its older bundle has a signature.
  if (isEnvelope(value)) return oldBundle(formatBase64(bytes), layer)
  return undefined
}

function readLayerOr(
  layer: Descriptor,
  bytes: Uint8Array,
): Omit<ImageSignature, "place"> | undefined {
  try {
    return readLayer(layer, bytes)
  } catch (error) {
    if (error instanceof Refusal) return { bundle: error }
    throw error
  }
}

type Take = (signature: ImageSignature) => Promise<void>

function createSearch(registry: Registry, repository: string, subject: string, take: Take) {
  const faults: Fault[] = []
  const seen = new Set<string>()
  let taken = 0
  let bytes = 0

  async function part(place: string, work: () => Promise<void>): Promise<void> {
    try {
      await work()
    } catch (error) {
      if (!(error instanceof Refusal || error instanceof Trouble)) throw error
      if (faults.length < MOST_FAULTS) faults.push({ place, why: error.message })
    }
  }

  async function give(signature: ImageSignature): Promise<void> {
    taken += 1
    if (taken > MOST_IMAGE_SIGNATURES) {
      refuse(
        "too-large",
        `expected up to ${MOST_IMAGE_SIGNATURES} signatures of an image, found more`,
      )
    }
    await take(signature)
  }

  async function open(found: FoundManifest, use: TagUse): Promise<void> {
    const manifest = readManifest(found.bytes, found.mediaType)
    const place = { repository, subject, use, found, manifest }
    for (const each of partsOf(place)) {
      bytes += each.layers.reduce((sum, { size }) => sum + size, 0)
      if (bytes > MOST_BYTES)
        refuse("too-large", "its signatures are too large to look into them all")
      const read = await readPart(registry, place, each)
      let isAny = false
      for (const layer of each.layers) {
        const content = read.blobs.get(layer.digest)
        const unread = new Refusal("unsupported", read.unreadable ?? "it cannot be read")
        const signature = content === undefined ? { bundle: unread } : readLayerOr(layer, content)
        if (signature === undefined) continue
        isAny = true
        await give({ place: layer.digest, ...signature })
      }
      const why = read.unreadable ?? read.unloggable
      if (isAny || why === undefined) continue
      const bundle = new Refusal("unsupported", why)
      await give({ place: each.layers[0]?.digest ?? found.digest, bundle })
    }
  }

  async function openReferrers(listed: readonly Descriptor[]): Promise<void> {
    for (const { digest } of listed) {
      if (seen.has(digest) || taken > MOST_IMAGE_SIGNATURES) continue
      seen.add(digest)
      await part(`referrer ${digest}`, async () => {
        const found = await registry.manifest(repository, digest)
        if (found === undefined) return refuse("not-found", "it is listed, and is not there")
        return await open(found, "referrers")
      })
    }
  }

  async function openTag(use: TagUse): Promise<void> {
    const tag = tagOf(subject, use)
    await part(`tag ${tag}`, async () => {
      const found = await registry.manifest(repository, tag)
      if (found === undefined) return
      if (use === "referrers") {
        await openReferrers(readManifest(found.bytes, found.mediaType).manifests)
      } else await open(found, use)
    })
  }

  return {
    faults,
    async run(): Promise<void> {
      await part("referrers", async () => {
        const listed = await registry.referrers(repository, subject)
        await openReferrers(listed?.found ?? [])
        if (listed?.isWhole === false) refuse("malformed", "the list of referrers does not end")
      })
      for (const use of ["referrers", "sig", "att"] as const) await openTag(use)
    },
  }
}

/**
 * Gives `take` every signature of the image with this digest, one after the other; what could not be seen is a fault.
 * Rejects only with what `take` throws beside refusals and troubles, which are faults as well.
 */
export async function findSignatures(
  registry: Registry,
  repository: string,
  digest: string,
  take: Take,
): Promise<readonly Fault[]> {
  const { run, faults } = createSearch(registry, repository, digest, take)
  await run()
  return faults
}
