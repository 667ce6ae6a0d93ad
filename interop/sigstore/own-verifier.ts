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

function verification(words: readonly string[], bundle: string, artifact: string) {
  return [...countersign, "verify", ...words, "--bundle", bundle, "--artifact", artifact]
}

async function refuse(room: Room, words: readonly string[]): Promise<void> {
  await room.refused(words, FALSE)
}

/** A bundle of today's format; `other` is one for another artifact by the same signer. */
export async function takeBundle(
  room: Room,
  belief: Belief,
  good: string,
  other: string,
  artifact: string,
): Promise<void> {
  await room.run(verification(belief.words, good, artifact))
  for (const { name, bundle } of wrongBundles(room.read(good), room.read(other))) {
    const file = room.write(`own-${name}.json`, bundle)
    await refuse(room, verification(belief.words, file, artifact))
  }
  await refuse(room, verification(belief.words, other, artifact))
  for (const words of belief.others) await refuse(room, verification(words, good, artifact))
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
  await room.run(verification(belief.words, good, artifact))
  const [whole, another] = [good, other].map((name) => JSON.parse(room.read(name)) as OldBundle)
  if (whole === undefined || another === undefined) throw new Error("expected two bundles")
  const { rekorBundle } = whole
  const promise = flipped(rekorBundle.SignedEntryTimestamp)
  const wrong = [
    { ...whole, rekorBundle: another.rekorBundle },
    { ...whole, rekorBundle: { ...rekorBundle, SignedEntryTimestamp: promise } },
    { ...whole, base64Signature: another.base64Signature },
  ]
  for (const bundle of wrong) {
    const file = room.write("own-wrong.json", JSON.stringify(bundle))
    await refuse(room, verification(belief.words, file, artifact))
  }
  for (const words of belief.others) await refuse(room, verification(words, good, artifact))
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
