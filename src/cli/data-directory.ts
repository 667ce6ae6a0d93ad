// What lies where in a log's data directory, how it is made, and how its keys are read.
import { generateKeyPairSync, type KeyObject, randomBytes } from "node:crypto"
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { refuse } from "../core/errors.ts"
import { EMPTY_ROOT } from "../core/hash.ts"
import type { Origin } from "../core/origin.ts"
import { createLogSigner, type KeyedSigner, type LogKeys } from "../crypto/log-signer.ts"
import { onDisk } from "../storage/durable-file.ts"
import { createGuardFile } from "../storage/guard-file.ts"
import { createSqliteStore } from "../storage/sqlite/store.ts"

export interface DataDirectory {
  readonly path: string
  readonly database: string
  readonly guard: string
  readonly ecdsaKey: string
  readonly ed25519Key: string
}

/** The layout below `path`. The guard may lie elsewhere, best on another disk or host. */
export function dataDirectory(path: string, guard?: string): DataDirectory {
  return {
    path,
    database: join(path, "log.db"),
    guard: guard ?? join(path, "guard", "head"),
    ecdsaKey: join(path, "keys", "ecdsa.pem"),
    ed25519Key: join(path, "keys", "ed25519.pem"),
  }
}

export function holdsLog(directory: DataDirectory): boolean {
  return existsSync(directory.database)
}

/** Reads a passphrase file: its first line. Throws trouble ("disk"). */
export function readPassphrase(file: string | undefined): string | undefined {
  if (file === undefined) return undefined
  return onDisk(file, () => readFileSync(file, "utf8")).split("\n", 1)[0]
}

/** A private key that others can read is not private: refuses `untrusted`. */
function readKeyFile(file: string): string {
  if (!existsSync(file)) refuse("not-found", `expected a log key in ${file}, found no such file`)
  const { mode } = statSync(file)
  const othersMay = mode % 0o100
  if (othersMay !== 0) {
    refuse("untrusted", `${file} can be read by others; run: chmod 600 ${file}`)
  }
  return readFileSync(file, "utf8")
}

export function readLogKeys(directory: DataDirectory, passphrase: string | undefined): LogKeys {
  const keys = {
    ecdsa: readKeyFile(directory.ecdsaKey),
    ed25519: readKeyFile(directory.ed25519Key),
  }
  return passphrase === undefined ? keys : { ...keys, passphrase }
}

function exportKey(key: KeyObject, passphrase: string | undefined): string {
  if (passphrase === undefined) return key.export({ type: "pkcs8", format: "pem" }) as string
  const encryption = { cipher: "aes-256-cbc", passphrase }
  return key.export({ type: "pkcs8", format: "pem", ...encryption }) as string
}

/** 63 random bits above 0: rekor-cli tells databases apart by this number. */
function randomTreeId(): string {
  const id = BigInt(`0x${randomBytes(8).toString("hex")}`) % 2n ** 63n
  return id === 0n ? randomTreeId() : String(id)
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
  for (const file of [database, guard, ecdsaKey, ed25519Key]) {
    if (existsSync(file)) refuse("conflict", `expected no log yet, found ${file}`)
  }
  for (const file of [database, guard, ecdsaKey]) {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  }
  const writeKey = (file: string, key: KeyObject): void => {
    writeFileSync(file, exportKey(key, log.passphrase), { mode: 0o600, flag: "wx", flush: true })
  }
  writeKey(ecdsaKey, generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey)
  writeKey(ed25519Key, generateKeyPairSync("ed25519").privateKey)
  const signer = createLogSigner(log.origin, readLogKeys(directory, log.passphrase))
  const { origin, keyFingerprints } = signer
  const identity = { origin, treeId: randomTreeId(), keyFingerprints }
  const head = { size: 0, root: EMPTY_ROOT, time: log.time }
  // If we stop before the guard is made, serving refuses for want of a guard and nothing was signed.
  await createSqliteStore(database, identity, { time: log.time })
  await createGuardFile(guard, identity, head)
  return signer
}
