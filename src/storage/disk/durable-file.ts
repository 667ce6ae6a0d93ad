// Files and folders as durable storage: translates their errors and makes a folder's names durable.
import { accessSync, closeSync, constants, fsyncSync, mkdirSync, openSync, statSync } from "node:fs"
import { readFile } from "node:fs/promises"
import { dirname, resolve } from "node:path"
import { Trouble } from "../../core/base/errors.ts"

/** Runs `work` and turns an error of the file system into Trouble `disk` that names `path`. */
export function onDisk<T>(path: string, work: () => T): T {
  try {
    return work()
  } catch (reason) {
    throw diskTrouble(path, reason)
  }
}

/** An error of the file system as Trouble `disk` that names `path`; any other error unchanged. */
export function diskTrouble(path: string, reason: unknown): unknown {
  if (!isSystemError(reason)) return reason
  return new Trouble("disk", `${path}: ${reason.message}`, { cause: reason })
}

/** The code of a file system error, such as ENOENT; undefined for anything else. */
export function systemCode(reason: unknown): string | undefined {
  return isSystemError(reason) ? reason.code : undefined
}

function isSystemError(reason: unknown): reason is Error & { readonly code: string } {
  return reason instanceof Error && "syscall" in reason && "code" in reason
}

/** Whether there is anything at `path`. Throws Trouble `disk` where nobody may look: that is not to be taken for no. */
export function isThere(path: string): boolean {
  return onDisk(path, () => statSync(path, { throwIfNoEntry: false }) !== undefined)
}

/** Throws Trouble `disk` unless this process may write the file: known before anything is made beside it. */
export function assertWritable(path: string): void {
  try {
    accessSync(path, constants.W_OK)
  } catch (reason) {
    const found = systemCode(reason) ?? String(reason)
    const advice = "run this as the user who owns the data, and let that user write all of it"
    throw new Trouble("disk", `${path}: this process may not write it (${found}); ${advice}`, {
      cause: reason,
    })
  }
}

/** The bytes of a file, or undefined; rejects as the file system does. */
export async function readIfThere(path: string): Promise<Uint8Array | undefined> {
  try {
    return await readFile(path)
  } catch (reason) {
    if (systemCode(reason) === "ENOENT") return undefined
    throw reason
  }
}

/**
 * Makes a folder, and those that it lies in, for their owner alone, unless they are there. The names of all that are new
 * survive a loss of power; a file in it does so only if its own name is synced as well.
 */
export function makeFolder(path: string): void {
  const first = onDisk(path, () => mkdirSync(path, { recursive: true, mode: 0o700 }))
  if (first === undefined) return
  const above = dirname(resolve(first))
  for (let at = resolve(path); at !== above; at = dirname(at)) syncNameOf(at)
}

/** Makes the creation or renaming of `path` survive a loss of power. */
export function syncNameOf(path: string): void {
  const folder = dirname(path)
  onDisk(folder, () => {
    const descriptor = openSync(folder, "r")
    try {
      fsyncSync(descriptor)
    } finally {
      closeSync(descriptor)
    }
  })
}
