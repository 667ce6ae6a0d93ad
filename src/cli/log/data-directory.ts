// What lies where in a log's data directory, how it is made, and how its keys are read.

import { generateKeyPairSync, randomBytes } from "node:crypto"
import { existsSync } from "node:fs"
import { join } from "node:path"
import { refuse } from "../../core/base/errors.ts"
import { type Origin, parseNewName } from "../../core/note/origin.ts"
import { EMPTY_ROOT } from "../../core/tree/hash.ts"
import type { PublicHalf } from "../../crypto/keys/handle.ts"
import { type KeyContext, type KeyHandle, openKey } from "../../crypto/signers/key-handle.ts"
import { type LogKeys, type LogPublicKeys, logPublicKeys } from "../../crypto/signers/log-signer.ts"
import type { LogIdentity } from "../../log/ports/store.ts"
import { assertSqlite } from "../../storage/disk/sqlite-binding.ts"
import { createGuardFile } from "../../storage/files/guard-file.ts"
import { createLogStore } from "../../storage/log-engine.ts"
import {
  assertPlace,
  exportKey,
  keepPublicHalf,
  makeRoom,
  readPublicHalf,
  writeKeyFile,
} from "../command/key-files.ts"

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
  const usual = {
    ecdsa: join(path, "keys", "ecdsa.pem"),
    ed25519: join(path, "keys", "ed25519.pem"),
  }
  return {
    path,
    database: join(path, "log.db"),
    /** The search index; made of the database when there is none. */
    search: join(path, "search.db"),
    guard,
    /** The files in which the keys are if nobody says otherwise. */
    usual,
    ecdsaKey: ecdsaKey ?? usual.ecdsa,
    ed25519Key: ed25519Key ?? usual.ed25519,
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
  { usual, ecdsaKey, ed25519Key }: Pick<DataDirectory, "usual" | "ecdsaKey" | "ed25519Key">,
  opening: KeyOpening = {},
): Promise<LogKeys> {
  assertPlace(ecdsaKey, usual.ecdsa, "--ecdsa-key")
  assertPlace(ed25519Key, usual.ed25519, "--ed25519-key")
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
export async function createLogFiles(
  directory: DataDirectory,
  log: NewLog,
): Promise<LogPublicKeys> {
  const { database, guard } = directory
  assertSqlite()
  makeRoom([database, guard, ...usualFiles(directory)], "log")
  const keys = await makeKeys(directory, log)
  const { origin, keyFingerprints } = keys
  const identity = { origin, treeId: randomTreeId(), keyFingerprints }
  const head = { size: 0, root: EMPTY_ROOT, time: log.time }
  // If we stop before the guard is made, serving refuses for want of a guard and nothing was signed.
  await createLogStore(database, identity, { time: log.time })
  await createGuardFile(guard, identity, head)
  return keys
}

/** Of the keys in their usual places; the others are there already, elsewhere. */
function usualFiles({ usual, ecdsaKey, ed25519Key }: DataDirectory): readonly string[] {
  return [usual.ecdsa, usual.ed25519].filter((file) => [ecdsaKey, ed25519Key].includes(file))
}

/** Makes the keys that are to be in files, and takes the others as they are. */
async function makeKeys(
  directory: DataDirectory,
  { origin, passphrase }: NewLog,
): Promise<LogPublicKeys> {
  const { usual, ecdsaKey, ed25519Key } = directory
  const isEcdsaOwn = ecdsaKey === usual.ecdsa
  const isEd25519Own = ed25519Key === usual.ed25519
  if (isEcdsaOwn) {
    const ecdsa = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey
    writeKeyFile(ecdsaKey, exportKey(ecdsa, passphrase))
  }
  if (isEd25519Own) {
    const ed25519 = generateKeyPairSync("ed25519").privateKey
    writeKeyFile(ed25519Key, exportKey(ed25519, passphrase))
  }
  const keys = await openLogKeys(directory, { passphrase })
  try {
    const found = logPublicKeys(origin, keys)
    if (!isEcdsaOwn) keepPublicHalf(usual.ecdsa, keys.ecdsa)
    if (!isEd25519Own) keepPublicHalf(usual.ed25519, keys.ed25519)
    return found
  } finally {
    await closeKeys(keys)
  }
}

export async function closeKeys({ ecdsa, ed25519 }: LogKeys): Promise<void> {
  await Promise.all([ecdsa.close(), ed25519.close()])
}

/**
 * The public halves of the log's keys: as they were kept when it was made, for keys that are elsewhere, or of the keys
 * themselves. Refuses `conflict` if they are not those of this log.
 */
export async function readPublicKeys(
  directory: DataDirectory,
  { origin, keyFingerprints }: LogIdentity,
  passphrase: string | undefined,
): Promise<LogPublicKeys> {
  const { usual, ecdsaKey, ed25519Key } = directory
  const halfOf = async (file: string, uri: string): Promise<PublicHalf> => {
    const kept = readPublicHalf(file)
    if (kept !== undefined) return kept
    const key = await openLogKey(uri, { passphrase })
    await key.close()
    return key
  }
  const ecdsa = await halfOf(usual.ecdsa, ecdsaKey)
  const ed25519 = await halfOf(usual.ed25519, ed25519Key)
  const found = logPublicKeys(origin, { ecdsa, ed25519 })
  if (found.keyFingerprints.join() === keyFingerprints.join()) return found
  return refuse(
    "conflict",
    `the keys found are not those of the log ${origin}: give the keys it was made with`,
  )
}
