// One run of a program as it was recorded: what it did to the disk, and between that what it told others.

import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs"
import { dirname, join } from "node:path"
import type { DiskState } from "./disk.ts"
import { isIndexOfWal, type Operation, readOperations } from "./operations.ts"

/** An operation, or that something was told from here on. */
export type Event<Told> = Operation | { readonly kind: "told"; readonly told: Told }

export interface Recording<Told> {
  readonly name: string
  /** The folder that the paths of the operations lie in. */
  readonly root: string
  /** What lay there before, durable. */
  readonly before: DiskState
  readonly events: readonly Event<Told>[]
  /** From this event on the program's data must be there. */
  readonly from: number
}

/**
 * Reads some traces, one after the other. `toldBy` finds in what a process said what that means, and what can be
 * forgotten as soon as it is known.
 */
export async function readRecording<Told>(
  traces: readonly string[],
  { root, before = new Map() }: { readonly root: string; readonly before?: DiskState },
  toldBy: (said: string) => Told | undefined,
): Promise<{ readonly events: Event<Told>[]; readonly ends: readonly number[] }> {
  const events: Event<Told>[] = []
  const ends: number[] = []
  const sizes = new Map<string, number>()
  for (const [path, bytes] of before) sizes.set(join(root, path), bytes?.length ?? 0)
  for (const trace of traces) {
    await readOperations({ trace, root, sizes }, (operation) => {
      if (operation.kind !== "said") return void events.push(operation)
      const told = toldBy(operation.text)
      if (told !== undefined) events.push({ kind: "told", told })
    })
    rmSync(trace)
    ends.push(events.length)
  }
  return { events, ends }
}

/** Lays a state out in an empty folder; only the owner may read it, as the program's own files. */
export function layOut(state: DiskState, folder: string): void {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  for (const [path, bytes] of state) {
    const to = join(folder, path)
    mkdirSync(bytes === undefined ? to : dirname(to), { recursive: true, mode: 0o700 })
    if (bytes !== undefined) writeFileSync(to, bytes, { mode: 0o600 })
  }
}

/** What lies in a folder. */
export function readState(folder: string): DiskState {
  const state = new Map<string, Buffer | undefined>()
  if (!existsSync(folder)) return state
  for (const path of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
    const from = join(folder, path)
    if (isIndexOfWal(path)) continue
    state.set(path, lstatSync(from).isDirectory() ? undefined : readFileSync(from))
  }
  return state
}
