// `countersign verify`: verifies Sigstore bundles offline, one or many, and those that a registry has of an image.
import { readKeyFile } from "../../client/key-file.ts"
import { LONGEST_PEM } from "../../core/base/limits.ts"
import { expectFewSignatures } from "../command/fetched-head.ts"
import { readBytes } from "../command/file.ts"
import { type Called, defineCommand, printVerdict } from "../command/options.ts"
import { readTrust } from "../command/trust-options.ts"
import { type Artifact, fileArtifact } from "./artifacts.ts"
import { bundlesIn, type GivenBundle, isFolder } from "./bundle-files.ts"
import { fieldsOf, titleOf, verdictJson } from "./describe.ts"
import type { Given, Named } from "./given.ts"
import type { Heads } from "./heads.ts"
import { createKeyedJudge, type Judge, type Trusting } from "./judge.ts"
import { assertUsable, certificateFlags, type VerifyOptions, verifyOptions } from "./options.ts"
import { isVerdict, judgePair, parseGiven } from "./pair.ts"
import { type Verdict, verdictError } from "./verdict.ts"

async function openJudge(options: VerifyOptions, { command }: Called): Promise<Trusting> {
  const { key: keyFile, subject } = options
  const isKeyless = certificateFlags(options).length > 0
  const trust = await readTrust(command)
  if (trust === undefined) {
    return command.error(
      isKeyless ? "error: give --trusted-root" : "error: give --trusted-root or --policy",
    )
  }
  if (isKeyless || keyFile === undefined) {
    const { createKeylessJudge } = await import("./keyless.ts")
    const { trustedRoot } = command.opts<{ readonly trustedRoot?: string }>()
    if (trustedRoot === undefined) return command.error("error: give --trusted-root")
    return { judge: await createKeylessJudge(options, trustedRoot), trust }
  }
  const pem = await readBytes(keyFile, "key", LONGEST_PEM)
  const key = readKeyFile(pem, `key ${keyFile}`)
  return { judge: createKeyedJudge(key, trust, subject), trust }
}

interface One {
  readonly bundle: GivenBundle
  readonly artifact: Artifact
}

/** The one bundle in a file, if it is no file of JSON lines. */
async function oneOf(path: string, artifact: Artifact): Promise<One | undefined> {
  for await (const bundle of bundlesIn(path)) {
    return bundle.line === undefined ? { bundle, artifact } : undefined
  }
  return undefined
}

/** One file of a bundle and one artifact, if no more are named. */
async function namedOne({ bundles, artifacts, digests }: Named): Promise<One | undefined> {
  const [path, ...moreBundles] = bundles
  const [artifact, ...moreArtifacts] = [...artifacts.map(fileArtifact), ...digests]
  if (path === undefined || artifact === undefined) return undefined
  if (moreBundles.length + moreArtifacts.length > 0 || (await isFolder(path))) return undefined
  if (artifact.path !== undefined && (await isFolder(artifact.path))) return undefined
  return await oneOf(path, artifact)
}

/** One of which the other lies beside it. */
async function foundOne({ bundles, artifacts, odd }: Given): Promise<One | undefined> {
  const [file, ...moreBundles] = bundles
  const [artifact, ...moreArtifacts] = artifacts
  if (file === undefined || artifact === undefined || !file.isNamed) return undefined
  if (moreBundles.length + moreArtifacts.length + odd.length > 0) return undefined
  return await oneOf(file.path, artifact)
}

async function verdictOfOne(judge: Judge, { bundle, artifact }: One): Promise<Verdict> {
  expectFewSignatures()
  const parsed = parseGiven(bundle)
  return isVerdict(parsed) ? parsed : await judgePair(judge, parsed, artifact)
}

async function verifyOne(judge: Judge, one: One, heads: Heads, called: Called): Promise<void> {
  await printVerdict(called, async (output) => {
    const verdict = await verdictOfOne(judge, one)
    if (verdict.outcome !== "verified") throw verdictError(verdict)
    const { verified } = verdict
    heads.take(verified.checkpoints)
    await heads.remember()
    output.result(`verified: ${titleOf(verified)}`, fieldsOf(verified), verdictJson(verdict))
  })
}

const forgetful: Heads = { take: () => {}, remember: async () => {} }

/** Only who compares heads pays for the code that makes evidence of them. */
async function openHeads(path: string | undefined, { trust }: Trusting): Promise<Heads> {
  if (path === undefined) return forgetful
  return (await import("./heads.ts")).createHeads(path, trust)
}

async function verify(options: VerifyOptions, called: Called): Promise<void> {
  assertUsable(options, called.command)
  const trusting = await openJudge(options, called)
  const heads = await openHeads(options.heads, trusting)
  const { bundle: bundles = [], artifact: artifacts = [], digest: digests = [], image } = options
  if (image !== undefined) {
    const { verifyImages } = await import("./images.ts")
    return await verifyImages(trusting.judge, image, options, heads, called)
  }
  const named = { bundles, artifacts, digests }
  const one = await namedOne(named)
  if (one !== undefined) return await verifyOne(trusting.judge, one, heads, called)
  const { readGiven } = await import("./given.ts")
  const given = await readGiven(named)
  const found = await foundOne(given)
  if (found !== undefined) return await verifyOne(trusting.judge, found, heads, called)
  const { verifyMany } = await import("./many.ts")
  return await verifyMany(trusting.judge, given, heads, called)
}

export const verifyCommand = defineCommand({
  options: verifyOptions,
  help: `
Examples:
  countersign verify --bundle app.tar.gz.sigstore.json --artifact app.tar.gz \\
    --key signer.pub --trusted-root trusted_root.json
  countersign verify --artifact dist/*.tar.gz --key signer.pub --policy log.policy
  countersign verify --bundle attestations.jsonl --digest sha256:HEX \\
    --key signer.pub --policy log.policy
  countersign verify --artifact app.tar.gz --trusted-root trusted_root.json \\
    --certificate-identity dev@example.com \\
    --certificate-oidc-issuer https://accounts.example.com
  countersign verify --image registry.example.com/app@sha256:HEX \\
    --key signer.pub --trusted-root trusted_root.json

Without --bundle the bundle of FILE is FILE.sigstore.json; without --artifact the artifact of
FILE.sigstore.json is FILE, and every file of a folder is one. Of many, a bundle is of the artifact
whose name it bears, else of those whose digest it states, else of the next one that is left over.
Of an image one signature that holds is enough; why others do not count is said. A digest is
ALGORITHM:HEX, with others of the same artifact behind commas. A pattern fits wherever it is found:
write ^ and $. Other fields of Fulcio's are NAME=VALUE, with the names in docs/verifying.md.

No network is used but for --image. Exits with 3 and the reason if a bundle does not hold, with 5
and the reason if this program cannot judge it, and with 1 if a bundle or an artifact has no
counterpart; of many 3 comes before 5, and 5 before 1.`,
  run: verify,
})
