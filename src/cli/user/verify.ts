// `countersign verify`: verifies a Sigstore bundle offline.
import { readKeyFile } from "../../client/key-file.ts"
import { hashesOf, type VerifiedBundle, verifyParsed } from "../../client/verify/verify.ts"
import { refuse } from "../../core/base/errors.ts"
import { LONGEST_BUNDLE, LONGEST_PEM } from "../../core/base/limits.ts"
import { present } from "../../core/base/present.ts"
import { formatHex } from "../../core/base/text.ts"
import { parseSigstoreBundle } from "../../sigstore/bundle.ts"
import { proven } from "../command/exit-code.ts"
import { cosignatureFields, expectFewSignatures } from "../command/fetched-head.ts"
import { digestFile, readBytes, readText } from "../command/file.ts"
import {
  type Called,
  defineCommand,
  jsonOption,
  mandatory,
  optional,
  printVerdict,
  type ValuesOf,
} from "../command/options.ts"
import type { Output } from "../command/output.ts"
import { readTrust, trustOptions } from "../command/trust-options.ts"

const verifyOptions = [
  mandatory("--bundle <file>", "the Sigstore bundle"),
  mandatory("--artifact <file>", "what was signed, or what the attestation is about"),
  mandatory("--key <file>", "the signer's public key or certificate, PEM or DER"),
  optional(
    "--subject <name...>",
    "the attestation must list the artifact under one of these names",
  ),
  optional("--heads <file>", "remember the log's head in this file (see countersign heads)"),
  jsonOption(),
  ...trustOptions,
] as const

function printVerified(output: Output, entry: VerifiedBundle): void {
  const { index, origin, size, root, leafHash, kind, algorithm, cosignatures } = entry
  output.result(
    `verified: entry ${index} of ${origin}`,
    [
      ...(size === undefined ? [] : [["tree size", size] as const]),
      ["kind", kind],
      ["algorithm", algorithm],
      ["leaf hash", formatHex(leafHash)],
      ...cosignatureFields(entry),
    ],
    { verified: true, origin, index, size, root, leafHash, kind, algorithm, cosignatures },
  )
}

/** Refuses `malformed` for a file of JSON lines, of which each may be a good bundle. */
function assertOneBundle(text: string, path: string): void {
  const lines = text.split("\n").filter((line) => line.trim() !== "")
  const isWhole = (line = ""): boolean => /^\s*\{.*\}\s*$/.test(line)
  if (lines.length < 2 || !isWhole(lines[0]) || !isWhole(lines[1])) return
  refuse(
    "malformed",
    `bundle ${path}: expected one Sigstore bundle, found JSON lines with ${lines.length} of them; give each line as a file of its own`,
  )
}

async function verifyFiles(
  options: ValuesOf<typeof verifyOptions>,
  { command }: Called,
): Promise<VerifiedBundle> {
  const trust =
    (await readTrust(command)) ?? command.error("error: give --trusted-root or --policy")
  const pem = await readBytes(options.key, "key", LONGEST_PEM)
  const key = readKeyFile(pem, `key ${options.key}`)
  const text = await readText(options.bundle, "bundle", LONGEST_BUNDLE)
  assertOneBundle(text, options.bundle)
  const bundle = proven(() => parseSigstoreBundle(text))
  const artifact = await digestFile(options.artifact, hashesOf(bundle, key))
  const { subject: subjects } = options
  expectFewSignatures()
  const verified = proven(() =>
    verifyParsed(bundle, key, { artifact, trust, ...present({ subjects }) }),
  )
  const checkpoint = bundle.entries[0]?.proof?.checkpoint
  if (options.heads !== undefined && checkpoint !== undefined) {
    // Only who compares heads pays for the code that makes evidence of them.
    const { rememberCheckpoint } = await import("./remembered-heads.ts")
    await rememberCheckpoint(options.heads, checkpoint, trust)
  }
  return verified
}

export const verifyCommand = defineCommand({
  options: verifyOptions,
  help: `
Example:
  countersign verify --bundle app.tar.gz.sigstore.json --artifact app.tar.gz \\
    --key signer.pub --trusted-root trusted_root.json

No network is used. Exits with 3 and the reason if the bundle does not hold.`,
  async run(options, called) {
    await printVerdict(called, async (output) => {
      printVerified(output, await verifyFiles(options, called))
    })
  },
})
