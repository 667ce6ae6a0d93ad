// What lies where in a log's data directory, how it is made, and how its keys are read.

import { randomBytes } from "node:crypto"
import { join } from "node:path"
import { refuse } from "../../core/base/errors.ts"
import { type Origin, parseNewName } from "../../core/note/origin.ts"
import { EMPTY_ROOT } from "../../core/tree/hash.ts"
import { createLogSigner, type LogPublicKeys } from "../../crypto/signers/log-signer.ts"
import { openProcessSigner } from "../../crypto/signers/process-signer.ts"
import { createRekorSigner } from "../../crypto/signers/rekor-signer.ts"
import { nativeHasher } from "../../crypto/tree-hasher.ts"
import { firstCommits } from "../../log/commit-chain.ts"
import type { LogSigner, RekorSigner } from "../../log/ports/signer.ts"
import type { LogIdentity } from "../../log/ports/store.ts"
import { isThere } from "../../storage/disk/durable-file.ts"
import { assertSqlite } from "../../storage/disk/sqlite-binding.ts"
import { auditFile, recordAct } from "../../storage/files/audit-file.ts"
import { createGuardFile } from "../../storage/files/guard-file.ts"
import { createLogStore } from "../../storage/log-engine.ts"
import { makeRoom } from "../command/key-files.ts"
import {
  closeKeys,
  type KeyOpening,
  makeKeys,
  openLogKeys,
  readPublicKeys,
  usualFiles,
} from "./signing/log-keys.ts"
import { openSignerOf } from "./signing/opening.ts"
import { openSignerChannel } from "./signing/signer-uri.ts"

/** Where the log's keys are if not in its data directory: paths or URIs, as `openKey` takes them. */
export interface KeyPlaces {
  readonly ecdsaKey?: string | undefined
  readonly ed25519Key?: string | undefined
  /** The URI of a signer process that has the keys; the log itself then has none. */
  readonly signer?: string | undefined
}

/**
 * The layout below `path`. The guard may lie elsewhere, best on another disk or host. Refuses `malformed` for keys that
 * are said to be in two places.
 */
export function dataDirectory(
  path: string,
  guard = join(path, "guard", "head"),
  { ecdsaKey, ed25519Key, signer }: KeyPlaces = {},
) {
  if (signer !== undefined && (ecdsaKey ?? ed25519Key) !== undefined) {
    const advice = "name where the keys are to: countersign signer serve"
    refuse("malformed", `--signer: this process has both keys; ${advice}`)
  }
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
    usual,
    ecdsaKey: ecdsaKey ?? usual.ecdsa,
    ed25519Key: ed25519Key ?? usual.ed25519,
    signer,
    /** The last published checkpoint, in a log with witnesses. */
    published: join(path, "published"),
    /** A folder that is made when it is needed. */
    evidence: join(path, "evidence"),
  }
}

export type DataDirectory = Readonly<ReturnType<typeof dataDirectory>>

