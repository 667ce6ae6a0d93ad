// Private keys in files that only their owner can read, encrypted if the operator gives a passphrase.
import type { KeyObject } from "node:crypto"
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs"
import { dirname } from "node:path"
import { refuse } from "../../core/base/errors.ts"
import { LONGEST_PEM } from "../../core/base/limits.ts"
import { onDisk } from "../../storage/disk/durable-file.ts"
import { readText } from "./file.ts"

/** Reads a passphrase file: its first line. Throws trouble ("disk"). */
export async function readPassphrase(file: string | undefined): Promise<string | undefined> {
  if (file === undefined) return undefined
  return (await readText(file, "passphrase", LONGEST_PEM)).split("\n", 1)[0]
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
  if (!existsSync(file)) {
    refuse("not-found", `expected a ${owner} key in ${file}, found no such file`)
  }
  const { mode } = statSync(file)
  const othersMay = mode % 0o100
  if (othersMay !== 0) {
    refuse("untrusted", `${file} can be read by others; run: chmod 600 ${file}`)
  }
  return readFileSync(file, "utf8")
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

/** Makes the folders of files that are to be made. Refuses `conflict` if one of the files is there. */
export function makeRoom(files: readonly string[], what: string): void {
  const there = files.find((file) => existsSync(file))
  if (there !== undefined) refuse("conflict", `expected no ${what} yet, found ${there}`)
  for (const file of files) {
    onDisk(file, () => mkdirSync(dirname(file), { recursive: true, mode: 0o700 }))
  }
}

/** Writes a new key file, durably; throws if there is one. */
export function writeKeyFile(file: string, text: string): void {
  onDisk(file, () => writeFileSync(file, text, { mode: 0o600, flag: "wx", flush: true }))
}

/** PKCS#8 PEM, encrypted if there is a passphrase. */
export function exportKey(key: KeyObject, passphrase: string | undefined): string {
  const encryption = passphrase === undefined ? {} : { cipher: "aes-256-cbc", passphrase }
  return key.export({ type: "pkcs8", format: "pem", ...encryption }) as string
}
