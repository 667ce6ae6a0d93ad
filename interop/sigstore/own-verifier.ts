// `countersign verify` on what others have made: it takes the good and refuses what was damaged, as false.
import type { Room } from "../running/room.ts"
import { IDENTITY, ISSUER } from "../stand/identity.ts"
import { countersign } from "../stand/served-log.ts"
import { flipped } from "./bytes.ts"
import { wrongBundles } from "./damage.ts"

/** Whom to believe, in words of the command line. */
export interface Belief {
  readonly words: readonly string[]
  /** The same with one thing exchanged for another's, each of which must make it refuse. */
  readonly others: readonly (readonly string[])[]
}

export function keyed(trustedRoot: string, foreignRoot: string, key = "cosign.pub"): Belief {
  const root = (path: string) => ["--trusted-root", path, "--key", key]
  return { words: root(trustedRoot), others: [root(foreignRoot)] }
}

export function keyless(trustedRoot: string, foreignRoot: string): Belief {
  const belief = (root: string, identity: string, issuer: string) => [
    ...["--trusted-root", root, "--certificate-identity", identity],
    ...["--certificate-oidc-issuer", issuer],
  ]
  return {
    words: belief(trustedRoot, IDENTITY, ISSUER),
    others: [
      belief(foreignRoot, IDENTITY, ISSUER),
      belief(trustedRoot, "other@example.org", ISSUER),
      belief(trustedRoot, IDENTITY, "https://other.example"),
    ],
  }
}

/** By their codes: that a bundle cannot be judged would not do. */
const FALSE = /\b(?:mismatch|bad-signature|bad-proof|untrusted):/

function verification(words: readonly string[], bundles: readonly string[], artifact: string) {
  const files = ["--bundle", ...bundles, "--artifact", artifact]
  return [...countersign, "verify", ...words, ...files]
}

/** Each of several bundles, which one process judges. */
async function refuseAll(
  room: Room,
  { words }: Belief,
  bundles: readonly string[],
  artifact: string,
): Promise<void> {
  const lines = new RegExp(`^(?:false: .*${FALSE.source}.*\\n){${bundles.length}}`, "m")
  await room.refused(verification(words, bundles, artifact), lines)
}

async function refuseOthers(room: Room, { others }: Belief, good: string, artifact: string) {
  for (const words of others) await room.refused(verification(words, [good], artifact), FALSE)
}

/** A bundle of today's format; `other` is one for another artifact by the same signer. */
export async function takeBundle(
  room: Room,
  belief: Belief,
  good: string,
  other: string,
  artifact: string,
): Promise<void> {
  await room.run(verification(belief.words, [good], artifact))
  const wrong = wrongBundles(room.read(good), room.read(other)).map(({ name, bundle }) => {
    return room.write(`own-${name}.json`, bundle)
  })
  await refuseAll(room, belief, [...wrong, other], artifact)
  await refuseOthers(room, belief, good, artifact)
}

interface OldBundle {
  readonly base64Signature: string
  readonly rekorBundle: { readonly SignedEntryTimestamp: string; readonly Payload: object }
}

/** A bundle of cosign's older format. */
export async function takeOldBundle(
  room: Room,
  belief: Belief,
  good: string,
  other: string,
  artifact: string,
): Promise<void> {
  await room.run(verification(belief.words, [good], artifact))
  const [whole, another] = [good, other].map((name) => JSON.parse(room.read(name)) as OldBundle)
  if (whole === undefined || another === undefined) throw new Error("expected two bundles")
  const { rekorBundle } = whole
  const promise = flipped(rekorBundle.SignedEntryTimestamp)
  const wrong = {
    entry: { ...whole, rekorBundle: another.rekorBundle },
    promise: { ...whole, rekorBundle: { ...rekorBundle, SignedEntryTimestamp: promise } },
    signature: { ...whole, base64Signature: another.base64Signature },
  }
  const files = Object.entries(wrong).map(([name, bundle]) => {
    return room.write(`own-${name}.json`, JSON.stringify(bundle))
  })
  await refuseAll(room, belief, files, artifact)
  await refuseOthers(room, belief, good, artifact)
}

/** An image with its signatures in a registry; `other` is one without. */
export async function takeImage(
  room: Room,
  { words, others }: Belief,
  registry: string,
  good: string,
  other: string,
): Promise<void> {
  const from = ["--registry", `http://${registry}`]
  const verify = (belief: readonly string[], image: string) =>
    [...countersign, "verify", ...belief, ...from, "--image", image] as const
  await room.run(verify(words, good))
  await room.refused(verify(words, other), /no signature|none|not-found|not found/i)
  for (const belief of others) await room.refused(verify(belief, good), FALSE)
}
