// `countersign signer init`: makes the keys and the memory of a new log's signer, or takes over the keys of a log
// that is there, with a memory that begins where that log's guard stands.
import { generateKeyPairSync } from "node:crypto"
import { refuse } from "../../core/base/errors.ts"
import { EMPTY_HEAD, type Head } from "../../core/tree/hash.ts"
import { createLogSigner, type KeyedSigner } from "../../crypto/signers/log-signer.ts"
import type { LogIdentity } from "../../log/ports/store.ts"
import { openGuardFile } from "../../storage/files/guard-file.ts"
import { createSignerMemory } from "../../storage/files/signer-memory.ts"
import { closing } from "../command/closers.ts"
import {
  exportKey,
  makeRoom,
  readKeyFile,
  readNewPassphrase,
  writeKeyFile,
} from "../command/key-files.ts"
import { defineCommand, mandatory, optional, type ValuesOf } from "../command/options.ts"
import { dataDirectory, newOrigin, randomTreeId } from "../log/data-directory.ts"
import { openLogKeys } from "../log/signing/log-keys.ts"
import { type SignerDirectory, signerDirectory, signerKeyOptions } from "./directory.ts"

const options = [
  mandatory("--data <dir>", "directory for the signer's memory and keys"),
  optional("--origin <name>", "the name of a new log: the host name under which it is reached"),
  optional("--force-origin", "take a name that is no host name, which clients may refuse"),
  optional("--adopt <dir>", "instead: the data directory of a log that is there, and stopped"),
  optional("--guard <file>", "with --adopt: that log's head guard (default: DIR/guard/head)"),
  ...signerKeyOptions,
  optional("--passphrase-file <file>", "first line: the passphrase of the key files"),
] as const

type InitOptions = ValuesOf<typeof options>

/** Whose signer is made, and what it remembers from the start. */
interface Beginning {
  readonly identity: Pick<LogIdentity, "origin" | "treeId">
  /** Undefined if the keys are new ones. */
  readonly keyFingerprints: readonly string[] | undefined
  readonly head: Head
}

async function beginningOf({ origin, forceOrigin, adopt, guard }: InitOptions): Promise<Beginning> {
  if (adopt === undefined) {
    if (origin === undefined)
      refuse("malformed", "give the name of a new log, --origin, or --adopt")
    const identity = { origin: newOrigin(origin, forceOrigin), treeId: randomTreeId() }
    return { identity, keyFingerprints: undefined, head: EMPTY_HEAD }
  }
  if (origin !== undefined) refuse("malformed", "--origin: a log that is adopted has its name")
  return await closing(openGuardFile(dataDirectory(adopt, guard).guard), async (opened) => {
    const { size, root } = await opened.read()
    const { keyFingerprints } = opened.identity
    return { identity: opened.identity, keyFingerprints, head: { size, root } }
  })
}

/** The key files of a new signer: made, or copied as they are; keys that are named by URI stay where they are. */
function placeKeys(
  directory: SignerDirectory,
  { adopt, ecdsaKey, ed25519Key }: InitOptions,
  passphrase: string | undefined,
): void {
  const from = adopt === undefined ? undefined : dataDirectory(adopt)
  if (ecdsaKey === undefined) {
    const made = () => generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey
    const text = from ? readKeyFile(from.ecdsaKey, "log") : exportKey(made(), passphrase)
    writeKeyFile(directory.ecdsaKey, text)
  }
  if (ed25519Key === undefined) {
    const made = () => generateKeyPairSync("ed25519").privateKey
    const text = from ? readKeyFile(from.ed25519Key, "log") : exportKey(made(), passphrase)
    writeKeyFile(directory.ed25519Key, text)
  }
}

async function createSignerFiles(given: InitOptions): Promise<KeyedSigner> {
  const directory = signerDirectory(given.data, given)
  const { memory, ecdsaKey, ed25519Key } = directory
  const ownKeys = [
    ...(given.ecdsaKey === undefined ? [ecdsaKey] : []),
    ...(given.ed25519Key === undefined ? [ed25519Key] : []),
  ]
  const begin = await beginningOf(given)
  const passphrase = readNewPassphrase(given.passphraseFile)
  makeRoom([memory, ...ownKeys], "signer")
  placeKeys(directory, given, passphrase)
  const keys = await openLogKeys(directory, { passphrase })
  const signer = createLogSigner(begin.identity.origin, keys)
  await keys.ecdsa.close()
  await keys.ed25519.close()
  const { keyFingerprints } = signer
  const expected = begin.keyFingerprints?.join(" ")
  if (expected !== undefined && expected !== keyFingerprints.join(" ")) {
    refuse(
      "mismatch",
      `the log has the keys ${expected}, found ${keyFingerprints.join(" ")}; give the keys that it was made with`,
    )
  }
  const { origin, treeId } = begin.identity
  // Last: a signer without a memory does not start.
  createSignerMemory(memory, { origin, treeId, keyFingerprints }, begin.head)
  return signer
}

export const signerInitCommand = defineCommand({
  options,
  help: `
Examples:
  countersign signer init --data /var/lib/countersign-signer --origin log.example.com
  countersign signer init --data /var/lib/countersign-signer --adopt /var/lib/countersign \\
    --guard /srv/guard/log.example.com

The memory is never part of a backup: an older copy would sign a second time what it has forgotten.`,
  async run(given, { terminal }) {
    const signer = await createSignerFiles(given)
    const directory = signerDirectory(given.data, given)
    terminal.stdout.write(`made the signer of ${signer.origin} in ${directory.path}\n`)
    for (const vkey of signer.vkeys) terminal.stdout.write(`verifier key: ${vkey}\n`)
    if (given.adopt === undefined || given.ecdsaKey !== undefined) return
    terminal.stdout.write(
      `The keys were copied. Once the log is served with --signer, delete ${dataDirectory(given.adopt).path}/keys\n`,
    )
  },
})
