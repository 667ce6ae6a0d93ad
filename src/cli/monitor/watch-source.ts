// The watch file of a monitor that runs: read at its start, and again whenever it or anything that it names has changed.
// One that cannot be read then does not take the place of the one before.
import { createHash } from "node:crypto"
import { Refusal, Trouble } from "../../core/base/errors.ts"
import { present } from "../../core/base/present.ts"
import type { WatchInForce } from "../../monitor/monitor.ts"
import { parseWatch, type Watch } from "../../monitor/watch/watch.ts"
import type { LedgerFolder } from "../../storage/files/ledger-folder.ts"
import { type ReadWatch, readWatch } from "../watch/files.ts"

const PLAIN_WATCH = "countersign-watch/v1\n"

interface WatchSource {
  /** Looks at all files, some milliseconds if nothing has changed. */
  inForce(): Promise<WatchInForce>
  /** As it was last read. */
  watch(): Watch
}

function digestOf(sources: ReadWatch["sources"]): string {
  const hash = createHash("sha256")
  for (const { path, state } of sources) hash.update(`${path}\0${state}\n`)
  return hash.digest("hex")
}

/** Posted ledgers only grow, so that they are told apart from what may change in any way. */
function inForceOf({ watch, sources }: ReadWatch, ledgers: LedgerFolder): WatchInForce {
  const grown = new Set(watch.signers.map(({ name }) => ledgers.fileOf(name)))
  return {
    watch,
    digest: digestOf(sources.filter(({ path }) => !grown.has(path))),
    ledger: digestOf(sources.filter(({ path }) => grown.has(path))),
  }
}

/** Without a file nothing is expected, and every entry is verified all the same. */
async function openPlainWatch(): Promise<WatchSource> {
  const watch = await parseWatch(PLAIN_WATCH, () => Promise.reject(new Error("bug: no files")))
  return { inForce: () => Promise.resolve({ watch, digest: PLAIN_WATCH }), watch: () => watch }
}

/** Reads the watch file; refuses as `readWatch` does. */
export async function openWatchSource(
  file: string | undefined,
  ledgers: LedgerFolder,
): Promise<WatchSource> {
  if (file === undefined) return await openPlainWatch()
  let read = await readWatch(file, { ledgers })

  async function look(): Promise<string | undefined> {
    try {
      read = await readWatch(file ?? "", { ledgers, previous: read })
      return undefined
    } catch (error) {
      if (error instanceof Refusal || error instanceof Trouble) return error.message
      throw error
    }
  }

  return {
    async inForce() {
      const refusal = await look()
      return { ...inForceOf(read, ledgers), ...present({ refusal }) }
    },
    watch: () => read.watch,
  }
}
