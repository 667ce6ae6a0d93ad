// A log of its own for a test, made by `countersign init`, with the keys that its readers pin.
import { join } from "node:path"
import type { Trust } from "../../src/client/trust.ts"
import { newFolder } from "../storage/folder.ts"
import { countersign } from "./process.ts"

export interface NewLog {
  /** Removed when the test is over; data and guard lie in it. */
  readonly folder: string
  readonly data: string
  readonly database: string
  readonly guard: string
  readonly trust: Trust
}

/** The words for `countersign serve` that go with a guard apart from the data. */
export function guardWords({ guard }: Pick<NewLog, "guard">): readonly string[] {
  return ["--guard", guard]
}

export async function newLog(origin = "log.example"): Promise<NewLog> {
  const folder = newFolder()
  const data = join(folder, "data")
  const guard = join(folder, "guard", "head")
  const { code, stdout, stderr } = await countersign(
    ...["init", "--data", data, "--guard", guard, "--origin", origin],
  )
  if (code !== 0) throw new Error(`the log cannot be made:\n${stderr}`)
  const vkeys = [...stdout.matchAll(/^verifier key: (.+)$/gm)].map(([, vkey = ""]) => vkey)
  const database = join(data, "log.db")
  return { folder, data, database, guard, trust: { vkeys, origin } }
}
