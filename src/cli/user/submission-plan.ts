// What `countersign submit` is asked to log: artifacts to sign, an artifact that is signed already, or a
// signed envelope; and where each bundle goes. Decided from the flags before any file is read.
import { basename, join } from "node:path"
import type { Command } from "commander"

export interface SubmitOptions {
  readonly artifact?: readonly string[]
  readonly key?: string
  readonly passphraseFile?: string
  readonly signature?: string
  readonly publicKey?: string
  readonly envelope?: string
  readonly bundle?: string
  readonly bundleDir?: string
  readonly witnessed?: boolean
}

export type SubmissionPlan =
  | {
      readonly form: "sign"
      readonly artifacts: readonly string[]
      readonly key: string
      readonly passphraseFile?: string
    }
  | {
      readonly form: "signature"
      readonly artifacts: readonly [string]
      readonly signature: string
      readonly publicKey: string
    }
  | {
      readonly form: "envelope"
      readonly artifacts: readonly [string]
      readonly publicKey: string
    }

const USAGE =
  "error: give --artifact with --key, or --artifact with --signature and --public-key, or --envelope with --public-key"

function isGiven(options: SubmitOptions, names: readonly (keyof SubmitOptions)[]): boolean {
  const inputs = ["artifact", "key", "signature", "publicKey", "envelope"] as const
  return inputs.every((name) => (options[name] !== undefined) === names.includes(name))
}

/** The plan that the flags mean; a usage error if they mean none or several. */
export function planSubmission(options: SubmitOptions, command: Command): SubmissionPlan {
  const { artifact: artifacts = [], key, signature, publicKey, envelope, passphraseFile } = options
  const [only] = artifacts
  if (key !== undefined && isGiven(options, ["artifact", "key"])) {
    return { form: "sign", artifacts, key, ...(passphraseFile !== undefined && { passphraseFile }) }
  }
  if (
    publicKey !== undefined &&
    envelope !== undefined &&
    isGiven(options, ["publicKey", "envelope"])
  ) {
    return { form: "envelope", artifacts: [envelope], publicKey }
  }
  const isSigned = isGiven(options, ["artifact", "signature", "publicKey"])
  if (only === undefined || signature === undefined || publicKey === undefined || !isSigned) {
    return command.error(USAGE)
  }
  if (artifacts.length > 1) command.error("error: one signature is over one artifact")
  return { form: "signature", artifacts: [only], signature, publicKey }
}

/** Where the bundle of each artifact goes, in their order; a usage error if two go to one place. */
export function bundlePaths(
  artifacts: readonly string[],
  { bundle, bundleDir }: SubmitOptions,
  command: Command,
): readonly string[] {
  if (bundle !== undefined && (bundleDir !== undefined || artifacts.length > 1)) {
    command.error("error: --bundle names the bundle of one artifact; for several use --bundle-dir")
  }
  const paths = artifacts.map((artifact) => {
    const name = `${artifact}.sigstore.json`
    return bundle ?? (bundleDir === undefined ? name : join(bundleDir, basename(name)))
  })
  const twice = paths.find((path, i) => paths.indexOf(path) !== i)
  if (twice !== undefined) command.error(`error: two bundles would be written to ${twice}`)
  return paths
}
