// A log of its own for a test, with its guard apart from its data, and the keys that its readers pin.
import { join } from "node:path"
import { createLogFiles, dataDirectory } from "../../../src/cli/log/data-directory.ts"
import type { Trust } from "../../../src/client/trust.ts"
import { parseOrigin } from "../../../src/core/note/origin.ts"
import { newFolder } from "../../storage/folder.ts"
import { type ServeOptions, serve } from "../process.ts"
import { grow } from "./load.ts"

export interface NewLog {
  /** Removed when the test is over; data and guard lie in it. */
  readonly folder: string
  readonly data: string
  readonly database: string
  readonly guard: string
  readonly trust: Trust
  /** What `serve` needs to be told about this log. */
  readonly options: ServeOptions & { readonly words: readonly string[] }
}

/** Makes a log without entries; `time` is that of its head, in Unix milliseconds. */
export async function newLog({ time = Date.now() } = {}): Promise<NewLog> {
  const folder = newFolder()
  const data = join(folder, "data")
  const guard = join(folder, "guard", "head")
  const directory = dataDirectory(data, guard)
  const { origin, vkeys } = await createLogFiles(directory, {
    origin: parseOrigin("log.example"),
    time,
  })
  const { database } = directory
  return {
    folder,
    data,
    database,
    guard,
    trust: { vkeys, origin },
    options: { words: ["--guard", guard] },
  }
}

/** Makes a log with so many entries that was served and stopped. */
export async function stoppedLog(size: number): Promise<NewLog> {
  const log = await newLog()
  const served = await serve(log.data, log.options)
  if (size > 0) await grow(served.client, size)
  const { code, stderr } = await served.stop()
  if (code !== 0) throw new Error(`the server ended with ${code}:\n${stderr}`)
  return log
}
