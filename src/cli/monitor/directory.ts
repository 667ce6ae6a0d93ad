// What lies where in a monitor's data directory, how it is made, and opening its state, which is refused
// unless it is exactly what this monitor signed.
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { Refusal, refuse, Trouble } from "../../core/base/errors.ts"
import { createStateSigner, newStateKey } from "../../crypto/signers/state-signer.ts"
import { nativeHasher } from "../../crypto/tree-hasher.ts"
import type { Documents } from "../../monitor/state/documents.ts"
import type { StateSigner } from "../../monitor/state/state.ts"
import { createState, type MonitorState, openState } from "../../monitor/state/state.ts"
import type { MonitorStore } from "../../monitor/state/store.ts"
import { isThere, makeFolder, onDisk, syncNameOf } from "../../storage/disk/durable-file.ts"
import { lockDataDirectory } from "../../storage/disk/process-lock.ts"
import { assertSqlite } from "../../storage/disk/sqlite-binding.ts"
import type { ConnectionRole } from "../../storage/sqlite/database/connection.ts"
import { createMonitorDatabase, openMonitorStore } from "../../storage/sqlite/monitor/store.ts"
import { openAll } from "../command/closers.ts"
import { StateRefused } from "../command/exit-code.ts"
import {
  makeRoom,
  readNewPassphrase,
  readPassphrase,
  readSealedKeyFile,
  writeKeyFile,
} from "../command/key-files.ts"
import { dataOption, optional } from "../command/options.ts"

export interface MonitorDirectory {
  readonly path: string
  readonly database: string
  /** The monitor's own key; best kept where whoever can change the data cannot read it. */
  readonly key: string
  /** The file with the passphrase of the key, if it is encrypted. */
  readonly passphraseFile: string | undefined
  /** Acknowledgements for a monitor that runs, one file each. */
  readonly acknowledgements: string
  /** Messages for the next round, and below it those that are kept. */
  readonly messages: string
  /** The request to judge entries again, for a monitor that runs. */
  readonly rescan: string
  /** What pipelines have posted, one file for each signer. */
  readonly ledgers: string
}

const keyOption = optional("--key <file>", "the monitor's own key (default: in DIR)")

/** Of a command on the state of a monitor that is there. */
export const stateOptions = [
  dataOption("monitor"),
  keyOption,
  optional("--passphrase-file <file>", "first line: the passphrase of the key files"),
] as const

/** The layout below `path`; the key may lie elsewhere. */
export function monitorDirectory(
  path: string,
  key?: string,
  passphraseFile?: string,
): MonitorDirectory {
  return {
    path,
    database: join(path, "monitor.db"),
    key: key ?? join(path, "keys", "ed25519.pem"),
    passphraseFile,
    acknowledgements: join(path, "acknowledgements"),
    messages: join(path, "messages"),
    rescan: join(path, "rescan"),
    ledgers: join(path, "ledger"),
  }
}

function readSigner({ key, passphraseFile }: MonitorDirectory): StateSigner {
  const passphrase = readPassphrase(passphraseFile)
  return createStateSigner(readSealedKeyFile(key, "monitor", passphrase), passphrase)
}

/**
 * Makes the database with a first signed state, and the key unless the file is there. Refuses `conflict`
 * if there is a database: a monitor is never made anew over another one.
 */
export async function createMonitorFiles(
  directory: MonitorDirectory,
  fill: (documents: Documents) => void,
): Promise<StateSigner> {
  const { database, key } = directory
  assertSqlite()
  makeRoom([database], "monitor")
  if (!isThere(key)) {
    makeRoom([key], "key")
    writeKeyFile(key, newStateKey(readNewPassphrase(directory.passphraseFile)))
  }
  const signer = readSigner(directory)
  createMonitorDatabase(database)
  const store = openMonitorStore(database)
  const state = await createState({ store, signer, hasher: nativeHasher }, fill)
  await state.close()
  return signer
}

