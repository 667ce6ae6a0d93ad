// The monitor's state: documents and trees, changed together and never without the monitor's signature
// over the result. A state that is not exactly what was signed is refused as it is. What is signed: the state's
// sequence number, a digest over all documents, and size and root of every log, as the text of a C2SP signed note
// under the monitor's own key.
import { equalBytes } from "../../core/base/bytes.ts"
import { refuse, Trouble } from "../../core/base/errors.ts"
import { settled } from "../../core/base/settled.ts"
import { formatBase64, parseBase64, parseDecimal } from "../../core/base/text.ts"
import { openNote, parseNote, type Vkey } from "../../core/note/note.ts"
import { type Origin, originWord, parseOriginWord } from "../../core/note/origin.ts"
import { asHash, EMPTY_HEAD, type Hash, type Head, type TreeHasher } from "../../core/tree/hash.ts"
import type { DocumentReads, Documents } from "./documents.ts"
import { createDocumentSet, createDraft, type Draft } from "./set.ts"
import type { LeafChange, MonitorStore, TagChange } from "./store.ts"
import { assertCovered, coverTags, uncoveredTags } from "./tag-cover.ts"
import { TAG_BLOCK_BYTES, type TagBlock, taggedIn } from "./tags.ts"
import { type OwnTree, openTree } from "./tree.ts"

/** Leaf hashes to append to the tree of a log. */
export interface Growth {
  readonly origin: Origin
  readonly leafHashes: readonly Hash[]
  /** Tags that take the place of those that are kept; may be filled by the edit. */
  readonly tags?: readonly TagBlock[]
}

export interface MonitorState {
  readonly documents: DocumentReads
  readonly sequence: number
  /** The tree of a log, empty if nothing of it was followed yet. */
  tree(origin: Origin): Promise<OwnTree>
  /** The tags of a block of a log, zeros if none is kept. */
  tags(origin: Origin, block: number): Promise<TagBlock>
  /** The indexes of all entries with this tag, in order; nothing says that it is theirs until they are read again. */
  tagged(origin: Origin, tag: Uint8Array): Promise<readonly number[]>
  /**
   * Runs `edit` on the newest documents and makes what it changed durable together with the new leaf
   * hashes, signed; one change at a time, so `edit` must not wait for another one. If `edit` throws,
   * nothing is changed. If the commit itself fails the state is unknown: it takes no other change, and
   * the caller ends the process.
   */
  change<T>(edit: (documents: Documents) => T | Promise<T>, growth?: Growth): Promise<T>
  close(): Promise<void>
}

interface StateOptions {
  readonly store: MonitorStore
  readonly signer: StateSigner
  readonly hasher: TreeHasher
}

function refuseState(message: string, cause?: unknown): never {
  refuse("untrusted", `the monitor's state is refused: ${message}`, { cause })
}

async function readStatement({ store, signer }: StateOptions): Promise<StateStatement> {
  const note = await store.statement()
  if (note === undefined) refuseState("it is not signed")
  try {
    return openStatement(note, signer.vkey)
  } catch (reason) {
    if (!(reason instanceof Error)) throw reason
    return refuseState(`its statement is not this monitor's (${reason.message})`, reason)
  }
}

async function openTrees({ store, hasher }: StateOptions, { logs }: StateStatement) {
  const trees = new Map<Origin, OwnTree>()
  for (const [origin, head] of logs) {
    try {
      const size = await store.size(origin)
      if (size !== head.size) refuseState(`${size} leaf hashes of ${origin}, signed ${head.size}`)
      trees.set(origin, await openTree(store, origin, head, hasher))
    } catch (reason) {
      if (!(reason instanceof Trouble) || reason.code !== "damaged") throw reason
      refuseState(`the tree of ${origin} is not the signed one (${reason.message})`, reason)
    }
  }
  return trees
}

/**
 * Opens a state and checks all of it. Refuses `untrusted`, having changed nothing, if it is unsigned,
 * signed by another key, or differs from what was signed in any document, tile, leaf hash or tag.
 */
export async function openState(options: StateOptions): Promise<MonitorState> {
  const { store, hasher } = options
  const statement = await readStatement(options)
  const documents = createDocumentSet(await store.documents(), hasher)
  if (!equalBytes(documents.digest(), statement.documents)) {
    refuseState("its documents are not the signed ones")
  }
  const trees = await openTrees(options, statement)
  const uncovered = await uncoveredTags({ ...options, documents, logs: statement.logs })
  return stateOver(options, { sequence: statement.sequence, documents, trees, uncovered })
}

/** Signs the first state of a store that has none, with these documents; refuses `conflict` otherwise. */
export async function createState(options: StateOptions, fill: (documents: Documents) => void) {
  const { store, hasher } = options
  if ((await store.statement()) !== undefined) refuse("conflict", "the store has a state already")
  const documents = createDocumentSet([], hasher)
  const state = stateOver(options, { sequence: 0, documents, trees: new Map(), uncovered: [] })
  await state.change(fill)
  return state
}

interface Opened {
  readonly sequence: number
  readonly documents: ReturnType<typeof createDocumentSet>
  readonly trees: Map<Origin, OwnTree>
  /** Blocks of tags that an earlier version wrote. */
  readonly uncovered: readonly TagChange[]
}

