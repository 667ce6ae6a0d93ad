// What `countersign attach` is to attach: signed messages out of files, of a commit's ID, or of an image's registry.
import { bundleMessages } from "../../client/messages/bundle-messages.ts"
import {
  commitMessage,
  envelopeMessages,
  type SignedMessage,
  signedBytes,
} from "../../client/messages/signed-message.ts"
import { parseImageReference, registryUrl } from "../../client/registry/reference.ts"
import { partsOf, readPart } from "../../client/registry/signatures.ts"
import { type SignaturePlace, walkImage } from "../../client/registry/walk.ts"
import { Refusal, refuse, Trouble } from "../../core/base/errors.ts"
import { parseJson } from "../../core/base/json-value.ts"
import { LONGEST_BUNDLE, LONGEST_ENVELOPE } from "../../core/base/limits.ts"
import { readBytes, readText } from "../command/file.ts"
import type { Network } from "../command/network.ts"
import type { ValuesOf } from "../command/options.ts"
import { openRegistry, type registryOptions } from "../command/registry-options.ts"

/** Messages of one source, or why there are none. */
export interface Source {
  /** A file, a commit or a place in a registry, for people. */
  readonly name: string
  readonly messages: readonly SignedMessage[]
  /** What is wrong with it. */
  readonly faults: readonly string[]
  /** A signature that no log takes. */
  readonly unloggable?: string
}

/** A file of one bundle, or of one on each line. */
function messagesOfText(text: string): readonly SignedMessage[] {
  const lines = text.split("\n").filter((line) => line.trim() !== "")
  const isLines =
    lines.length > 1 && lines.every((line) => line.startsWith("{") && line.trimEnd().endsWith("}"))
  return isLines ? lines.flatMap(bundleMessages) : bundleMessages(text)
}

/** What a source gives; a refusal or trouble of its own is a fault that does not stop the others. */
async function sourceOf(
  name: string,
  read: () => Promise<readonly SignedMessage[]>,
): Promise<Source> {
  try {
    return { name, messages: await read(), faults: [] }
  } catch (error) {
    if (!(error instanceof Refusal || error instanceof Trouble)) throw error
    return { name, messages: [], faults: [error.message] }
  }
}

export function bundleSource(file: string): Promise<Source> {
  return sourceOf(file, async () => messagesOfText(await readText(file, "bundle", LONGEST_BUNDLE)))
}

export function envelopeSource(file: string): Promise<Source> {
  return sourceOf(file, async () => {
    const text = await readText(file, "envelope", LONGEST_ENVELOPE)
    return envelopeMessages(parseJson(text, "envelope", LONGEST_ENVELOPE), "envelope")
  })
}

export function messageSource(file: string): Promise<Source> {
  return sourceOf(file, async () => [
    signedBytes("bytes", await readBytes(file, "message", LONGEST_ENVELOPE)),
  ])
}

export function commitSource(id: string): Promise<Source> {
  return sourceOf(`commit ${id}`, async () => [commitMessage(id)])
}

/** A source for each part of a registry that has signatures of the image or of what belongs to it. */
export async function imageSources(
  image: string,
  options: ValuesOf<typeof registryOptions> & { readonly registry?: string },
  { fetch, patience }: Network,
): Promise<readonly Source[]> {
  const { host, repository, reference } = parseImageReference(image)
  const url = options.registry ?? registryUrl(host)
  const registry = await openRegistry(url, options, fetch, undefined, patience)
  const places: SignaturePlace[] = []
  const { faults } = await walkImage(registry, repository, reference, async (place) => {
    places.push(place)
  })
  const sources: Source[] = faults.map(({ place, why }) => ({
    name: place,
    messages: [],
    faults: [why],
  }))
  for (const place of places) {
    for (const part of partsOf(place)) {
      const name = `${repository}@${place.subject}, ${place.use} ${part.layers[0]?.digest ?? "without layers"}`
      const { messages, unloggable, unreadable } = await readPart(registry, place, part)
      const wrong = unreadable === undefined ? [] : [unreadable]
      const unlogged = unloggable === undefined ? {} : { unloggable }
      sources.push({ name, messages, faults: wrong, ...unlogged })
    }
  }
  if (sources.length > 0) return sources
  return refuse("not-found", `expected signatures of ${image} in the registry, found none`)
}
