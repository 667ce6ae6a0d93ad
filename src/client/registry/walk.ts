// Walking one repository of a registry: every place where signatures are kept, for all that the repository has. Tags,
// children of indexes, the referrers API, fallback tags and cosign's `.sig` and `.att` tags; no place is passed over
// because of what a descriptor says of it. Whatever could not be seen is a fault of the walk, so that nobody takes the
// rest for all. Reads no signatures (signatures.ts).
import { Refusal, Trouble } from "../../core/base/errors.ts"
import { type Descriptor, type Manifest, readManifest } from "./manifest.ts"
import { isDigest, readSpecialTag, type TagUse, tagOf } from "./reference.ts"
import type { FoundManifest, Registry } from "./registry.ts"

/** A manifest that may hold signatures of its subject. */
export interface SignaturePlace {
  readonly repository: string
  /** The digest of what is signed, by the list that led here. */
  readonly subject: string
  /** How it was found: as a referrer, or under one of cosign's tags. */
  readonly use: TagUse
  readonly found: FoundManifest
  readonly manifest: Manifest
}

interface Fault {
  readonly place: string
  readonly why: string
}

export interface Walked {
  /** The digests of all images and of all that refers to them, also of children that are not there. */
  readonly subjects: ReadonlySet<string>
  /** The digests of manifests that are there. */
  readonly present: ReadonlySet<string>
  /** The digests of listed referrers that are not there. */
  readonly missing: ReadonlySet<string>
  /** What was not seen; the walk was whole only if there are none. */
  readonly faults: readonly Fault[]
}

type Visit = (place: SignaturePlace) => Promise<void>

/** Indexes within indexes, and referrers of referrers. */
const MOST_DEPTH = 8
const MOST_MANIFESTS = 200_000
/** A registry that fails more often is left alone until the next walk; each failure may take a whole time limit. */
const MOST_TROUBLES = 5
const MOST_FAULTS = 1_000

class GivenUp extends Error {}

