// What `countersign submit` is asked to log: artifacts to sign, an artifact that is signed already, or a
// signed envelope; and where each bundle goes. Decided from the flags before any file is read.
import { basename, join } from "node:path"
import type { Command } from "commander"
import type { EntryRequest } from "../../entry/kinds/registry.ts"
import {
  detachedRequest,
  envelopeRequest,
  openPrivateKey,
  signedRequest,
} from "./submission-request.ts"

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

/** Makes the request for one artifact, or for one envelope. */
export type RequestMaker = (artifact: string) => Promise<EntryRequest>

interface SubmissionPlan {
  readonly artifacts: readonly string[]
  /** Opens what is needed only once. */
  readonly open: () => Promise<RequestMaker>
}

const USAGE =
  "error: give --artifact with --key, or --artifact with --signature and --public-key, or --envelope with --public-key"

/** The plan that the flags mean; a usage error if they mean none or several. */
export function planSubmission(options: SubmitOptions, command: Command): SubmissionPlan {
  const { artifact, key = "", signature = "", publicKey = "", envelope = "" } = options
  const artifacts = artifact ?? [envelope]
  const inputs = ["artifact", "key", "signature", "publicKey", "envelope"] as const
  switch (inputs.filter((name) => options[name] !== undefined).join()) {
    case "artifact,key":
      return {
        artifacts,
        async open() {
          const opened = await openPrivateKey(key, options.passphraseFile)
          return (path) => signedRequest(path, opened)
        },
      }
    case "artifact,signature,publicKey":
      if (artifacts.length > 1) command.error("error: one signature is over one artifact")
      return { artifacts, open: async () => (path) => detachedRequest(path, signature, publicKey) }
    case "publicKey,envelope":
      return { artifacts, open: async () => (path) => envelopeRequest(path, publicKey) }
    default:
      return command.error(USAGE)
  }
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
