// What lies where in a log's data directory, how it is made, and how its keys are read.

import { generateKeyPairSync, randomBytes } from "node:crypto"
import { existsSync } from "node:fs"
import { join } from "node:path"
import { refuse } from "../../core/base/errors.ts"
import { type Origin, parseNewName } from "../../core/note/origin.ts"
import { EMPTY_ROOT } from "../../core/tree/hash.ts"
import { type KeyContext, type KeyHandle, openKey } from "../../crypto/signers/key-handle.ts"
import { createLogSigner, type KeyedSigner, type LogKeys } from "../../crypto/signers/log-signer.ts"
import { assertSqlite } from "../../storage/disk/sqlite-binding.ts"
import { createGuardFile } from "../../storage/files/guard-file.ts"
import { createLogStore } from "../../storage/log-engine.ts"
import { exportKey, makeRoom, writeKeyFile } from "../command/key-files.ts"

/** Where the log's keys are if not in its data directory: paths or URIs, as `openKey` takes them. */
export interface KeyPlaces {
  readonly ecdsaKey?: string | undefined
  readonly ed25519Key?: string | undefined
}

/** The layout below `path`. The guard may lie elsewhere, best on another disk or host. */
export function dataDirectory(
  path: string,
  guard = join(path, "guard", "head"),
  { ecdsaKey, ed25519Key }: KeyPlaces = {},
) {
  return {
    path,
    database: join(path, "log.db"),
    /** The search index; made of the database when there is none. */
    search: join(path, "search.db"),
    guard,
    ecdsaKey: ecdsaKey ?? join(path, "keys", "ecdsa.pem"),
    ed25519Key: ed25519Key ?? join(path, "keys", "ed25519.pem"),
    /** The last published checkpoint, in a log with witnesses. */
    published: join(path, "published"),
    /** A folder that is made when it is needed. */
    evidence: join(path, "evidence"),
  }
}

export type DataDirectory = Readonly<ReturnType<typeof dataDirectory>>

export function holdsLog(directory: DataDirectory): boolean {
  return existsSync(directory.database)
}

/** Refuses `not-found`, and says how to make one. */
export function assertLog(directory: DataDirectory): DataDirectory {
  if (holdsLog(directory)) return directory
  const { path } = directory
  return refuse(
    "not-found",
    `expected a log in ${path}, found none; make one with: ` +
      `countersign init --data ${path} --origin NAME`,
  )
}

/** The layout of a log that is there; refuses `not-found`. For what works on any copy of a database. */
export function logDirectory(path: string): DataDirectory {
  const directory = dataDirectory(path)
  if (holdsLog(directory)) return directory
  return refuse("not-found", `expected a log, found no ${directory.database}`)
}

/** How the log's keys are opened. */
type KeyOpening = Pick<KeyContext, "passphrase" | "signing">

/** Opens one key of the log, wherever it is; refuses and throws as `openKey` does. */
export async function openLogKey(uri: string, opening: KeyOpening = {}): Promise<KeyHandle> {
  return await openKey(uri, { ...opening, directory: ".", what: "log" })
}

/** Opens both keys of the log; the caller closes them. Refuses and throws as `openKey` does. */
export async function openLogKeys(
  { ecdsaKey, ed25519Key }: Pick<DataDirectory, "ecdsaKey" | "ed25519Key">,
  opening: KeyOpening = {},
): Promise<LogKeys> {
  const ecdsa = await openLogKey(ecdsaKey, opening)
  try {
    return { ecdsa, ed25519: await openLogKey(ed25519Key, opening) }
  } catch (reason) {
    await ecdsa.close()
    throw reason
  }
}

/** 63 random bits above 0: rekor-cli tells databases apart by this number. */
export function randomTreeId(): string {
  const id = BigInt(`0x${randomBytes(8).toString("hex")}`) % 2n ** 63n
  return id === 0n ? randomTreeId() : String(id)
}

/** The origin of a log that is to be made; refuses `malformed` as `parseNewName` does. */
export function newOrigin(text: string, isForced = false): Origin {
  return parseNewName(text, "origin", isForced ? undefined : "--force-origin")
}

export interface NewLog {
  readonly origin: Origin
  readonly passphrase?: string | undefined
  /** Unix milliseconds. */
  readonly time: number
}

/**
 * Makes keys, database and guard. Refuses `conflict` if any of them is there already: a log that lost
 * one of the three must not be made anew under the same name by accident.
 */
export async function createLogFiles(directory: DataDirectory, log: NewLog): Promise<KeyedSigner> {
  const { database, guard, ecdsaKey, ed25519Key } = directory
  assertSqlite()
  makeRoom([database, guard, ecdsaKey, ed25519Key], "log")
  const { passphrase } = log
  const ecdsa = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey
  writeKeyFile(ecdsaKey, exportKey(ecdsa, passphrase))
  writeKeyFile(ed25519Key, exportKey(generateKeyPairSync("ed25519").privateKey, passphrase))
  const signer = createLogSigner(log.origin, await openLogKeys(directory, { passphrase }))
  const { origin, keyFingerprints } = signer
  const identity = { origin, treeId: randomTreeId(), keyFingerprints }
  const head = { size: 0, root: EMPTY_ROOT, time: log.time }
  // If we stop before the guard is made, serving refuses for want of a guard and nothing was signed.
  await createLogStore(database, identity, { time: log.time })
  await createGuardFile(guard, identity, head)
  return signer
}
