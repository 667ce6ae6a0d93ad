// The options of `countersign verify`, and which of them go together: what is verified, and whom to trust.
import type { Command } from "commander"
import { networkOptions } from "../command/network.ts"
import { gathered, jsonOption, optional, parsed, type ValuesOf } from "../command/options.ts"
import { registryOptions } from "../command/registry-options.ts"
import { trustOptions } from "../command/trust-options.ts"
import { digestArtifact } from "./artifacts.ts"

export const verifyOptions = [
  optional("--bundle <file...>", "Sigstore bundles, one or many in a file; folders"),
  optional("--artifact <file...>", "what they are of; folders"),
  parsed(
    "--digest <digest>",
    "an artifact by its digest; may be given again",
    gathered(digestArtifact),
  ),
  optional("--image <reference...>", "images, with the bundles of their registry"),
  optional("--registry <url>", "where that is, if not at https://HOST"),
  ...registryOptions,
  optional("--key <file>", "the signer's public key or certificate"),
  optional("--certificate-identity <name>", "or: who the certificate must name"),
  optional("--certificate-identity-regexp <pattern>", "the same, as an RE2 pattern"),
  optional("--certificate-oidc-issuer <url>", "who must have vouched for that"),
  optional("--certificate-oidc-issuer-regexp <pattern>", "the same, as an RE2 pattern"),
  optional("--certificate-field <name=value...>", "what else Fulcio must have written"),
  optional("--certificate-github-workflow-trigger <event>", "what started a GitHub workflow"),
  optional("--certificate-github-workflow-sha <commit>", "the commit of it"),
  optional("--certificate-github-workflow-name <name>", "the workflow's name"),
  optional("--certificate-github-workflow-repository <name>", "its repository, OWNER/NAME"),
  optional("--certificate-github-workflow-ref <ref>", "the branch or tag that it ran on"),
  optional("--subject <name...>", "names of which the attestation must give one"),
  optional("--heads <file>", "remember the logs' heads (see countersign heads)"),
  jsonOption(),
  ...trustOptions,
  ...networkOptions,
] as const

export type VerifyOptions = ValuesOf<typeof verifyOptions>

/** What the certificate is asked for, as the command line says it. */
export function certificateFlags(options: VerifyOptions): readonly string[] {
  return Object.entries(options).flatMap(([name, value]) =>
    name.startsWith("certificate") && value !== undefined ? [name] : [],
  )
}

function assertThings(options: VerifyOptions, command: Command): void {
  const { bundle, artifact, digest, image, registry } = options
  const others = [bundle, artifact, digest].some((each) => each !== undefined)
  if (image !== undefined && others) {
    command.error(
      "error: --image takes the bundles from the registry and the digest from the image; for bundles of your own give --bundle with --digest sha256:HEX of the image",
    )
  }
  if (image === undefined && registry !== undefined) {
    command.error("error: --registry belongs to --image")
  }
  if (artifact !== undefined && digest !== undefined) {
    command.error("error: give either --artifact or --digest")
  }
  if (digest !== undefined && bundle === undefined) {
    command.error("error: --digest needs the bundles: give --bundle")
  }
  if (image === undefined && !others) {
    command.error("error: give --bundle, --artifact or --image")
  }
}

function assertIdentity(options: VerifyOptions, command: Command): void {
  const { policy } = command.opts<{ readonly policy?: string }>()
  if (policy !== undefined && command.getOptionValueSource("policy") === "cli") {
    command.error(
      "error: --policy names no certificate authorities: give --trusted-root with --certificate-identity, or --key with --policy",
    )
  }
  const pairs = [
    ["--certificate-identity", options.certificateIdentity, options.certificateIdentityRegexp],
    [
      "--certificate-oidc-issuer",
      options.certificateOidcIssuer,
      options.certificateOidcIssuerRegexp,
    ],
  ] as const
  for (const [flag, exact, pattern] of pairs) {
    if (exact !== undefined && pattern !== undefined) {
      command.error(`error: give either ${flag} or ${flag}-regexp`)
    }
    if ((exact ?? pattern ?? "") === "") {
      command.error(
        `error: give ${flag} or ${flag}-regexp: a certificate is good for nothing unless identity and issuer are those that you expect`,
      )
    }
  }
}

/** A usage error, with what to do, for flags that contradict each other or do not suffice. */
export function assertUsable(options: VerifyOptions, command: Command): void {
  assertThings(options, command)
  const isKeyless = certificateFlags(options).length > 0
  if (options.key !== undefined && isKeyless) {
    command.error(
      "error: give either --key or --certificate-identity and --certificate-oidc-issuer: a bundle is verified by a key or by who its certificate names",
    )
  }
  if (isKeyless) assertIdentity(options, command)
  else if (options.key === undefined) {
    command.error(
      "error: give --key FILE, or --certificate-identity and --certificate-oidc-issuer with --trusted-root",
    )
  }
}
