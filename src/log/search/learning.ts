// What attached messages do for an index: a question for a digest, a name or a predicate type is also one for the
// entries whose message says it, however old or new they are; and an entry that no message explains is opaque. The
// index takes entries in order, and messages are learnt in order, one at a time; both ends are kept with the bits.
import { equalBytes } from "../../core/base/bytes.ts"
import { Trouble } from "../../core/base/errors.ts"
import { createTurns } from "../../core/base/turns.ts"
import type { TreeHasher } from "../../core/tree/hash.ts"
import type { StoredMessage } from "../ports/message.ts"
import type {
  EntryTerms,
  HashedQuery,
  LearningStep,
  MessageKeys,
  Progress,
  SearchStore,
} from "../ports/search.ts"
import type { LogReads } from "../ports/store.ts"
import { createExplainableReader, type Explainable, messageKeys } from "./explaining.ts"
import { createTermHasher } from "./hash.ts"
import { createOpaqueSet, ENTRIES_A_PAGE, type OpaqueSet } from "./opaque-set.ts"
import type { TermSource } from "./term-source.ts"

/** What is read of the log besides its entries' terms. */
export interface MessageSource {
  readonly reads: Pick<LogReads, "attached" | "messages">
  readonly terms: Pick<EntryTerms, "ofMessage">
}

interface LearningOptions extends MessageSource {
  readonly store: SearchStore
  readonly source: TermSource
  readonly hasher: TreeHasher
  /** How many entries the index has. */
  readonly size: () => number
  /** All entries of the index with this term, in order. */
  readonly entriesWith: (key: Uint8Array) => AsyncIterable<number>
}

/** A question with what messages add to it. */
interface ExpandedQuery {
  readonly query: HashedQuery
  /** The messages up to this number were looked through. */
  readonly attachedUpTo: number
  /** Where to go on, if more messages say what is asked. */
  readonly attachedNext?: number
}

interface Learning {
  readonly opaque: Pick<OpaqueSet, "has" | "count" | "list">
  progress(): Progress
  /** Judges entries that the index has just taken in; they wait for {@link catchUp} unless they are the next ones. */
  take(first: number, terms: readonly Uint8Array[]): Promise<void>
  /** Judges what is not judged, takes redactions into account and learns all messages there are; then all is stored. */
  catchUp(): Promise<void>
  expand(query: HashedQuery, after: number): Promise<ExpandedQuery>
}

/** Messages that one question is expanded by; each adds two terms. */
const MOST_SAYING = 512
const ENTRIES_AT_ONCE = 512

/** Throws Trouble `damaged` for a message that is not as it was written. */
function assertMessage({ sequence, bytes, checksum }: StoredMessage, hasher: TreeHasher): void {
  if (bytes === undefined || equalBytes(hasher.leaf(bytes), checksum)) return
  throw new Trouble("damaged", `message ${sequence} is not as it was written`)
}

