// Takes the messages that others gave: from the spool folder, where the monitor's door and its operator put them, and
// from the log's own list of what was attached. Each is held against an entry that has its digest; then it is kept, and
// all entries with that digest are examined again.
import { Refusal, Trouble } from "../../core/base/errors.ts"
import type { Origin } from "../../core/note/origin.ts"
import type { TreeHasher } from "../../core/tree/hash.ts"
import type { ListedMessage, LogSource } from "../follow/source.ts"
import { markAgain } from "../pending/standing.ts"
import { collection } from "../state/collection.ts"
import { integer, message } from "../state/schema.ts"
import type { MonitorState } from "../state/state.ts"
import { tagOf } from "../state/tags.ts"
import type { MessageStore } from "./messages.ts"
import { type Digest, digestsOfMessage, type ProveMessage, readBody } from "./proving.ts"

/** Spooled messages that one round takes, and listed ones of one log. */
const MOST_AT_ONCE = 64
const MOST_LISTED = 256
/** Entries that are read in one round to find one with a message: anyone may log the same payload under another type. */
const MOST_TRIED = 16

/** How far a log's list of messages was read, by origin. */
const feeds = collection("feed", message({ after: integer }))

interface MessageLog {
  readonly origin: Origin
  readonly source: LogSource
}

interface MessageTaking {
  readonly state: MonitorState
  readonly messages: MessageStore
  readonly logs: readonly MessageLog[]
  readonly prove: ProveMessage
  readonly hasher: TreeHasher
  readonly digest?: Digest
}

/** Undefined for bytes that are not the entry's message, or an entry that cannot be read as the monitor knows it. */
async function proven(
  { state, prove, hasher }: MessageTaking,
  { origin, source }: MessageLog,
  index: number,
  bytes: Uint8Array,
): Promise<string | undefined> {
  const own = await state.tree(origin)
  try {
    const body = await readBody({ source, own, hasher }, index)
    return body && prove(body, bytes)
  } catch (error) {
    if (error instanceof Refusal) return undefined
    throw error
  }
}

/** Keeps a message that was proven, and has all entries with its digest examined again; false without room. */
async function keep(
  { state, messages, logs }: MessageTaking,
  digest: string,
  bytes: Uint8Array,
): Promise<boolean> {
  if (!(await messages.keep(digest, bytes))) return false
  for (const { origin } of logs) {
    const indexes = await state.tagged(origin, tagOf(digest))
    if (indexes.length > 0) {
      await state.change((documents) => markAgain(documents, origin, indexes))
    }
  }
  return true
}

/** How far a spooled message was held against what was read: at this size of all logs, up to this candidate. */
interface Tried {
  readonly size: number
  readonly upTo: number
}

/** The entries that may have the message. */
async function candidatesOf({ logs, state, digest }: MessageTaking, bytes: Uint8Array) {
  const found: { readonly log: MessageLog; readonly index: number }[] = []
  for (const each of digestsOfMessage(bytes, digest)) {
    for (const log of logs) {
      const indexes = await state.tagged(log.origin, tagOf(each))
      for (const index of indexes) found.push({ log, index })
    }
  }
  return found
}

/** The digest under which one of the next candidates has the message; else how far they were tried. */
async function findDigest(taking: MessageTaking, bytes: Uint8Array, from: number) {
  const candidates = await candidatesOf(taking, bytes)
  for (const { log, index } of candidates.slice(from, from + MOST_TRIED)) {
    const digest = await proven(taking, log, index, bytes)
    if (digest !== undefined) return { digest }
  }
  const upTo = from + MOST_TRIED
  return { upTo, isWhole: upTo >= candidates.length }
}

async function takeSpooled(taking: MessageTaking, tried: Map<string, Tried>): Promise<void> {
  const { state, messages, logs } = taking
  const heads = await Promise.all(logs.map(async ({ origin }) => (await state.tree(origin)).head))
  const size = heads.reduce((sum, head) => sum + head.size, 0)
  const names = await messages.spooled()
  const due = names.filter((name) => tried.get(name)?.size !== size).slice(0, MOST_AT_ONCE)
  for (const name of due) {
    const bytes = await messages.readSpooled(name)
    const found = bytes && (await findDigest(taking, bytes, tried.get(name)?.upTo ?? 0))
    const { digest, upTo = 0, isWhole = true } = found ?? {}
    const isKept =
      bytes !== undefined && digest !== undefined && (await keep(taking, digest, bytes))
    // Candidates are left for the next round as long as there are more; then new entries begin from the first again.
    if (isKept) await messages.dropSpooled(name)
    else tried.set(name, isWhole ? { size, upTo: 0 } : { size: -1, upTo })
  }
  for (const name of tried.keys()) if (!names.includes(name)) tried.delete(name)
}

/** False if there was no room for the message. */
async function takeListed(
  taking: MessageTaking,
  log: MessageLog,
  listed: ListedMessage,
): Promise<boolean> {
  const bytes = await log.source.native?.message(listed.index)
  const digest = bytes && (await proven(taking, log, listed.index, bytes))
  return bytes === undefined || digest === undefined || (await keep(taking, digest, bytes))
}

/** Follows what was attached at the log; what has no entry that was read yet, or no room, is left for later. */
async function takeFeed(taking: MessageTaking, log: MessageLog): Promise<void> {
  const { state } = taking
  const { origin, source } = log
  if (source.native === undefined) return
  const { head } = await state.tree(origin)
  for (let taken = 0; taken < MOST_LISTED; ) {
    const after = state.documents.get(feeds, origin)?.after ?? 0
    const listed = (await source.native.messages(after)) ?? []
    const ready = listed.filter(({ sequence }) => sequence > after)
    for (const each of ready) {
      if (each.index >= head.size) return
      if (!(await takeListed(taking, log, each))) return
      await state.change((documents) => documents.put(feeds, origin, { after: each.sequence }))
    }
    if (ready.length === 0) return
    taken += ready.length
  }
}

/** Makes what takes messages in each round. What a log does not give now is asked for in the next one. */
export function createMessageTaking(taking: MessageTaking): () => Promise<void> {
  const tried = new Map<string, Tried>()

  async function tolerant(work: () => Promise<void>): Promise<void> {
    try {
      await work()
    } catch (error) {
      const isForeign =
        error instanceof Refusal || (error instanceof Trouble && error.code === "network")
      if (!isForeign) throw error
    }
  }

  return async () => {
    await tolerant(() => takeSpooled(taking, tried))
    for (const log of taking.logs) await tolerant(() => takeFeed(taking, log))
  }
}
