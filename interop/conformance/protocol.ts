// The command line of Sigstore's conformance suite (docs/cli_protocol.md there) in the words of `countersign verify`.
// Signing is left out: it needs an identity token of the public service.
import { existsSync } from "node:fs"
import { parseArgs } from "node:util"

/** What the suite asks, that no option of `countersign verify` says. */
export interface ProtocolOptions {
  /** The trusted root for bundles that come without one. */
  readonly publicRoot?: string | undefined
}

const DIGEST = /^sha256:[0-9a-f]{64}$/

/** SPEC: what is a path on disk is not a digest, whatever it looks like. */
function artifactWords(fileOrDigest: string): readonly string[] {
  const isDigest = DIGEST.test(fileOrDigest) && !existsSync(fileOrDigest)
  return isDigest ? ["--digest", fileOrDigest] : ["--artifact", fileOrDigest]
}

/** The words behind `countersign`. Throws an error for people if it is something else. */
export function countersignWords(
  args: readonly string[],
  { publicRoot }: ProtocolOptions,
): readonly string[] {
  const [command, ...rest] = args
  if (command !== "verify-bundle") {
    throw new Error(`expected verify-bundle, found ${command ?? "nothing"}: no signing here`)
  }
  const { values, positionals } = parseArgs({
    args: rest,
    allowPositionals: true,
    options: {
      staging: { type: "boolean", default: false },
      bundle: { type: "string" },
      key: { type: "string" },
      "certificate-identity": { type: "string" },
      "certificate-oidc-issuer": { type: "string" },
      "trusted-root": { type: "string" },
    },
  })
  const { staging, bundle, "trusted-root": given, ...signer } = values
  const root = given ?? (staging ? undefined : publicRoot)
  const [fileOrDigest] = positionals
  if (root === undefined) throw new Error("expected --trusted-root: this program comes with none")
  if (bundle === undefined || fileOrDigest === undefined || positionals.length !== 1) {
    throw new Error("expected --bundle FILE and one FILE_OR_DIGEST")
  }
  const signerWords = Object.entries(signer).flatMap(([name, value]) =>
    typeof value === "string" ? [`--${name}`, value] : [],
  )
  const trustWords = ["--trusted-root", root]
  return [
    "verify",
    "--bundle",
    bundle,
    ...signerWords,
    ...trustWords,
    ...artifactWords(fileOrDigest),
  ]
}
