// Compares the log's own search with what the monitor found in the tree. A log that leaves an entry out of the answers that
// it gives others is `search-omission`; an entry that only its search knows is examined again, and told of if it stays
// unread: somebody was able to tell what it is about. Whatever is watched is asked for, or a part of it that moves on.
import { Refusal, Trouble } from "../../core/base/errors.ts"
import { originWord } from "../../core/note/origin.ts"
import { isUnderstood } from "../entries/entry-states.ts"
import { absent, type Case } from "../findings/case.ts"
import { attested, keyOf } from "../findings/finding.ts"
import { settle } from "../findings/settle.ts"
import type { FoundIndexes, NativeSource, SearchItem } from "../follow/source.ts"
import { readBody } from "../messages/proving.ts"
import { markAgain } from "../pending/standing.ts"
import { noteSearched, sightingsOf, watchedItems } from "../search/sightings.ts"
import type { Watch } from "../watch/watch.ts"
import { isUnfinished, rescanOf } from "./progress.ts"
import type { RescanTools, RescanTurn } from "./turn.ts"

/** Questions of one round. */
const MOST_ASKED = 1_000
const AT_A_TIME = 8
/** Entries that only the search knows, of which it is remembered that they were examined again. */
const MOST_TRIED = 10_000
const MOST_SHOWN = 8

interface Compared {
  /** Entries that the search leaves out, and those that only it knows. */
  readonly omitted: readonly number[]
  readonly unknown: readonly number[]
}

/** What the monitor remembers between rounds of what it asked for; made once a log. */
export interface CrossCheckMemory {
  readonly tried: Set<string>
  /** Where the next round begins. */
  next: number
}

export function newCrossCheckMemory(): CrossCheckMemory {
  return { tried: new Set(), next: 0 }
}

function compare(
  { state }: RescanTools,
  { origin, own }: RescanTurn,
  item: SearchItem,
  { indexes, from, completeUpTo }: FoundIndexes,
): Compared {
  const known = sightingsOf(state.documents, origin, item)
  const end = Math.min(completeUpTo, own.head.size)
  const found = new Set(indexes)
  const ours = new Set(known.indexes)
  return {
    omitted: known.indexes.filter((index) => index >= from && index < end && !found.has(index)),
    unknown: indexes.filter((index) => index >= known.from && index < end && !ours.has(index)),
  }
}

/** Whether everyone who signed is expected of what has this digest. */
async function isExpected(
  { examiner, hasher }: RescanTools,
  turn: RescanTurn,
  { value }: SearchItem,
  index: number,
): Promise<boolean> {
  const body = await readBody({ ...turn, hasher }, index)
  return body !== undefined && examiner.isExpected(body, value)
}

/** What only the search knows: first it is examined again, and the next time it is told of if that was of no use. */
async function judgeUnknown(
  tools: RescanTools,
  turn: RescanTurn,
  { tried }: CrossCheckMemory,
  item: SearchItem,
  unknown: readonly number[],
): Promise<{ readonly cases: readonly Case[]; readonly again: readonly number[] }> {
  const { documents } = tools.state
  const { origin } = turn
  const cases: Case[] = []
  const again: number[] = []
  for (const index of item.by === "digest" ? unknown : []) {
    const name = `${originWord(origin)} ${index} ${item.value}`
    const which = [String(index), "search", item.value] as const
    if (isUnderstood(documents, origin, index)) {
      cases.push(absent(keyOf("unclassifiable", origin, ...which)))
    } else if (!tried.has(name)) {
      if (tried.size >= MOST_TRIED) tried.clear()
      tried.add(name)
      again.push(index)
    } else if (!(await isExpected(tools, turn, item, index))) {
      const summary = `By the log's own search entry ${index} is about ${item.value}, which is watched; what was signed is not at hand, and its signer is not expected.`
      cases.push({ ...attested("unclassifiable", origin, summary, ...which), index })
    }
  }
  return { cases, again }
}

function omissionCase({ origin }: RescanTurn, item: SearchItem, omitted: readonly number[]): Case {
  const which = [item.by, item.value] as const
  if (omitted.length === 0) return absent(keyOf("search-omission", origin, ...which))
  const shown = omitted.slice(0, MOST_SHOWN).join(", ")
  const more = omitted.length > MOST_SHOWN ? ` and ${omitted.length - MOST_SHOWN} more` : ""
  const summary = `The log's search for the ${item.by} ${item.value} leaves out entries that state it, and says that it is complete: ${shown}${more}.`
  return attested("search-omission", origin, summary, ...which)
}

async function checkItem(
  tools: RescanTools,
  turn: RescanTurn,
  memory: CrossCheckMemory,
  native: NativeSource,
  item: SearchItem,
): Promise<boolean> {
  const { state } = tools
  const { origin, now } = turn
  try {
    const first = compare(tools, turn, item, await native.search(item))
    // A cache on the way is not the log's lie.
    const { omitted, unknown } =
      first.omitted.length === 0 ? first : compare(tools, turn, item, await native.search(item))
    // While entries are judged again the monitor does not know all of them by this watch file.
    const isJudging = isUnfinished(rescanOf(state.documents, origin))
    const { cases, again } = await judgeUnknown(tools, turn, memory, item, isJudging ? [] : unknown)
    await state.change((documents) => {
      if (again.length > 0) markAgain(documents, origin, again)
      settle(documents, [omissionCase(turn, item, omitted), ...cases], now)
    })
    return true
  } catch (error) {
    const isForeign =
      error instanceof Refusal || (error instanceof Trouble && error.code === "network")
    if (!isForeign) throw error
    return false
  }
}

const itemsOf = new WeakMap<Watch, readonly SearchItem[]>()

/** Asks for what is watched; ends early when the turn is over, and goes on from there in the next round. */
export async function crossCheck(
  tools: RescanTools,
  turn: RescanTurn,
  memory: CrossCheckMemory,
): Promise<void> {
  const { native } = turn.source
  if (native === undefined) return
  const items = itemsOf.get(tools.watch) ?? watchedItems(tools.watch)
  itemsOf.set(tools.watch, items)
  const wanted = Math.min(items.length, MOST_ASKED)
  let answered = 0
  for (let asked = 0; asked < wanted && !turn.isOver(); ) {
    const count = Math.min(AT_A_TIME, wanted - asked)
    const some = Array.from({ length: count }, (_, i) => items[(memory.next + i) % items.length])
    const checked = await Promise.all(
      some.map((item) => item !== undefined && checkItem(tools, turn, memory, native, item)),
    )
    answered += checked.filter(Boolean).length
    asked += count
    memory.next = (memory.next + count) % items.length
    // A log that has no search, or does not answer, is not asked for the rest.
    if (!checked.some(Boolean)) break
  }
  const { origin, now } = turn
  await tools.state.change((documents) =>
    noteSearched(documents, origin, { at: now, answered, of: items.length }),
  )
}
