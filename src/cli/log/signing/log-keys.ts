// The keys of a log: in files of its data directory, where they are made, or elsewhere, where they are found; and their
// public halves, which are known without any of that.
import { generateKeyPairSync } from "node:crypto"
import { refuse } from "../../../core/base/errors.ts"
import type { Origin } from "../../../core/note/origin.ts"
import type { PublicHalf } from "../../../crypto/keys/handle.ts"
import { type KeyContext, type KeyHandle, openKey } from "../../../crypto/signers/key-handle.ts"
import {
  type LogKeys,
  type LogPublicKeys,
  logPublicKeys,
} from "../../../crypto/signers/log-signer.ts"
import type { LogIdentity } from "../../../log/ports/store.ts"
import {
  assertPlace,
  exportKey,
  keepPublicHalf,
  readPublicHalf,
  writeKeyFile,
} from "../../command/key-files.ts"

/** Where the keys of a log are. */
export interface LogKeyPlaces {
  /** The files in which they are if nobody says otherwise. */
  readonly usual: { readonly ecdsa: string; readonly ed25519: string }
  /** Paths or URIs, as `openKey` takes them. */
  readonly ecdsaKey: string
  readonly ed25519Key: string
}

/** How the log's keys are opened. */
export type KeyOpening = Pick<KeyContext, "passphrase" | "signing">

async function openLogKey(uri: string, opening: KeyOpening): Promise<KeyHandle> {
  return await openKey(uri, { ...opening, directory: ".", what: "log" })
}

/** Opens both keys of the log; the caller closes them. Refuses and throws as `openKey` does. */
export async function openLogKeys(
  { usual, ecdsaKey, ed25519Key }: Omit<LogKeyPlaces, "usual"> & Partial<LogKeyPlaces>,
  opening: KeyOpening = {},
): Promise<LogKeys> {
  if (usual !== undefined) {
    assertPlace(ecdsaKey, usual.ecdsa, "--ecdsa-key")
    assertPlace(ed25519Key, usual.ed25519, "--ed25519-key")
  }
  const ecdsa = await openLogKey(ecdsaKey, opening)
  try {
    return { ecdsa, ed25519: await openLogKey(ed25519Key, opening) }
  } catch (reason) {
    await ecdsa.close()
    throw reason
  }
}

export async function closeKeys({ ecdsa, ed25519 }: LogKeys): Promise<void> {
  await ecdsa.close()
  await ed25519.close()
}

/** The files of the keys that are in their usual places; the others are elsewhere, and there already. */
export function usualFiles({ usual, ecdsaKey, ed25519Key }: LogKeyPlaces): readonly string[] {
  return [usual.ecdsa, usual.ed25519].filter((file) => [ecdsaKey, ed25519Key].includes(file))
}

/** Makes the keys that are to be in files, and takes the others as they are. Refuses and throws as `openKey` does. */
export async function makeKeys(
  places: LogKeyPlaces,
  origin: Origin,
  passphrase: string | undefined,
): Promise<LogPublicKeys> {
  const { usual, ecdsaKey, ed25519Key } = places
  const isEcdsaOwn = ecdsaKey === usual.ecdsa
  const isEd25519Own = ed25519Key === usual.ed25519
  if (isEcdsaOwn) {
    const ecdsa = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey
    writeKeyFile(ecdsaKey, exportKey(ecdsa, passphrase))
  }
  if (isEd25519Own) {
    writeKeyFile(ed25519Key, exportKey(generateKeyPairSync("ed25519").privateKey, passphrase))
  }
  const keys = await openLogKeys(places, { passphrase })
  try {
    const found = logPublicKeys(origin, keys)
    if (!isEcdsaOwn) keepPublicHalf(usual.ecdsa, keys.ecdsa)
    if (!isEd25519Own) keepPublicHalf(usual.ed25519, keys.ed25519)
    return found
  } finally {
    await closeKeys(keys)
  }
}

/**
 * The public halves of the log's keys: as they were kept when it was made, for keys that are elsewhere, or of the keys
 * themselves. Refuses `conflict` if they are not those of this log.
 */
export async function readPublicKeys(
  { usual, ecdsaKey, ed25519Key }: LogKeyPlaces,
  { origin, keyFingerprints }: LogIdentity,
  passphrase: string | undefined,
): Promise<LogPublicKeys> {
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
    `the keys found are not those of the log ${origin}; give the keys it was made with`,
  )
}
