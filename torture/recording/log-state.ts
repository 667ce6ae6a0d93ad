// Opens a log over a state of the disk as its start does, in this process, and holds it to what it had told before the
// power was lost.
import { join } from "node:path"
import type { DiskState } from "./disk.ts"
import { createLedger, headOf, type Ledger } from "./ledger.ts"
import type { LogProgram } from "./log-program.ts"
import type { LogTold } from "./log-run.ts"
import { layOut } from "./recording.ts"
import { leafHash, rootsAt } from "./tree.ts"

const AT_ONCE = 4_096

/** What a log has told so far. */
export interface LogPast {
  readonly ledger: Ledger
  /** The size that everyone was shown last. */
  published(): number
  hear(told: LogTold): void
}

export function createLogPast(): LogPast {
  const ledger = createLedger()
  let published = 0
  return {
    ledger,
    published: () => published,
    hear(told) {
      if (told.kind === "receipts") return told.receipts.forEach(ledger.acknowledged)
      const { size, root } = headOf(told.checkpoint)
      ledger.head(size, root)
      if (told.isPublished) published = Math.max(published, size)
    },
  }
}

type Close = () => unknown

/** The order of src/cli/log/running-log.ts and writer.ts, without threads. */
async function open(program: LogProgram, folder: string, closers: Close[], held: boolean) {
  const files = program.dataDirectory(join(folder, "data"), join(folder, "guard", "head"))
  closers.push(program.lockDataDirectory(files.path).release)
  await program.assertStanding(files)
  await program.upgradeSearch(files, () => {})
  const published = program.openPublishedFile(files.published)
  closers.push(() => published.close())
  const shown = await published.read()
  const store = await program.openLogStore(files.database)
  closers.push(() => store.close())
  const guard = await program.openGuardFile(files.guard)
  closers.push(() => guard.close())
  const guarded = (await guard.read()).size
  const signing = await program.openLogSigning(files, store.identity)
  closers.push(() => signing.close())
  const heads = shown === undefined || !held ? [] : [asHead(shown)]
  const given = { store, guard, signer: signing.log, hasher: program.nativeHasher }
  const sequencer = await program.openSequencer({ ...given, now: Date.now, held: heads })
  return {
    files,
    store,
    guarded,
    sequencer,
    published: shown === undefined ? 0 : headOf(shown).size,
  }
}

function asHead(checkpoint: string) {
  const { size, root } = headOf(checkpoint)
  return { size, root: new Uint8Array(Buffer.from(root, "hex")) as never }
}

async function leavesOf(
  store: { bodies(from: number, to: number): Promise<readonly Uint8Array[]> },
  size: number,
): Promise<Buffer[]> {
  const leaves: Buffer[] = []
  for (let at = 0; at < size; at += AT_ONCE) {
    const bodies = await store.bodies(at, Math.min(size, at + AT_ONCE))
    for (const body of bodies) leaves.push(leafHash(body))
  }
  return leaves
}

/** Follows the log's entries with its search index, as a server does. */
async function search(program: LogProgram, files: { database: string; search: string }) {
  const reads = program.openLogReads(files.database)
  try {
    const { size } = await reads.head()
    const { index, close } = await program.openIndex(files.search, reads)
    try {
      await index.follow(size)
    } finally {
      await close()
    }
  } finally {
    await reads.close()
  }
}

interface Judging {
  readonly program: LogProgram
  readonly past: LogPast
  /** Emptied for each state. */
  readonly folder: string
}

/** What is broken in a state; `withSearch` makes the search index follow as well. */
export async function judgeLogState(
  { program, past, folder }: Judging,
  state: DiskState,
  withSearch: boolean,
): Promise<readonly string[]> {
  layOut(state, folder)
  const closers: Close[] = []
  try {
    const opened = await open(program, folder, closers, true)
    const broken = await judge(program, opened, past)
    if (withSearch) await search(program, opened.files)
    return broken
  } catch (reason) {
    return [`it does not start: ${reason instanceof Error ? reason.message : String(reason)}`]
  } finally {
    for (const close of closers.toReversed()) {
      // What failed to open may fail to close; the state is gone anyway.
      await Promise.resolve()
        .then(close)
        .catch(() => {})
    }
  }
}

async function judge(
  program: LogProgram,
  { store, guarded, published, sequencer: { opened } }: Awaited<ReturnType<typeof open>>,
  { ledger, published: shownTo }: LogPast,
): Promise<readonly string[]> {
  const broken: string[] = []
  const told = ledger.size()
  const head = headOf(opened.checkpoint)
  if (head.size < told) broken.push(`signed was size ${told}, found ${head.size}`)
  // What was signed was guarded before: a guard behind it would let an older database pass.
  if (guarded < told) broken.push(`signed was size ${told}, the guard is at ${guarded}`)
  if (published < shownTo())
    broken.push(`published was size ${shownTo()}, the file says ${published}`)
  const leaves = await leavesOf(store, head.size)
  if (rootsAt([head.size], leaves).get(head.size) !== head.root)
    broken.push(`signed was a head of size ${head.size} that its entries do not give`)
  broken.push(...ledger.hold(leaves))
  const source = program.sourceFromReads(store, opened)
  const { findings } = await program.checkLog({ source, hasher: program.nativeHasher })
  for (const { what, where, reason } of findings) broken.push(`${what} ${where} ${reason}`)
  return broken
}
