// Private keys in files that only their owner can read, encrypted if the operator gives a passphrase.
import type { KeyObject } from "node:crypto"
import { existsSync, readFileSync, writeFileSync } from "node:fs"
import { dirname } from "node:path"
import { refuse } from "../../core/base/errors.ts"
import { LONGEST_PEM } from "../../core/base/limits.ts"
import type { KeyHandle } from "../../crypto/keys/handle.ts"
import { openPublicKey } from "../../crypto/keys/pem-key.ts"
import { keptAs, sealKey } from "../../crypto/keys/sealed-key.ts"
import { readSecretFile } from "../../crypto/keys/secret-file.ts"
import { makeFolder, onDisk, syncNameOf } from "../../storage/disk/durable-file.ts"
import { optional, orEnvironment } from "./options.ts"

const BYTE_ORDER_MARK = "\ufeff"

/**
 * Reads a passphrase file, or a credential of systemd: its first line. Refuses as `readSecretFile` does, and
 * `untrusted` for an empty line. `what` names it in messages.
 */
export function readPassphrase(file: string, what?: string): string
export function readPassphrase(file: string | undefined, what?: string): string | undefined
export function readPassphrase(file: string | undefined, what = "passphrase"): string | undefined {
  if (file === undefined) return undefined
  const text = readSecretFile(file, `${what} file`, LONGEST_PEM)
  const line = text.replace(BYTE_ORDER_MARK, "").split("\n", 1)[0] ?? ""
  if (line.trim() !== "") return line
  return refuse(
    "untrusted",
    `${what} file ${file}: expected a ${what} in its first line, found none`,
  )
}

/** As {@link readPassphrase}, to encrypt with: refuses `malformed` for what an editor has left in it. */
export function readNewPassphrase(file: string | undefined): string | undefined {
  const line = readPassphrase(file)
  if (line === undefined || !line.endsWith("\r")) return line
  const advice = `write it with Unix line ends, for example: sed -i 's/\\r$//' ${file}`
  return refuse(
    "malformed",
    `passphrase file ${file}: its first line ends in a carriage return; ${advice}`,
  )
}

/** Whether a key file has the seed of an ML-DSA-44 key. */
export function isSeedFile(text: string): boolean {
  return text.startsWith("countersign-seed/")
}

/** The files among these that few guesses a second protect: encrypted as this program did before. */
export function weaklyEncrypted(files: readonly string[]): readonly string[] {
  return files.filter((file) => {
    if (!existsSync(file)) return false
    const text = readKeyFile(file, "private")
    return !isSeedFile(text) && keptAs(text) === "weak"
  })
}

/** What to say about such files when a process starts with them; undefined if there are none. */
export function weaknessOf(files: readonly string[], data: string): string | undefined {
  const weak = weaklyEncrypted(files)
  if (weak.length === 0) return undefined
  const command = `countersign encrypt-keys --data ${data} --passphrase-file FILE`
  return `the passphrase of ${weak.join(" and ")} can be guessed quickly, by few rounds each; write anew with: ${command}`
}

/** What encrypted keys say of themselves: PKCS#8, the older PEM, and our own seed files. */
const ENCRYPTED =
  /^(?:-----BEGIN ENCRYPTED |Proc-Type: 4,ENCRYPTED|countersign-seed\/v1 \S+ scrypt )/m

/** Refuses `untrusted` for an encrypted key without a passphrase; `what` names it. */
function assertPassphrase(key: string, what: string, passphrase: string | undefined): void {
  if (passphrase !== undefined || !ENCRYPTED.test(key)) return
  refuse("untrusted", `${what} is encrypted: give the right passphrase with --passphrase-file FILE`)
}

/**
 * Reads a key file; `owner` is whose it is, in messages. Refuses `not-found`; `untrusted` if others can
 * read it, because a private key that others can read is not private.
 */
export function readKeyFile(file: string, owner: string): string {
  return readSecretFile(file, `${owner} key`, LONGEST_PEM)
}

/** As {@link readKeyFile}, and refuses `untrusted` if the key is encrypted and there is no passphrase. */
export function readSealedKeyFile(
  file: string,
  owner: string,
  passphrase: string | undefined,
): string {
  const key = readKeyFile(file, owner)
  assertPassphrase(key, `the ${owner} key in ${file}`, passphrase)
  return key
}

/** Where the keys of a log or a witness are, unless in their usual files. */
const ecdsaKeyOption = orEnvironment(
  optional("--ecdsa-key <uri>", "where the ECDSA key is: a file, ssh-agent: or pkcs11:"),
)
export const ed25519KeyOption = orEnvironment(
  optional("--ed25519-key <uri>", "where the Ed25519 key is: a file, ssh-agent: or pkcs11:"),
)

export const keyOptions = [ecdsaKeyOption, ed25519KeyOption] as const

/** The file beside a key's usual place that has the public half of a key that is elsewhere. */
function publicFileOf(file: string): string {
  return file.replace(/\.pem$/, ".pub")
}

/** Keeps the public half of a key that is not in its usual file. */
export function keepPublicHalf(file: string, { publicKey }: KeyHandle): void {
  const kept = publicFileOf(file)
  const pem = publicKey.export({ type: "spki", format: "pem" })
  makeFolder(dirname(kept))
  onDisk(kept, () => writeFileSync(kept, pem, { flag: "wx", flush: true }))
  syncNameOf(kept)
}

/** The kept public half, unless the key is in its usual file. Refuses `malformed`. */
export function readPublicHalf(file: string) {
  const kept = publicFileOf(file)
  if (existsSync(file) || !existsSync(kept)) return undefined
  return openPublicKey(
    onDisk(kept, () => readFileSync(kept, "utf8")),
    `public key ${kept}`,
  )
}

/** Refuses `not-found` for a key that was elsewhere when all was made, and is looked for in its usual file. */
export function assertPlace(uri: string, file: string, option: string): void {
  if (uri !== file || readPublicHalf(file) === undefined) return
  refuse("not-found", `${file}: this key is not in a file; say where it is with ${option} URI`)
}

/** Makes the folders of files that are to be made. Refuses `conflict` if one of the files is there. */
export function makeRoom(files: readonly string[], what: string): void {
  const there = files.find((file) => existsSync(file))
  if (there !== undefined) refuse("conflict", `expected no ${what} yet, found ${there}`)
  for (const file of files) makeFolder(dirname(file))
}

/** Writes a new key file, durably; throws if there is one. */
export function writeKeyFile(file: string, text: string): void {
  onDisk(file, () => writeFileSync(file, text, { mode: 0o600, flag: "wx", flush: true }))
  syncNameOf(file)
}

/** PKCS#8 PEM, encrypted if there is a passphrase. */
export function exportKey(key: KeyObject, passphrase: string | undefined): string {
  if (passphrase !== undefined) return sealKey(key, passphrase)
  return key.export({ type: "pkcs8", format: "pem" }) as string
}
