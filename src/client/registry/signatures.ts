// The signatures in one place of a registry: Sigstore bundles and bare envelopes in the layers of a referrer, simple
// signing and envelopes with annotations in the layers of cosign 2. Every layer is opened, whatever its media type says.
// A layer is one of four things: signed messages, a signature that no log takes, something else, or not readable.
import { parseAnyBase64 } from "../../core/base/any-base64.ts"
import { parseUtf8, utf8 } from "../../core/base/bytes.ts"
import { Refusal } from "../../core/base/errors.ts"
import { isAbsent, parseJson } from "../../core/base/json-value.ts"
import { LONGEST_BUNDLE } from "../../core/base/limits.ts"
import { present } from "../../core/base/present.ts"
import { messagesOfJson, readOldEntry, readPemCertificate } from "../messages/bundle-messages.ts"
import { type SignedMessage, signedBytes } from "../messages/signed-message.ts"
import { type Descriptor, printJson } from "./manifest.ts"
import { digestLike, type Registry } from "./registry.ts"
import type { SignaturePlace } from "./walk.ts"

interface LayerReading {
  readonly messages: readonly SignedMessage[]
  /** A signature of a form that no client logs. */
  readonly unloggable?: string
  /** Why nobody here can say what it is. */
  readonly unreadable?: string
}

/** What is remembered of a place: a referrer as a whole, or one layer under a tag of cosign's. */
export interface PlacePart {
  /** The same signature has the same key, however often its tag is written anew. */
  readonly key: string
  readonly layers: readonly Descriptor[]
}

export const SIGNATURE = "dev.cosignproject.cosign/signature"
export const BUNDLE = "dev.sigstore.cosign/bundle"
export const CERTIFICATE = "dev.sigstore.cosign/certificate"

const STATEMENT_TYPE = "application/vnd.in-toto+json"

/** All layers of a place together. */
const MOST_BYTES = 2 * LONGEST_BUNDLE
/** The beginning of COSE_Sign1 (RFC 9052, tag 18). */
const COSE = 0xd2
const MEANT_AS_SIGNATURE = /sigstore|cosign|simplesigning|dsse|in-toto|notary|jose|cose/i

/** The parts of a place by which it is remembered. */
export function partsOf({ use, found, manifest }: SignaturePlace): readonly PlacePart[] {
  if (use === "referrers") return [{ key: found.digest, layers: manifest.layers }]
  return manifest.layers.map((layer) => ({
    key: `${use} ${layer.digest} ${digestLike("sha256:", utf8(layer.annotations[SIGNATURE] ?? ""))}`,
    layers: [layer],
  }))
}

function readBeside({ annotations }: Descriptor) {
  const { [BUNDLE]: bundle = "", [CERTIFICATE]: pem = "" } = annotations
  const stated =
    bundle === ""
      ? []
      : readOldEntry(parseJson(bundle, BUNDLE, LONGEST_BUNDLE), `annotation ${BUNDLE}`)
  const certificate = pem === "" ? undefined : readPemCertificate(pem, `annotation ${CERTIFICATE}`)
  return { stated, ...present({ certificate }) }
}

function jsonOf(bytes: Uint8Array): unknown {
  try {
    return parseJson(parseUtf8(bytes, "layer"), "layer", LONGEST_BUNDLE)
  } catch {
    return undefined
  }
}

/** A flattened or a general JSON Web Signature (RFC 7515), as notation writes them. */
function isJws(value: unknown): boolean {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false
  const { payload, signature, signatures } = value as Readonly<Record<string, unknown>>
  const isProtected = "protected" in value || !isAbsent(signature)
  return !isAbsent(payload) && isProtected && isAbsent(signatures)
}

/** What build tools put beside an image: a statement that nobody has signed. */
function isBareStatement({ mediaType }: Descriptor, value: unknown): boolean {
  return mediaType === STATEMENT_TYPE && typeof value === "object" && value !== null
}

function readLayer(layer: Descriptor, bytes: Uint8Array, isMeant: boolean): LayerReading {
  const value = jsonOf(bytes)
  const beside = readBeside(layer)
  const coded = layer.annotations[SIGNATURE] ?? ""
  const messages = [...(messagesOfJson(value, beside) ?? [])]
  if (coded !== "") {
    const signature = parseAnyBase64(coded, `annotation ${SIGNATURE}`)
    messages.push(signedBytes("simple-signing", bytes, { ...beside, signature }))
  }
  if (messages.length > 0) return { messages }
  if (isJws(value)) return { messages, unloggable: "a JSON Web Signature, as notation makes them" }
  if (bytes[0] === COSE) return { messages, unloggable: "a COSE signature, as notation makes them" }
  if (!isMeant || isBareStatement(layer, value)) return { messages }
  return { messages, unreadable: "it is meant as a signature and is of no form that is known here" }
}

async function fetchLayer(
  registry: Registry,
  repository: string,
  layer: Descriptor,
  left: number,
): Promise<Uint8Array | string> {
  if (layer.size > Math.min(left, LONGEST_BUNDLE)) {
    return `a layer of ${layer.size} bytes is too large to look into`
  }
  const bytes = await registry.blob(repository, layer.digest, layer.size)
  return bytes ?? `the layer ${layer.digest} is not there`
}

/** The layers of a part with their bytes, once they are read. */
export interface ReadPart extends LayerReading {
  /** By digest, those that were read. */
  readonly blobs: ReadonlyMap<string, Uint8Array>
}

/**
 * Fetches and reads the layers of a part. What is wrong with one of them is `unreadable`; rejects with `Trouble`
 * ("network") alone.
 */
export async function readPart(
  registry: Registry,
  place: SignaturePlace,
  { layers }: PlacePart,
): Promise<ReadPart> {
  const { repository, use, manifest } = place
  const types = [manifest.artifactType, manifest.config?.mediaType ?? "", manifest.mediaType]
  const blobs = new Map<string, Uint8Array>()
  const messages: SignedMessage[] = []
  let unloggable: string | undefined
  let unreadable: string | undefined
  let left = MOST_BYTES
  for (const layer of layers) {
    const isMeant =
      use !== "referrers" ||
      [...types, layer.mediaType].some((type) => MEANT_AS_SIGNATURE.test(type))
    try {
      const bytes = blobs.get(layer.digest) ?? (await fetchLayer(registry, repository, layer, left))
      if (typeof bytes === "string") {
        unreadable = bytes
        continue
      }
      left -= blobs.has(layer.digest) ? 0 : bytes.length
      blobs.set(layer.digest, bytes)
      const reading = readLayer(layer, bytes, isMeant)
      messages.push(...reading.messages)
      unloggable = reading.unloggable ?? unloggable
      unreadable = reading.unreadable ?? unreadable
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      unreadable = error.message
    }
  }
  return { messages, blobs, ...present({ unloggable, unreadable }) }
}

/** The bytes by which a layer can be listed again. Refuses `malformed` for what cannot be printed. */
export function descriptorBytes({ value }: Descriptor): Uint8Array {
  return utf8(printJson(value))
}
