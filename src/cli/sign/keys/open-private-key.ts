// Opens the private key that a signer names: its file, the passphrase for it, and a word about a file that others can
// read.
import { stat } from "node:fs/promises"
import { LONGEST_PEM } from "../../../core/base/limits.ts"
import { onDisk, readText } from "../../command/file.ts"
import { type Called, optional, type ValuesOf } from "../../command/options.ts"
import type { Output } from "../../command/output.ts"
import { shellWord } from "../../command/shell-words.ts"
import type { PrivateKey } from "./private-key.ts"

/** How a signer's key is opened. */
export const passphraseOption = () =>
  optional(
    "--passphrase-file <file>",
    "first line: the passphrase of the private key (or $COSIGN_PASSWORD)",
  )

type PassphraseOptions = ValuesOf<readonly [ReturnType<typeof passphraseOption>]>

/** Secrets of a CI system are often mounted for everybody, so this is no reason to stop. */
async function remarkReaders(path: string, output: Output): Promise<void> {
  const found = await onDisk("private key", path, stat(path))
  if (!found.isFile() || (found.mode & 0o077) === 0) return
  output.remark(`the private key ${path} can be read by others; run: chmod 600 ${shellWord(path)}`)
}

/** Refuses as `readPrivateKey` does; throws trouble ("disk"). */
export async function openPrivateKey(
  path: string,
  { passphraseFile }: PassphraseOptions,
  { output, terminal }: Pick<Called, "output" | "terminal">,
): Promise<PrivateKey> {
  const { readPassphrase } = await import("../../command/key-files.ts")
  // cosign's name for it, so that what signs with cosign in a pipeline signs here.
  const given = readPassphrase(passphraseFile)?.replace(/\r$/, "")
  const passphrase = given ?? terminal.environment?.["COSIGN_PASSWORD"]
  await remarkReaders(path, output)
  // Who submits what is signed already needs none of the code that signs.
  const { readPrivateKey } = await import("./private-key.ts")
  return readPrivateKey(await readText(path, "private key", LONGEST_PEM), passphrase, path)
}
