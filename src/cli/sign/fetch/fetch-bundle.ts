// `countersign fetch-bundle`: gets the bundle of an entry out of a log, by its index, its leaf hash or the digest of
// what it is about. Everything in it is verified, and the bundle is then made anew of what was.
import type { Command } from "commander"
import { equalBytes } from "../../../core/base/bytes.ts"
import { refuse, Trouble } from "../../../core/base/errors.ts"
import { formatHex, parseHex } from "../../../core/base/text.ts"
import { asHash } from "../../../core/tree/hash.ts"
import type { VerifierKey } from "../../../entry/verifier-key.ts"
import { exitCodeOf } from "../../command/exit-code.ts"
import { writeWhole } from "../../command/file.ts"
import { credentialOptions, logOption, openLog } from "../../command/log-options.ts"
import { networkOptions } from "../../command/network.ts"
import {
  type Called,
  decimalArgument,
  defineCommand,
  jsonOption,
  optional,
  parsed,
  type ValuesOf,
} from "../../command/options.ts"
import type { Output } from "../../command/output.ts"
import { trustOptions } from "../../command/trust-options.ts"
import { createCheckpoints } from "../checkpoints.ts"
import { assertApart, preparePlaces } from "../places.ts"
import { readKey } from "../requests.ts"
import { parseDigestArgument } from "./digest-argument.ts"
import { type FetchedBundle, fetchBundle, type Wanted } from "./fetched-bundle.ts"
import { findEntries } from "./found-entries.ts"

const fetchOptions = [
  logOption(),
  parsed("--index <n>", "the entry's place, counted from 0", decimalArgument),
  parsed("--leaf-hash <hex>", "the entry's leaf hash", (text) =>
    asHash(parseHex(text.toLowerCase(), "leaf hash"), "leaf hash"),
  ),
  parsed(
    "--digest <digest>",
    "digest of the artifact, or of an attestation's subject: sha256:HEX",
    parseDigestArgument,
  ),
  optional("--key <file>", "only entries by this public key or certificate"),
  optional("--all", "all entries that fit, a bundle a line"),
  optional("--out <file>", "where the bundle goes (default: standard output)"),
  optional("--force", "overwrite a file that is there already"),
  jsonOption(),
  ...trustOptions,
  ...credentialOptions,
  ...networkOptions,
] as const

type FetchOptions = ValuesOf<typeof fetchOptions>

function wantedBy(options: FetchOptions, command: Command): Wanted {
  const { index, leafHash, digest } = options
  const asked = [index, leafHash, digest].filter((it) => it !== undefined)
  if (asked.length !== 1) command.error("error: give one of --index, --leaf-hash and --digest")
  if (options.json === true && options.out === undefined) {
    command.error("error: --json tells about the file of --out; without it the bundle is printed")
  }
  if (index !== undefined) return { index }
  return leafHash === undefined ? { digest: digest ?? "" } : { leafHash }
}

/** Refuses `conflict` for a file that is there. */
async function preparePlace(out: string | undefined, isForced: boolean): Promise<void> {
  if (out === undefined) return
  const there = await preparePlaces([{ artifact: out, bundlePath: out }])
  if (there.length === 0 || isForced) return
  refuse("conflict", `bundle ${out}: expected no such file, found one; overwrite it with --force`)
}

/** Several bundles and no word which: they are listed. */
function refuseSeveral(bundles: readonly FetchedBundle[], output: Output): never {
  for (const { index, kind, key } of bundles) output.remark(`entry ${index}  ${kind}  ${key}`)
  return refuse(
    "conflict",
    `expected one entry, found ${bundles.length}; give one with --index, those of a signer with --key, or take all with --all`,
  )
}

async function writeBundles(
  bundles: readonly FetchedBundle[],
  { out }: FetchOptions,
  { terminal, output }: Called,
): Promise<void> {
  const text = bundles.map((bundle) => `${bundle.text}\n`).join("")
  if (out === undefined) {
    terminal.stdout.write(text)
    return
  }
  await writeWhole(out, text, "bundle")
  for (const { index, kind, key, leafHash, size, isPinned } of bundles) {
    output.result(
      `bundle of entry ${index}`,
      [
        ["kind", kind],
        ["key", key],
        ["tree size", size],
        ["leaf hash", formatHex(leafHash)],
        ["bundle", out],
      ],
      { index, kind, key, size, leafHash, isPinned, bundle: out },
    )
  }
}

/** What holds of what was found; says of the others why they do not, and whom they are by is looked at last. */
async function fetchAll(
  indexes: readonly number[],
  wanted: Wanted,
  key: VerifierKey | undefined,
  called: Called,
): Promise<readonly FetchedBundle[]> {
  const { log, trust, output, terminal } = await openLog(called)
  const checkpoints = createCheckpoints(log, trust, output)
  const bundles: FetchedBundle[] = []
  for (const [i, index] of indexes.entries()) {
    try {
      const bundle = await fetchBundle(log, checkpoints, index, wanted)
      if (key === undefined || equalBytes(key.spki, bundle.spki)) bundles.push(bundle)
    } catch (error) {
      const code = exitCodeOf(error)
      if (code === undefined || !(error instanceof Error) || indexes.length === 1) throw error
      output.remark(`entry ${index}: ${error.message}`)
      terminal.fail(code)
      const left = indexes.length - i - 1
      if (!(error instanceof Trouble) || left === 0) continue
      output.remark(`the log does not answer: ${left} more entries were not asked for`)
      break
    }
  }
  return bundles
}

async function fetchBundles(options: FetchOptions, called: Called): Promise<void> {
  const wanted = wantedBy(options, called.command)
  if (options.out !== undefined) assertApart([options.out], called.command)
  const { log } = await openLog(called)
  const key = options.key === undefined ? undefined : await readKey(options.key)
  await preparePlace(options.out, options.force === true)
  const indexes = await findEntries(log, wanted, options.all === true ? called.output : undefined)
  const bundles = await fetchAll(indexes, wanted, key, called)
  if (bundles.length === 0) {
    const whose = key === undefined ? "" : " by this key"
    refuse("not-found", `expected an entry${whose} whose bundle holds, found none`)
  }
  if (bundles.length > 1 && options.all !== true) refuseSeveral(bundles, called.output)
  await writeBundles(bundles, options, called)
}

export const fetchBundleCommand = defineCommand({
  options: fetchOptions,
  help: `
Examples:
  countersign fetch-bundle --log https://log.example.com --index 42 --out app.sigstore.json
  countersign fetch-bundle --log https://log.example.com --digest sha256:HEX --key signer.pub \\
    --policy log.policy --out app.sigstore.json

Signatures, inclusion proof and checkpoint are verified before anything is written; whether the
artifact and the key are the right ones is for countersign verify to say. A file's entry is found by
the hash that its key signs with: SHA-256, SHA-384 for P-384, SHA-512 for P-521 and Ed25519. Of an
attestation the log can give what it keeps. Exits with 1 if there is no such bundle, or several,
with 3 if what the log gives does not hold.`,
  run: fetchBundles,
})
