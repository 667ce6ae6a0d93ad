// Makes the watch of all that was read: foretold digests of images and commits, whole ledgers, and what is missing.
import { refuse } from "../../core/base/errors.ts"
import {
  type Digester,
  type Foretold,
  foretoldOfImage,
  signedNames,
} from "../../entry/statement/foretelling.ts"
import { assertAuthorities } from "./authority.ts"
import {
  type Draft,
  digestsOf,
  foretoldOf,
  type ShipmentDraft,
  type SignerDraft,
  type SubjectDraft,
} from "./draft.ts"
import type { LedgerDraft } from "./ledger.ts"
import type { Listed } from "./list.ts"
import {
  type Ledger,
  MOST_FORETOLD,
  type OpaqueClass,
  type Severity,
  type Shipment,
  type Subject,
  type Watch,
  type WatchedImage,
  type WatchedSigner,
} from "./model.ts"
import type { ImageLine } from "./rules.ts"

/** Each of them becomes a document of the monitor. */
const MOST_SHIPPED = 100_000
function watchedImages(images: readonly ImageLine[]): readonly WatchedImage[] {
  return images.flatMap(({ digest, repositories }): readonly WatchedImage[] =>
    repositories.length === 0
      ? [{ digest }]
      : repositories.map((repository) => ({ digest, repository })),
  )
}

/** What is known when subjects and ledgers are made whole. */
interface Known {
  /** Where the watch file says that images are, by digest. */
  readonly repositories: ReadonlyMap<string, readonly string[]>
  readonly hash: Digester | undefined
}

function repositoriesOf({ subjects }: Draft): Known["repositories"] {
  const found = new Map<string, string[]>()
  for (const { images } of subjects.values()) {
    for (const { digest, repositories } of images) {
      found.set(digest, [...(found.get(digest) ?? []), ...repositories])
    }
  }
  return found
}

/** A bare digest may be that of an image, and then clients log others in its place. */
function foretoldOfDigests(
  digests: ReadonlySet<string>,
  { repositories, hash }: Known,
): readonly Foretold[] {
  const sha256 = [...digests].filter((digest) => digest.startsWith("sha256:"))
  return sha256
    .slice(0, MOST_FORETOLD)
    .flatMap((digest) =>
      foretoldOfImage(
        digest.slice("sha256:".length),
        (repositories.get(digest) ?? []).flatMap(signedNames),
        hash,
      ),
    )
}

function wholeSubject(subject: SubjectDraft, known: Known): Subject {
  const { name, where, names, signers, isUnique } = subject
  const digests = digestsOf(subject)
  if (digests.size + names.length === 0) {
    const what = "a digest, a file, an image, a commit or a name"
    refuse("malformed", `${where}: expected ${what} in the subject ${name}, found none`)
  }
  const all = [...foretoldOfDigests(subject.digests, known), ...foretoldOf(subject, known.hash)]
  const foretold = new Map(all.map(({ digest, why }) => [digest, why]))
  const images = watchedImages(subject.images)
  return { name, digests, foretold, images, names, signers, isUnique }
}

function wholeLedger(ledger: LedgerDraft, known: Known): Ledger {
  const { leafHashes, signatures } = ledger
  const foretold = [...foretoldOf(ledger, known.hash), ...foretoldOfDigests(ledger.digests, known)]
  const digests = digestsOf(ledger)
  for (const { digest } of foretold) digests.add(digest)
  return { leafHashes, signatures, digests }
}

function wholeSigner(signer: SignerDraft, known: Known): WatchedSigner {
  const { name, where, rules, revoked, mine } = signer
  if (rules.length === 0 && (revoked.length === 0 || mine !== undefined)) {
    const what = revoked.length === 0 ? `in the signer ${name}` : `beside the ledger of ${name}`
    refuse("malformed", `${where}: expected a key or an identity ${what}, found none`)
  }
  return { name, rules, revoked, ...(mine !== undefined && { mine: wholeLedger(mine, known) }) }
}

/** What clients log in place of one image or commit, each with that one's own digest. */
function inPlaceOf(one: Pick<Listed, "images" | "commits">, hash: Digester | undefined) {
  const [own = ""] = digestsOf({ ...one, digests: new Set() })
  return foretoldOf(one, hash).map(({ digest }) => [digest, own] as const)
}

function wholeShipment(
  { listed, where: _, ...list }: ShipmentDraft,
  hash: Digester | undefined,
): Shipment {
  const none = { images: [], commits: new Set<string>() }
  const foretold = [
    ...listed.images.flatMap((image) => inPlaceOf({ ...none, images: [image] }, hash)),
    ...[...listed.commits].flatMap((id) => inPlaceOf({ ...none, commits: new Set([id]) }, hash)),
  ]
  return { ...list, digests: digestsOf(listed), foretold: new Map(foretold) }
}

function wholeShipments({ shipments, files }: Draft): readonly Shipment[] {
  const whole = shipments.map((shipment) => wholeShipment(shipment, files.digest))
  const count = whole.reduce((sum, { digests }) => sum + digests.size, 0)
  if (count > MOST_SHIPPED) {
    const where = shipments.at(-1)?.where
    refuse(
      "too-large",
      `${where}: expected up to ${MOST_SHIPPED} shipped digests in all, found ${count}`,
    )
  }
  return whole
}

/** Refuses `malformed` for a subject or a signer that says too little, `too-large` for too much that is shipped. */
export function wholeWatch(draft: Draft): Watch {
  const { settings, badLines, badLineCount, read, files } = draft
  const known = { repositories: repositoriesOf(draft), hash: files.digest }
  const hours = settings.get("explain")
  const named = {
    subjects: [...draft.subjects.values()].map((subject) => wholeSubject(subject, known)),
    signers: [...draft.signers.values()].map((signer) => wholeSigner(signer, known)),
    authorities: [...draft.authorities.values()],
  }
  assertAuthorities(named)
  return {
    ...named,
    shipments: wholeShipments(draft),
    duplicates: (settings.get("duplicates") ?? "ignore") as Severity,
    unknown: (settings.get("unknown") ?? "violation") as Severity,
    opaque: (settings.get("opaque") ?? "count") as OpaqueClass,
    ...(hours !== undefined && { explainWithin: Number(hours) }),
    badLines,
    badLineCount,
    files: [...read],
  }
}