export function holdsLog(directory: DataDirectory): boolean {
  return isThere(directory.database)
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
export function logDirectory(path: string, guard?: string): DataDirectory {
  const directory = dataDirectory(path, guard)
  if (holdsLog(directory)) return directory
  return refuse("not-found", `expected a log, found no ${directory.database}`)
}

/** All that a log signs, by keys of its own or by a signer's. */
export interface LogSigning {
  readonly log: LogSigner
  readonly rekor: RekorSigner
  /** SPKI DER of the ECDSA key, for trust files. */
  readonly ecdsaSpki: Uint8Array
  close(): Promise<void>
}

/**
 * Opens what signs for the log that `identity` names; `channel` leads to the signer of the directory, if it has one.
 * Refuses and throws as `openLogKeys` and `openSignerOf` do.
 */
export async function openLogSigning(
  directory: Pick<DataDirectory, "path" | "usual" | "ecdsaKey" | "ed25519Key"> &
    Pick<KeyPlaces, "signer">,
  identity: LogIdentity,
  opening: KeyOpening = {},
  channel = directory.signer === undefined ? undefined : openSignerChannel(directory.signer),
): Promise<LogSigning> {
  if (channel !== undefined) {
    const { log, rekor, ecdsaSpki, close } = await openSignerOf(identity, channel, (reason) =>
      recordAct(auditFile(directory.path), { event: "signer-refused", about: { reason } }),
    )
    return { log, rekor, ecdsaSpki, close: async () => close() }
  }
  const keys = await openLogKeys(directory, opening)
  const log = createLogSigner(identity.origin, keys)
  return {
    log,
    rekor: createRekorSigner(identity, keys.ecdsa),
    ecdsaSpki: log.ecdsaSpki,
    close: () => closeKeys(keys),
  }
}

/**
 * The public halves of a log's keys, from its signer, its kept halves or its keys, in this order. Refuses and throws
 * as opening does.
 */
export async function readLogPublicKeys(
  directory: DataDirectory,
  identity: LogIdentity,
  passphrase: string | undefined,
): Promise<Omit<LogPublicKeys, "keyFingerprints">> {
  if (directory.signer === undefined) return await readPublicKeys(directory, identity, passphrase)
  const { log, ecdsaSpki, close } = await openLogSigning(directory, identity)
  await close()
  return { origin: log.origin, vkeys: log.vkeys, ecdsaSpki }
}

/** Refuses `conflict` if keys lie with a log that has a signer: a thief of the log would have them. */
export function assertNoKeys({ path, usual, signer }: DataDirectory): void {
  const there = [usual.ecdsa, usual.ed25519].filter((file) => isThere(file))
  if (signer === undefined || there.length === 0) return
  refuse(
    "conflict",
    `a log with a signer has no keys of its own, found ${there.join(" and ")}; make sure that the signer has them ` +
      `(countersign signer init --adopt ${path}), then delete them here`,
  )
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

/** What names a log to those who verify it. */
export type PublicKeys = Pick<LogPublicKeys, "origin" | "vkeys" | "keyFingerprints">

/** Who a new log is: by new keys, or as the signer of the directory says. */
async function newIdentity(
  directory: DataDirectory,
  { origin, passphrase }: NewLog,
): Promise<PublicKeys & Pick<LogIdentity, "treeId">> {
  const { signer } = directory
  if (signer === undefined) {
    return { ...(await makeKeys(directory, origin, passphrase)), treeId: randomTreeId() }
  }
  const { identity, vkeys, size, close } = await openProcessSigner(openSignerChannel(signer))
  close()
  if (identity.origin !== origin) {
    refuse(
      "conflict",
      `the signer signs for ${identity.origin}, expected ${origin}; make one for this log`,
    )
  }
  if (size > 0) {
    refuse(
      "conflict",
      `the signer of ${origin} has signed a tree of ${size} entries: a new log begins with none. Find the log ` +
        "that it belongs to, or make another signer",
    )
  }
  return { ...identity, vkeys }
}

/**
 * Makes keys, database and guard. Refuses `conflict` if any of them is there already: a log that lost
 * one of the three must not be made anew under the same name by accident.
 */
export async function createLogFiles(directory: DataDirectory, log: NewLog): Promise<PublicKeys> {
  const { database, guard, signer } = directory
  assertSqlite()
  makeRoom([database, guard, ...(signer === undefined ? usualFiles(directory) : [])], "log")
  const { origin, vkeys, keyFingerprints, treeId } = await newIdentity(directory, log)
  const identity = { origin, treeId, keyFingerprints }
  const commits = firstCommits({ ...identity, created: log.time }, nativeHasher)
  const head = { size: 0, root: EMPTY_ROOT, time: log.time, commits }
  // If we stop before the guard is made, serving refuses for want of a guard and nothing was signed.
  await createLogStore(database, identity, { time: log.time })
  await createGuardFile(guard, identity, head)
  return { origin, vkeys, keyFingerprints }
}