function noMonitor(path: string): string {
  return (
    `expected a monitor in ${path}, found none; if there never was one, make it with: ` +
    `countersign monitor init --data ${path} --policy FILE`
  )
}

/**
 * Opens the state; for `write` the caller holds the lock. Throws `StateRefused` for one that is missing
 * or not what this monitor signed: that is not what is wrong with a log, and has an exit code of its own.
 */
async function openMonitorState(
  directory: MonitorDirectory,
  role: ConnectionRole,
): Promise<MonitorState> {
  const { path, database } = directory
  let store: MonitorStore | undefined
  try {
    if (!isThere(database)) refuse("not-found", noMonitor(path))
    const signer = readSigner(directory)
    store = openMonitorStore(database, role)
    return await openState({ store, signer, hasher: nativeHasher })
  } catch (error) {
    await store?.close()
    const isState =
      error instanceof Refusal || (error instanceof Trouble && error.code === "damaged")
    if (!isState) throw error
    throw new StateRefused(`${error.message}; nothing was changed`, { cause: error })
  }
}

/** The state for this process alone. Refuses `conflict` while another process has it. */
export async function lockMonitorState(directory: MonitorDirectory) {
  const { path } = directory
  if (!isThere(path)) throw new StateRefused(noMonitor(path))
  return await openAll(async (closers) => {
    closers.push(lockDataDirectory(path).release)
    const state = await openMonitorState(directory, "write")
    closers.push(() => state.close())
    return { state }
  })
}

export async function readState<T>(
  directory: MonitorDirectory,
  read: (state: MonitorState) => T | Promise<T>,
): Promise<T> {
  const state = await openMonitorState(directory, "read")
  try {
    return await read(state)
  } finally {
    await state.close()
  }
}

export async function changeState(
  directory: MonitorDirectory,
  edit: (documents: Documents) => void,
): Promise<void> {
  const { state, close } = await lockMonitorState(directory)
  try {
    await state.change(edit)
  } finally {
    await close()
  }
}

/** Leaves an acknowledgement for the monitor that runs; `id` is that of the finding. */
export function leaveAcknowledgement({ acknowledgements }: MonitorDirectory, id: string): void {
  const file = join(acknowledgements, id)
  makeFolder(acknowledgements)
  onDisk(file, () => writeFileSync(file, `${id}\n`, { flush: true }))
  syncNameOf(file)
}

const ID = /^[0-9a-f]{16}$/

/** Lets `take` have the IDs that were left, and forgets them once it has. */
export async function takeAcknowledgements(
  { acknowledgements }: MonitorDirectory,
  take: (ids: readonly string[]) => Promise<unknown>,
): Promise<void> {
  const fileOf = (id: string) => join(acknowledgements, id)
  const ids = onDisk(acknowledgements, () => {
    const names = isThere(acknowledgements) ? readdirSync(acknowledgements) : []
    return names.filter((name) => ID.test(name) && readFileSync(fileOf(name), "utf8") !== "")
  })
  if (ids.length === 0) return
  await take(ids)
  for (const id of ids) rmSync(fileOf(id), { force: true })
}

/** Leaves a request for the monitor that runs, or for its next start: to judge all entries from this index on again. */
export function leaveRescanRequest({ rescan }: MonitorDirectory, from: number): void {
  onDisk(rescan, () => writeFileSync(rescan, `${from}\n`, { flush: true, mode: 0o600 }))
  syncNameOf(rescan)
}

/** Lets `take` have the index of a request, and forgets the request once it has. */
export async function takeRescanRequest(
  { rescan }: MonitorDirectory,
  take: (from: number) => Promise<void>,
): Promise<void> {
  const text = onDisk(rescan, () => (isThere(rescan) ? readFileSync(rescan, "utf8") : ""))
  if (!/^[0-9]{1,15}\n$/.test(text)) return
  await take(Number(text))
  rmSync(rescan, { force: true })
}
