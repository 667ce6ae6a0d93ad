// What a bridge does with each place of a registry that a walk or a notification leads to: read it unless it is known,
// ask the log about its signatures, give their messages, and keep copies of it.

import type { Recipient } from "../../client/messages/recipient.ts"
import type { SignedMessage } from "../../client/messages/signed-message.ts"
import type { Registry } from "../../client/registry/registry.ts"
import {
  descriptorBytes,
  type PlacePart,
  partsOf,
  type ReadPart,
  readPart,
} from "../../client/registry/signatures.ts"
import type { SignaturePlace } from "../../client/registry/walk.ts"
import { assertAtMost } from "../../core/base/errors.ts"
import { present } from "../../core/base/present.ts"
import type { Copies } from "./copies.ts"
import { isSettled, type LogDesk, signatureId } from "./logged.ts"
import {
  type BridgeState,
  type KeptPart,
  MOST_COPIES,
  MOST_PARTS,
  MOST_SIGNATURES,
  partId,
} from "./state.ts"

interface ObserverOptions {
  readonly registry: Registry
  readonly state: BridgeState
  readonly copies: Copies
  readonly desk: LogDesk
  readonly recipients: readonly Recipient[]
  readonly trouble: (why: string) => void
  /** In RFC 3339. */
  readonly now: () => string
}

export interface Observer {
  /** Of a walk; rejects with `Refusal` or `Trouble` for what the registry does not give. */
  observe(place: SignaturePlace): Promise<void>
  /** The IDs of parts that were there since {@link Observer.begin}. */
  readonly seen: ReadonlySet<string>
  begin(): void
}

const LONGEST_CONFIG = 1_048_576

const NOTHING = { lostSince: undefined, isGone: undefined }

/** Nothing is left to be asked or given, and nothing was left out. */
function isDone(part: KeptPart, recipients: readonly Recipient[]): boolean {
  const isRead = part.unreadable === undefined && part.copies.length > 0
  return isRead && part.signatures.every((signature) => isSettled(signature, recipients))
}

/** A signature over an artifact, of which the registry has only the image, may be one over that. */
function about(subject: string, signed: SignedMessage): SignedMessage {
  return signed.form === "artifact" ? { ...signed, digests: [...signed.digests, subject] } : signed
}

export function createObserver(options: ObserverOptions): Observer {
  const { registry, state, copies, desk, recipients, trouble, now } = options
  const seen = new Set<string>()

  /** What is to be copied of a part: of a referrer its manifest, of a layer its descriptor, then all it consists of. */
  async function copyAll(place: SignaturePlace, part: PlacePart, read: ReadPart) {
    const { found, manifest, use, repository } = place
    const [layer] = part.layers
    const first = use === "referrers" || layer === undefined ? [] : [descriptorBytes(layer)]
    const { config } = manifest
    const isSmall = config !== undefined && config.size <= LONGEST_CONFIG
    const body = isSmall
      ? await registry.blob(repository, config.digest, LONGEST_CONFIG)
      : undefined
    const digests: string[] = []
    const blobs = read.blobs.size > MOST_COPIES ? [] : read.blobs.values()
    for (const bytes of [...first, found.bytes, ...(body ? [body] : []), ...blobs]) {
      const digest = await copies.keep(bytes)
      if (digest !== undefined) {
        digests.push(digest)
        continue
      }
      trouble(`${repository}@${place.subject}: no room for copies (--copies)`)
      // Half of it could not be put back.
      return []
    }
    return digests
  }

  async function observePart(place: SignaturePlace, part: PlacePart): Promise<void> {
    const { repository, subject, use, found } = place
    const id = partId({ repository, subject, use, key: part.key })
    const { lostSince, isGone, ...before } = state.parts.get(id) ?? NOTHING
    const isKnown = "key" in before
    seen.add(id)
    if (isKnown && isDone(before, recipients)) {
      if (lostSince !== undefined || isGone === true) state.parts.set(id, before)
      return
    }
    if (!isKnown && state.parts.size >= MOST_PARTS) {
      trouble(
        `${repository}: more than ${MOST_PARTS} places with signatures; the rest is not remembered`,
      )
      return
    }
    const read = await readPart(registry, place, part)
    assertAtMost(
      MOST_SIGNATURES,
      read.messages.length,
      `${repository}@${found.digest}`,
      "signatures",
    )
    const known = new Map(isKnown ? before.signatures.map((it) => [it.id, it]) : [])
    const signatures = new Map<string, KeptPart["signatures"][number]>()
    for (const each of read.messages) {
      const signed = about(subject, each)
      const signature = await desk.settle(signed, known.get(signatureId(signed)))
      signatures.set(signature.id, signature)
    }
    state.parts.set(id, {
      ...{ repository, subject, use, key: part.key, mediaType: found.mediaType },
      copies: await copyAll(place, part, read),
      signatures: [...signatures.values()],
      firstSeen: isKnown ? before.firstSeen : now(),
      ...present({ unloggable: read.unloggable, unreadable: read.unreadable }),
    })
  }

  return {
    seen,
    begin: () => seen.clear(),
    async observe(place) {
      for (const part of partsOf(place)) await observePart(place, part)
    },
  }
}
