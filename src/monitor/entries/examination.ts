// Examines entries and commits what comes of it: findings, how each entry stands, and tags, together with the growth of
// the tree. Entries that are examined again also lose the findings that the present watch no longer makes: those were
// about the watch and never about the log, so that they can be proven does not keep them.

import type { Case, WithdrawnCase } from "../findings/case.ts"
import { familyOf } from "../findings/finding.ts"
import { settle } from "../findings/settle.ts"
import { openFindings, type StoredFinding } from "../findings/stored.ts"
import type { MatchedEntry } from "../follow/bundle-audit.ts"
import type { MessageReads } from "../messages/messages.ts"
import type { ProveMessage } from "../messages/proving.ts"
import { byBlock } from "../pending/marks.ts"
import { noteStandings } from "../pending/standing.ts"
import { noteSightings } from "../search/sightings.ts"
import type { DocumentReads, Documents } from "../state/documents.ts"
import type { Growth, MonitorState } from "../state/state.ts"
import { setTag, type TagBlock } from "../state/tags.ts"
import type { OwnTree } from "../state/tree.ts"
import type { Watch } from "../watch/watch.ts"
import type { EntryExaminer } from "./examiner.ts"
import type { RemarkGround } from "./remark-finding.ts"
import { readStepFacts, type TakenEntries, takeEntries } from "./step.ts"

/** What examining entries takes; the watch and its examiner change together. */
export interface ExaminationTools {
  readonly state: MonitorState
  readonly watch: Watch
  readonly examiner: EntryExaminer
  readonly messages: MessageReads
  readonly prove: ProveMessage
  readonly pause: () => Promise<void>
  /** Begins the time in which what lies beside entries may be asked for. */
  readonly beginTurn: () => () => boolean
}

interface ReadEntries {
  readonly own: OwnTree
  readonly ground: RemarkGround
  readonly entries: readonly MatchedEntry[]
  /** Whether they were examined before; then they are counted nowhere again. */
  readonly isAgain?: boolean
  /** Whether they may have been, so that there may be findings about them. */
  readonly mayBeAgain?: boolean
  /** Whether envelopes are asked for whatever is watched. */
  readonly asksAll?: boolean
  /** Unix milliseconds. */
  readonly now: number
}

/** Kinds of findings about entries that come of something else than examining them. */
const others: ReadonlySet<string> = new Set(["not-logged", "unlogged-signature", "lost-referrer"])
const COLLECTIVE = " and more"
/** In keys of findings that rest on the log's search. */
const SEARCHED = " search "
const WITHDRAWN =
  "withdrawn: the entry was judged again, and the present watch file does not make it"

function isOfExamination({ kind, key }: StoredFinding): boolean {
  const isOfEntry = familyOf(kind) === "misissuance" || kind === "duplicate-entry"
  const isOther = others.has(kind) || key.endsWith(COLLECTIVE) || key.includes(SEARCHED)
  return isOfEntry && !isOther
}

/** The findings about these entries that examining them, with all that there is to see, has not made again. */
function withdrawnCases(
  documents: DocumentReads,
  { ground: { origin }, entries }: ReadEntries,
  { keys, unseen }: Pick<TakenEntries, "keys" | "unseen">,
): readonly WithdrawnCase[] {
  const seen = entries.filter(({ index }) => !unseen.has(index))
  const indexes = new Set(seen.map(({ index }) => index))
  return openFindings(documents)
    .filter((found) => found.origin === origin && found.isCanary !== true)
    .filter(({ index }) => index !== undefined && indexes.has(index))
    .filter((found) => isOfExamination(found) && !keys.has(found.key))
    .map(({ key }) => ({ key, withdrawn: WITHDRAWN }))
}

async function tagBlocks(
  state: MonitorState,
  { origin }: RemarkGround,
  tags: TakenEntries["tags"],
): Promise<readonly TagBlock[]> {
  const blocks: TagBlock[] = []
  for (const [block, members] of byBlock(tags, ({ index }) => index)) {
    const changed = await state.tags(origin, block)
    for (const { index, tag } of members) setTag(changed, index, tag)
    blocks.push(changed)
  }
  return blocks
}

/** Commits what there is to say about entries, together with what `also` does, and settles both. */
export async function commitEntries(
  { state, watch, examiner, messages, prove, pause, beginTurn }: ExaminationTools,
  read: ReadEntries,
  also: (documents: Documents) => readonly Case[],
  growth?: Pick<Growth, "leafHashes">,
): Promise<void> {
  const { own, ground, entries, now, isAgain = false, asksAll = false } = read
  const mayHaveFindings = isAgain || read.mayBeAgain === true
  const { origin } = ground
  const tools = { own, ground, watch, examiner, messages, prove, pause, isLate: beginTurn() }
  const step = { ...tools, isAgain, asksAll }
  const facts = await readStepFacts(step, entries)
  const tags: TagBlock[] = []
  async function edit(documents: Documents): Promise<void> {
    const taken = await takeEntries(step, entries, facts, documents)
    const gone = mayHaveFindings ? withdrawnCases(documents, read, taken) : []
    examiner.note(taken.noted, documents, now)
    noteStandings(documents, origin, taken.standings, now)
    noteSightings(documents, origin, watch, taken.sightings)
    tags.push(...(await tagBlocks(state, ground, taken.tags)))
    settle(documents, [...taken.cases, ...gone, ...also(documents)], now)
  }
  await state.change(edit, { leafHashes: [], ...growth, origin, tags })
}
