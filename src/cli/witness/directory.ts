// What lies where in a witness's data directory, how it is made, and how its keys and what it holds are read.
import { createHash, generateKeyPairSync, randomBytes } from "node:crypto"
import { join } from "node:path"
import { refuse } from "../../core/base/errors.ts"
import { formatVkey } from "../../core/note/note.ts"
import type { Origin } from "../../core/note/origin.ts"
import {
  createEd25519Cosigner,
  createMlDsaCosigner,
  type HeldCosigner,
} from "../../crypto/signers/cosigner.ts"
import { openKey } from "../../crypto/signers/key-handle.ts"
import { formatSeedFile, parseSeedFile, SEED_SIZE } from "../../crypto/signers/seed-file.ts"
import type { LogIdentity } from "../../log/ports/store.ts"
import { isThere } from "../../storage/disk/durable-file.ts"
import { assertSqlite } from "../../storage/disk/sqlite-binding.ts"
import {
  createWitnessStore,
  openWitnessReads,
  type WitnessReads,
} from "../../storage/sqlite/witness/store.ts"
import {
  assertPlace,
  exportKey,
  keepPublicHalf,
  makeRoom,
  readSealedKeyFile,
  writeKeyFile,
} from "../command/key-files.ts"
import { optional } from "../command/options.ts"
import { randomTreeId } from "../log/data-directory.ts"

export interface WitnessDirectory {
  readonly path: string
  readonly database: string
  readonly guard: string
  /** The file in which the Ed25519 key is if nobody says otherwise. */
  readonly usual: string
  /** Where the Ed25519 key is: a path or a URI. */
  readonly ed25519Key: string
  /** The seed of the ML-DSA-44 key; there is no such file if the witness has no such key. */
  readonly mlDsaSeed: string
  /** Where notes are kept that show that the witness was put back to an older copy. */
  readonly rolledBack: string
}

export const guardOption = optional(
  "--guard <file>",
  "where the guard is kept (default: DIR/guard/state)",
)

/** The layout below `path`. The guard may lie elsewhere, best on another disk or host. */
export function witnessDirectory(
  path: string,
  guard?: string,
  ed25519Key?: string,
): WitnessDirectory {
  const usual = join(path, "keys", "ed25519.pem")
  return {
    path,
    database: join(path, "witness.db"),
    guard: guard ?? join(path, "guard", "state"),
    usual,
    ed25519Key: ed25519Key ?? usual,
    mlDsaSeed: join(path, "keys", "ml-dsa-44.seed"),
    rolledBack: join(path, "rolled-back"),
  }
}

/** Refuses `not-found`, and says how to make one: without a state nothing may ever be signed. */
export function assertWitness({ path, database }: WitnessDirectory): void {
  if (isThere(database)) return
  refuse(
    "not-found",
    `expected a witness in ${path}, found none; make one with: ` +
      `countersign witness init --data ${path} --name NAME`,
  )
}

/**
 * Opens the keys of the witness that `identity` names; the caller closes them. Refuses as the files are
 * wrong, and `mismatch` if they are not those that the witness was made with.
 */
export async function openWitnessKeys(
  directory: WitnessDirectory,
  { origin, keyFingerprints }: LogIdentity,
  passphrase: string | undefined,
): Promise<WitnessKeys> {
  const keys = await openKeys(directory, origin, passphrase)
  if (keys.fingerprints.join() === keyFingerprints.join()) return keys
  await keys.close()
  return refuse(
    "mismatch",
    `the keys in ${directory.path} are not those that the witness ${origin} was made with: give ` +
      `the key files it was made with`,
  )
}

async function openKeys(
  { usual, ed25519Key, mlDsaSeed }: WitnessDirectory,
  name: Origin,
  passphrase: string | undefined,
) {
  const read = (file: string): string => readSealedKeyFile(file, "witness", passphrase)
  assertPlace(ed25519Key, usual, "--ed25519-key")
  const key = await openKey(ed25519Key, {
    ...{ passphrase, directory: ".", signing: "verify-elsewhere", what: "witness" },
  })
  const cosigners: HeldCosigner[] = []
  try {
    cosigners.push(createEd25519Cosigner(name, key))
    if (isThere(mlDsaSeed)) {
      cosigners.push(createMlDsaCosigner(name, parseSeedFile(read(mlDsaSeed), passphrase)))
    }
  } catch (reason) {
    await key.close()
    throw reason
  }
  const vkeys = cosigners.map(({ vkey }) => formatVkey(vkey))
  return {
    ed25519: key,
    /** In the order of their lines, as all of these. */
    cosigners,
    vkeys,
    /** The SHA-256 of each verifier key, as the identity of the witness has it. */
    fingerprints: vkeys.map((vkey) => createHash("sha256").update(vkey).digest("hex")),
    async close() {
      for (const cosigner of cosigners) await cosigner.close()
    },
  }
}

export type WitnessKeys = Awaited<ReturnType<typeof openKeys>>

export interface NewWitness {
  readonly name: Origin
  readonly mlDsa: boolean
  readonly passphrase: string | undefined
  /** Unix milliseconds. */
  readonly time: number
}

/**
 * Makes keys, database and guard, and gives the verifier keys. Refuses `conflict` if any of them is there
 * already: a witness that lost one of them must not be made anew under the same name by accident.
 */
export async function createWitnessFiles(
  directory: WitnessDirectory,
  { name, mlDsa, passphrase, time }: NewWitness,
): Promise<readonly string[]> {
  const { database, guard, ed25519Key, mlDsaSeed } = directory
  assertSqlite()
  const isOwn = ed25519Key === directory.usual
  makeRoom([database, guard, mlDsaSeed, ...(isOwn ? [ed25519Key] : [])], "witness")
  if (isOwn) {
    writeKeyFile(ed25519Key, exportKey(generateKeyPairSync("ed25519").privateKey, passphrase))
  }
  if (mlDsa) writeKeyFile(mlDsaSeed, formatSeedFile(randomBytes(SEED_SIZE), passphrase))
  const { ed25519, fingerprints, vkeys, close } = await openKeys(directory, name, passphrase)
  await close()
  if (!isOwn) keepPublicHalf(directory.usual, ed25519)
  const identity = { origin: name, treeId: randomTreeId(), keyFingerprints: fingerprints }
  createWitnessStore({ database, guard }, identity, { time })
  return vkeys
}

/**
 * Reads what a witness holds, also while it serves, and compares it with the guard if that lies where the directory
 * says. Refuses `not-found` if there is no witness, and as opening the database does.
 */
export async function readWitness<T>(
  directory: WitnessDirectory,
  read: (reads: Omit<WitnessReads, "close">) => Promise<T>,
): Promise<T> {
  assertWitness(directory)
  const { database, guard } = directory
  const { close, ...reads } = openWitnessReads({ database, ...(isThere(guard) && { guard }) })
  try {
    return await read(reads)
  } finally {
    close()
  }
}