/** Throws Trouble `damaged` for stored bits that are not as they were written. */
export async function openLearning(options: LearningOptions): Promise<Learning> {
  const { store, source, hasher, reads, terms: entryTerms, size } = options
  const explainableOf = createExplainableReader(hasher)
  const hashTerms = createTermHasher(hasher)
  const inTurn = createTurns()
  const opaque = createOpaqueSet(await store.opaquePages(), hasher)
  let progress = await store.progress()
  let savedUpTo = progress.opaqueUpTo
  let hasRedactions = false

  async function save(step: Partial<LearningStep> = {}): Promise<void> {
    await store.learn({ ...step, progress, pages: opaque.changed() })
    savedUpTo = progress.opaqueUpTo
  }

  async function explainedOf(keys: readonly Uint8Array[]): Promise<readonly boolean[]> {
    return progress.attachedUpTo === 0 ? keys.map(() => false) : await store.explained(keys)
  }

  /** Which of these entries are opaque. */
  async function judge(first: number, terms: readonly Uint8Array[]): Promise<void> {
    const found = terms.map(explainableOf)
    const isAttached = found.some((it) => it?.isPayload === true)
    const attached = isAttached ? await reads.attached(first, first + terms.length) : []
    const kept = new Set(attached)
    const isOpen = (it: Explainable | undefined, i: number): it is Explainable =>
      it !== undefined && !(it.isPayload && kept.has(first + i))
    const open = found.filter(isOpen)
    const explained = await explainedOf(open.map(({ key }) => key))
    let at = 0
    found.forEach((it, i) => {
      const isOpaque = it === undefined || (isOpen(it, i) && explained[at++] === false)
      opaque.set(first + i, isOpaque)
    })
  }

  async function judgeNext(first: number, terms: readonly Uint8Array[]): Promise<void> {
    await judge(first, terms)
    progress = { ...progress, opaqueUpTo: first + terms.length }
    // Bits that are lost in a crash are judged again.
    if (progress.opaqueUpTo - savedUpTo >= ENTRIES_A_PAGE) await save()
  }

  async function judgeRest(): Promise<void> {
    while (progress.opaqueUpTo < size()) {
      await inTurn(async () => {
        const first = progress.opaqueUpTo
        const end = Math.min(size(), first + ENTRIES_AT_ONCE)
        if (end > first) await judgeNext(first, await source(first, end))
      })
    }
  }

  async function judgeAgain(index: number): Promise<void> {
    if (index < progress.opaqueUpTo) await judge(index, await source(index, index + 1))
  }

  async function forget({ digest, payload }: MessageKeys): Promise<void> {
    await save({ forgotten: digest })
    for (const key of [digest, payload]) {
      for await (const index of options.entriesWith(key)) await judgeAgain(index)
    }
  }

  /** Redactions happen while a log is stopped, so there are new ones only right after the start. */
  async function takeRedactions(): Promise<void> {
    if (hasRedactions) return
    const { entries, digests } = await reads.messages.redactions()
    const redactions = entries.length + digests.length
    if (redactions !== progress.redactions) {
      for (const digest of digests) await forget(messageKeys(digest, hasher))
      for (const index of entries) await judgeAgain(index)
      progress = { ...progress, redactions }
      await save()
    }
    hasRedactions = true
  }

  async function learn({ sequence, digest, bytes }: StoredMessage): Promise<void> {
    if (bytes !== undefined) {
      const keys = messageKeys(digest, hasher)
      const terms = hashTerms(entryTerms.ofMessage(bytes))
      // First what is said, so that it is found again; whoever stops before the bits are stored learns it again.
      await store.learn({ message: { sequence, keys, terms }, progress, pages: [] })
      for (const key of [keys.digest, keys.payload]) {
        for await (const index of options.entriesWith(key)) {
          if (index < progress.opaqueUpTo) opaque.set(index, false)
        }
      }
    }
    progress = { ...progress, attachedUpTo: sequence }
    await save()
  }

  async function learnNext(): Promise<boolean> {
    const stored = await reads.messages.at(progress.attachedUpTo + 1)
    if (stored === undefined) return false
    assertMessage(stored, hasher)
    await learn(stored)
    return true
  }

  return {
    opaque,
    progress: () => progress,
    take: (first, terms) =>
      inTurn(async () => {
        if (first === progress.opaqueUpTo) await judgeNext(first, terms)
      }),
    async catchUp() {
      await judgeRest()
      await inTurn(takeRedactions)
      while (await inTurn(learnNext));
      await inTurn(async () => {
        if (progress.opaqueUpTo !== savedUpTo) await save()
      })
    },
    async expand(query, after) {
      const { attachedUpTo } = progress
      if (attachedUpTo === 0) return { query, attachedUpTo }
      const saying = await Promise.all(
        query.map((group) => store.saying(group, after, MOST_SAYING + 1)),
      )
      // Where a group has more, no group looks further than its last one: what says all stands in one place.
      const upTo = Math.min(
        attachedUpTo,
        ...saying.flatMap((found) =>
          found.length > MOST_SAYING ? (found[MOST_SAYING - 1]?.sequence ?? []) : [],
        ),
      )
      const isCut = saying.some((found) =>
        found.some(({ sequence }) => sequence > upTo && sequence <= attachedUpTo),
      )
      const expanded = query.map((group, i) => [
        ...group,
        ...(saying[i] ?? []).flatMap(({ sequence, keys }) =>
          sequence > upTo ? [] : [keys.digest, keys.payload],
        ),
      ])
      return { query: expanded, attachedUpTo: upTo, ...(isCut && { attachedNext: upTo }) }
    },
  }
}