function createWalk(registry: Registry, repository: string, visit: Visit, asksTags: boolean) {
  const subjects = new Set<string>()
  const present = new Set<string>()
  const missing = new Set<string>()
  const visited = new Set<string>()
  const faults: Fault[] = []
  let troubles = 0
  let hasReferrers = true

  function fault(place: string, why: string): void {
    if (faults.length < MOST_FAULTS) faults.push({ place: `${repository}${place}`, why })
  }

  /** Does a part of the walk; what goes wrong in it is a fault, and the walk goes on. */
  async function part(place: string, work: () => Promise<void>): Promise<void> {
    try {
      await work()
    } catch (error) {
      const isExpected = error instanceof Refusal || error instanceof Trouble
      if (!isExpected) throw error
      fault(place, error.message)
      if (error instanceof Refusal) return
      troubles += 1
      if (troubles >= MOST_TROUBLES) throw new GivenUp()
    }
  }

  /** True the first time that something of this digest is to be opened. */
  function isNew(digest: string, depth: number, place: string): boolean {
    if (visited.has(digest)) return false
    if (depth > MOST_DEPTH || visited.size >= MOST_MANIFESTS) {
      fault(
        place,
        depth > MOST_DEPTH ? "it lies too deep" : "the repository has too many manifests",
      )
      return false
    }
    visited.add(digest)
    return true
  }

  async function openReferrer(descriptor: Descriptor, subject: string, depth: number) {
    const { digest } = descriptor
    const place = `@${digest}`
    // The same manifest may be listed for two subjects: a place for each.
    if (!isNew(`${digest} of ${subject}`, depth, place)) return
    await part(place, async () => {
      const found = await registry.manifest(repository, digest)
      if (found === undefined) {
        missing.add(digest)
        fault(place, `it is listed as a referrer of ${subject}, and is not there`)
        return
      }
      await visitReferrer(found, subject, depth)
    })
  }

  async function visitReferrer(found: FoundManifest, subject: string, depth: number) {
    const manifest = readManifest(found.bytes, found.mediaType)
    present.add(found.digest)
    await visit({ repository, subject, use: "referrers", found, manifest })
    for (const child of manifest.manifests) await openReferrer(child, subject, depth + 1)
    await lookBeside(found.digest, depth + 1)
  }

  /** What refers to this digest. */
  async function lookBeside(subject: string, depth: number): Promise<void> {
    if (!isNew(`beside ${subject}`, depth, `@${subject}`)) return
    subjects.add(subject)
    if (hasReferrers) {
      await part(`@${subject}: referrers`, async () => {
        const listed = await registry.referrers(repository, subject)
        hasReferrers = listed !== undefined
        if (listed?.isWhole === false) fault(`@${subject}`, "its list of referrers does not end")
        for (const each of listed?.found ?? []) await openReferrer(each, subject, depth)
      })
    }
    if (!asksTags) return
    for (const use of ["referrers", "sig", "att"] as const) {
      await openSpecialTag(tagOf(subject, use), subject, use, depth, true)
    }
  }

  async function openSpecialTag(
    tag: string,
    subject: string,
    use: TagUse,
    depth: number,
    mayBeMissing: boolean,
  ): Promise<void> {
    await part(`:${tag}`, async () => {
      const found = await registry.manifest(repository, tag)
      if (found === undefined) {
        if (!mayBeMissing) fault(`:${tag}`, "it is listed, and is not there")
        return
      }
      subjects.add(subject)
      const manifest = readManifest(found.bytes, found.mediaType)
      if (use !== "referrers" || manifest.layers.length > 0) {
        await visit({ repository, subject, use, found, manifest })
      }
      for (const child of manifest.manifests) await openReferrer(child, subject, depth + 1)
    })
  }

  async function openImage(reference: string, depth: number, isListed: boolean): Promise<void> {
    const place = isDigest(reference) ? `@${reference}` : `:${reference}`
    await part(place, async () => {
      const found = await registry.manifest(repository, reference)
      if (found === undefined) {
        if (isListed) fault(place, "the registry does not have it")
        return
      }
      present.add(found.digest)
      if (!isNew(found.digest, depth, place)) return
      const manifest = readManifest(found.bytes, found.mediaType)
      const { subject } = manifest
      if (subject !== undefined && isNew(`${found.digest} of ${subject.digest}`, depth, place)) {
        await visit({ repository, subject: subject.digest, use: "referrers", found, manifest })
        await lookBeside(subject.digest, depth + 1)
      }
      for (const child of manifest.manifests) {
        // A child may be left out of a copy, and signed all the same.
        await openImage(child.digest, depth + 1, false)
        await lookBeside(child.digest, depth + 1)
      }
      await lookBeside(found.digest, depth)
    })
  }

  async function openTags(): Promise<void> {
    const tags = await registry.tags(repository)
    if (tags === undefined) {
      fault("", "the registry has no such repository")
      return
    }
    if (!tags.isWhole) fault("", "its list of tags does not end")
    const special = tags.found.flatMap((tag) => {
      const read = readSpecialTag(tag)
      return read === undefined ? [] : [{ tag, ...read }]
    })
    for (const tag of tags.found)
      if (readSpecialTag(tag) === undefined) await openImage(tag, 0, true)
    for (const { tag, subject, use } of special) {
      await openSpecialTag(tag, subject, use, 0, false)
      await lookBeside(subject, 0)
    }
  }

  return {
    openImage,
    openTags,
    lookBeside,
    /** Does all of it; whatever ends it early is a fault. */
    async walked(work: () => Promise<void>): Promise<Walked> {
      try {
        await part("", work)
      } catch (error) {
        if (!(error instanceof GivenUp)) throw error
        fault("", `given up after ${MOST_TROUBLES} failures`)
      }
      return { subjects, present, missing, faults }
    },
  }
}

/**
 * Walks everything in a repository, and what refers there to `others`, digests that other repositories have. Rejects
 * only with what `visit` throws beside refusals and troubles, which are faults.
 */
export async function walkRepository(
  registry: Registry,
  repository: string,
  visit: Visit,
  others: Iterable<string> = [],
): Promise<Walked> {
  const { walked, openTags, lookBeside } = createWalk(registry, repository, visit, false)
  return await walked(async () => {
    await openTags()
    for (const subject of others) await lookBeside(subject, 0)
  })
}

/** Walks one image, by digest or tag, and whatever refers to it or to its children; or one referrer. */
export async function walkImage(
  registry: Registry,
  repository: string,
  reference: string,
  visit: Visit,
): Promise<Walked> {
  const { walked, openImage } = createWalk(registry, repository, visit, true)
  return await walked(() => openImage(reference, 0, true))
}
