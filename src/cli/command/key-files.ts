// Private keys in files that only their owner can read, encrypted if the operator gives a passphrase.
import type { KeyObject } from "node:crypto"
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs"
import { refuse } from "../../core/base/errors.ts"
import { onDisk } from "../../storage/disk/durable-file.ts"

/** Reads a passphrase file: its first line. Throws trouble ("disk"). */
export function readPassphrase(file: string | undefined): string | undefined {
  if (file === undefined) return undefined
  return onDisk(file, () => readFileSync(file, "utf8")).split("\n", 1)[0]
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

/** Writes a new key file, durably; throws if there is one. */
export function writeKeyFile(file: string, text: string): void {
  onDisk(file, () => writeFileSync(file, text, { mode: 0o600, flag: "wx", flush: true }))
}

/** PKCS#8 PEM, encrypted if there is a passphrase. */
export function exportKey(key: KeyObject, passphrase: string | undefined): string {
  if (passphrase === undefined) return key.export({ type: "pkcs8", format: "pem" }) as string
  const encryption = { cipher: "aes-256-cbc", passphrase }
  return key.export({ type: "pkcs8", format: "pem", ...encryption }) as string
}