function stateOver({ store, signer, hasher }: StateOptions, opened: Opened): MonitorState {
  const { documents, trees } = opened
  let sequence = opened.sequence
  let uncovered = opened.uncovered
  let failed = false
  let last: Promise<unknown> = Promise.resolve()

  /** The trees in memory may have grown by what is not in the store. */
  function assertCommitted(): void {
    if (failed) throw new Trouble("disk", "an earlier commit of the state failed; start again")
  }

  async function tree(origin: Origin): Promise<OwnTree> {
    const found = trees.get(origin) ?? (await openTree(store, origin, EMPTY_HEAD, hasher))
    trees.set(origin, found)
    return found
  }

  async function grow({ origin, leafHashes }: Growth): Promise<LeafChange[]> {
    if (leafHashes.length === 0) return []
    const own = await tree(origin)
    const from = own.head.size
    return [{ origin, from, leafHashes, tiles: own.append(leafHashes) }]
  }

  function statementAfter(digest: Hash): StateStatement {
    const logs = [...trees].map(([origin, { head }]) => [origin, head] as const)
    logs.sort(([a], [b]) => (a < b ? -1 : 1))
    return { sequence: sequence + 1, documents: digest, logs }
  }

  async function write(draft: Draft, growth: Growth | undefined): Promise<void> {
    const leaves = growth === undefined ? [] : await grow(growth)
    const changes = draft.changes()
    const tags = tagsOf(growth)
    if (leaves.length + changes.length + tags.length === 0 && sequence > 0) return
    const text = formatStatement(statementAfter(documents.digestAfter(changes)))
    const statement = await signer.sign(text)
    await store.commit({ documents: changes, leaves, tags, statement })
    documents.apply(changes)
    sequence += 1
  }

  async function changeNow<T>(
    edit: (documents: Documents) => T | Promise<T>,
    growth: Growth | undefined,
  ): Promise<T> {
    assertCommitted()
    const draft = createDraft(documents)
    const result = await edit(draft)
    const tags = tagsOf(growth)
    // What is written now comes last: it takes the place of what was found.
    if (tags.length > 0) coverTags([...uncovered, ...tags], draft, hasher)
    try {
      await write(draft, growth)
    } catch (reason) {
      failed = true
      throw reason
    }
    if (tags.length > 0) uncovered = []
    return result
  }

  return {
    documents,
    get sequence() {
      return sequence
    },
    async tree(origin) {
      assertCommitted()
      return await tree(origin)
    },
    async tags(origin, block) {
      const tags = (await store.tags(origin, block)) ?? new Uint8Array(TAG_BLOCK_BYTES)
      assertCovered({ origin, block, tags }, documents, hasher)
      return { block, tags }
    },
    async tagged(origin, tag) {
      const blocks = await store.taggedBlocks(origin, tag)
      return blocks.flatMap((block) => taggedIn(block, tag))
    },
    change(edit, growth) {
      const turn = last.then(() => changeNow(edit, growth))
      last = settled(turn)
      return turn
    },
    async close() {
      await last
      await store.close()
    },
  }
}

function tagsOf(growth: Growth | undefined): readonly TagChange[] {
  const { origin, tags = [] } = growth ?? {}
  return origin === undefined ? [] : tags.map((block) => ({ ...block, origin }))
}

const TITLE = "countersign-monitor-state/v1"

/** The monitor's own key; `sign` gives the whole note. */
export interface StateSigner {
  readonly vkey: Vkey
  sign(text: string): Promise<string>
}

interface StateStatement {
  /** Grows by one with each commit. */
  readonly sequence: number
  readonly documents: Hash
  /** In the order of the origins. */
  readonly logs: readonly (readonly [Origin, Head])[]
}

export function formatStatement({ sequence, documents, logs }: StateStatement): string {
  const lines = logs.map(
    ([origin, { size, root }]) => `${originWord(origin)} ${size} ${formatBase64(root)}\n`,
  )
  return `${TITLE}\n${sequence}\n${formatBase64(documents)}\n${lines.join("")}`
}

function hashOf(text: string): Hash {
  return asHash(parseBase64(text, "monitor state"), "monitor state")
}

function parseLog(line: string): readonly [Origin, Head] {
  const [origin = "", size = "", root = ""] = line.split(" ")
  return [
    parseOriginWord(origin),
    { size: parseDecimal(size, "monitor state"), root: hashOf(root) },
  ]
}

/**
 * The statement in a note that `vkey` signed. Refuses `malformed`, and `untrusted` or `bad-signature`
 * for a note that is not this monitor's.
 */
export function openStatement(note: string, vkey: Vkey): StateStatement {
  const parsed = parseNote(note)
  openNote(parsed, [vkey])
  const [title, sequence = "", documents = "", ...logs] = parsed.text.slice(0, -1).split("\n")
  const statement = {
    sequence: parseDecimal(sequence, "monitor state"),
    documents: hashOf(documents),
    logs: logs.map(parseLog),
  }
  if (title !== TITLE || formatStatement(statement) !== parsed.text) {
    refuse("malformed", `monitor state: expected a statement ${TITLE}, found another text`)
  }
  return statement
}
