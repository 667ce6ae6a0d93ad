// Key files written anew under another passphrase: the old file stays whole until the new one is durable, was read back
// and holds the same key.
import { createPublicKey, type KeyObject, randomBytes, sign, verify } from "node:crypto"
import { chownSync, realpathSync, renameSync, rmSync, statSync } from "node:fs"
import { equalBytes } from "../../core/base/bytes.ts"
import { bug, Refusal } from "../../core/base/errors.ts"
import { algorithmOf, digestOf } from "../../crypto/keys/handle.ts"
import { readPem } from "../../crypto/keys/pem-key.ts"
import { formatSeedFile, parseSeedFile } from "../../crypto/signers/seed-file.ts"
import { onDisk, syncNameOf } from "../../storage/disk/durable-file.ts"
import { exportKey, isSeedFile, readKeyFile, writeKeyFile } from "../command/key-files.ts"

/** Undefined for no passphrase. */
type Passphrase = string | undefined

export interface Rewriting {
  readonly before: Passphrase
  readonly after: Passphrase
}

type OpenedKey = KeyObject | Uint8Array

function open(text: string, passphrase: Passphrase, file: string): OpenedKey {
  return isSeedFile(text)
    ? parseSeedFile(text, passphrase)
    : readPem(text, passphrase, `key ${file}`)
}

function format(key: OpenedKey, passphrase: Passphrase): string {
  return key instanceof Uint8Array ? formatSeedFile(key, passphrase) : exportKey(key, passphrase)
}

/** Whether the second key signs what the first one's public half verifies. */
function isSame(key: OpenedKey, other: OpenedKey): boolean {
  if (key instanceof Uint8Array || other instanceof Uint8Array) {
    return key instanceof Uint8Array && other instanceof Uint8Array && equalBytes(key, other)
  }
  const publicKey = createPublicKey(key)
  const digest = digestOf(algorithmOf(publicKey, "key"))
  const message = randomBytes(32)
  return verify(digest, message, publicKey, sign(digest, message, other))
}

/** Opens with the passphrase before, or with the one after it where an earlier try came that far. */
function openEither(text: string, { before, after }: Rewriting, file: string): OpenedKey {
  try {
    return open(text, before, file)
  } catch (reason) {
    if (!(reason instanceof Refusal) || reason.code === "too-large") throw reason
    try {
      return open(text, after, file)
    } catch {
      throw reason
    }
  }
}

interface Draft {
  readonly file: string
  /** Puts it in the place of the old file, durably. */
  place(): void
  discard(): void
}

/**
 * Writes the file's key under the other passphrase beside it, as FILE.new, and looks at what was written. Refuses as
 * reading does; the old file is untouched.
 */
export function draftRewritten(path: string, rewriting: Rewriting): Draft {
  const key = openEither(readKeyFile(path, "private"), rewriting, path)
  const file = realpathSync(path)
  const draft = `${file}.new`
  const discard = () => rmSync(draft, { force: true })
  // What an earlier try has left.
  discard()
  try {
    writeKeyFile(draft, format(key, rewriting.after))
    const { uid, gid } = statSync(file)
    if (process.getuid?.() === 0) onDisk(draft, () => chownSync(draft, uid, gid))
    const written = open(readKeyFile(draft, "private"), rewriting.after, draft)
    if (!isSame(key, written)) bug(`${draft} does not hold the key of ${file}`)
  } catch (reason) {
    discard()
    throw reason
  }
  return {
    file: path,
    place() {
      onDisk(file, () => renameSync(draft, file))
      syncNameOf(file)
    },
    discard,
  }
}
