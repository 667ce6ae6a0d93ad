// One round of a bridge: which repositories there are, a walk of each, and what is gone of what was there. A repository
// that could not be walked whole loses nothing by that: what was not seen is neither clean nor gone.

import { isRepository } from "../../client/registry/reference.ts"
import type { Registry } from "../../client/registry/registry.ts"
import { type Walked, walkImage, walkRepository } from "../../client/registry/walk.ts"
import { Refusal, Trouble } from "../../core/base/errors.ts"
import type { Pattern } from "../../monitor/watch/pattern.ts"
import type { Copies } from "./copies.ts"
import type { Observer } from "./observer.ts"
import { putBack } from "./putting-back.ts"
import { type BridgeState, type KeptPart, placeOf } from "./state.ts"

export interface RoundOptions {
  readonly registry: Registry
  readonly patterns: readonly Pattern[]
  /** Repositories in which signatures of the others' images are kept. */
  readonly also: readonly string[]
  readonly state: BridgeState
  readonly copies: Copies
  readonly observer: Observer
  readonly isPutBack: boolean
  readonly trouble: (why: string) => void
  readonly remark: (text: string) => void
  readonly now: () => string
  /** After every so many repositories, so that a stop loses little. */
  readonly save: () => Promise<void>
}

const REPOSITORIES_A_SAVE = 50

/** Something of a registry that somebody says is new. */
export interface Hint {
  readonly repository: string
  readonly digest: string
}

/** A pattern that stands for one repository, which then needs no catalog. */
function exactName({ text }: Pattern): string | undefined {
  return isRepository(text) ? text : undefined
}

export function isWanted({ patterns, also }: RoundOptions, repository: string): boolean {
  return also.includes(repository) || patterns.some((pattern) => pattern.matches(repository))
}

/** What `work` gives; undefined once it has failed, which is told. */
async function attempt<T>(
  { trouble }: RoundOptions,
  what: string,
  work: () => Promise<T>,
): Promise<T | undefined> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof Refusal || error instanceof Trouble)) throw error
    trouble(`${what}: ${error.message}`)
    return undefined
  }
}

/** The repositories that are to be walked: by the catalog, by name, and those that were seen before. */
async function listRepositories(options: RoundOptions): Promise<readonly string[]> {
  const { registry, patterns, state, trouble } = options
  const exact = patterns.flatMap((pattern) => exactName(pattern) ?? [])
  const wide = patterns.filter((pattern) => exactName(pattern) === undefined)
  const known = new Set([...state.parts.values()].map(({ repository }) => repository))
  const names = new Set([...exact, ...[...known].filter((name) => isWanted(options, name))])
  if (wide.length > 0) {
    const catalog = await attempt(options, "catalog", () => registry.catalog())
    if (catalog === undefined)
      trouble("catalog: the registry lists no repositories; name each with --repos")
    if (catalog?.isWhole === false) trouble("catalog: the list of repositories does not end")
    for (const name of catalog?.found ?? []) if (isWanted(options, name)) names.add(name)
    for (const pattern of wide) {
      const isThere = [...names].some((name) => pattern.matches(name))
      if (!isThere) trouble(`${pattern.text}: no repository of the registry has such a name`)
    }
  }
  return [...names].filter((name) => !options.also.includes(name)).sort()
}

/** Whether the subject of a part is still there, in its own repository or in one that was walked. */
async function isSubjectThere(
  { registry }: RoundOptions,
  { repository, subject }: KeptPart,
  presentElsewhere: ReadonlySet<string>,
): Promise<boolean> {
  if (presentElsewhere.has(subject)) return true
  return (await registry.manifest(repository, subject)) !== undefined
}

/** Marks what was there before and is not any more, and puts it back; `before` are the IDs of what was there. */
async function settleLost(
  options: RoundOptions,
  before: readonly string[],
  walked: Walked,
  presentElsewhere: ReadonlySet<string>,
): Promise<void> {
  const { state, observer, remark, now, isPutBack } = options
  const isWhole = walked.faults.length === 0
  for (const id of before) {
    const part = state.parts.get(id)
    if (part === undefined || observer.seen.has(id)) continue
    // A walk that missed something may have missed this.
    if (!isWhole && !walked.missing.has(part.key)) continue
    const { repository } = part
    await attempt(options, `${repository}@${part.subject}`, async () => {
      if (!(await isSubjectThere(options, part, presentElsewhere))) {
        const { lostSince: _, ...rest } = part
        state.parts.set(id, { ...rest, isGone: true })
        const what = `the image is gone, and ${placeOf(part)} with it`
        if (part.isGone !== true) remark(`${repository}@${part.subject}: ${what}`)
        return
      }
      const { isGone: _, ...rest } = part
      state.parts.set(id, { ...rest, lostSince: part.lostSince ?? now() })
      if (!isPutBack) return
      await putBack(options, part)
      remark(`${repository}@${part.subject}: put back ${placeOf(part)}`)
    })
  }
}

/** The IDs of what is remembered, by repository. */
function idsByRepository({ parts }: BridgeState): ReadonlyMap<string, readonly string[]> {
  const ids = new Map<string, string[]>()
  for (const [id, { repository }] of parts) {
    const own = ids.get(repository)
    if (own === undefined) ids.set(repository, [id])
    else own.push(id)
  }
  return ids
}

/** Walks every wanted repository; gives the names of those that were walked whole. */
export async function walkAll(options: RoundOptions): Promise<readonly string[]> {
  const { registry, also, state, observer, trouble, save } = options
  observer.begin()
  const whole: string[] = []
  const subjects = new Set<string>()
  const present = new Set<string>()

  const remembered = idsByRepository(state)
  let unsaved = 0

  async function walk(repository: string, others: Iterable<string>): Promise<void> {
    const before = remembered.get(repository) ?? []
    const asked = new Set(others)
    for (const id of before) asked.add(state.parts.get(id)?.subject ?? "")
    asked.delete("")
    const walked = await walkRepository(registry, repository, observer.observe, asked)
    for (const digest of walked.subjects) subjects.add(digest)
    for (const digest of walked.present) present.add(digest)
    for (const { place, why } of walked.faults) trouble(`${place}: ${why}`)
    if (walked.faults.length === 0) whole.push(repository)
    await settleLost(options, before, walked, present)
    unsaved += 1
    if (unsaved % REPOSITORIES_A_SAVE === 0) await save()
  }

  for (const repository of await listRepositories(options)) await walk(repository, [])
  for (const repository of also) await walk(repository, subjects)
  return whole
}

/** Looks at what a notification named. Nothing of it is believed: the registry is asked. */
export async function followHint(
  options: RoundOptions,
  { repository, digest }: Hint,
): Promise<void> {
  const { registry, observer, trouble } = options
  const { faults } = await walkImage(registry, repository, digest, observer.observe)
  for (const { place, why } of faults) trouble(`${place}: ${why}`)
}
