// `countersign verify`: verifies Sigstore bundles offline, one or many, and those that a registry has of an image.
import { readKeyFile } from "../../client/key-file.ts"
import { LONGEST_PEM } from "../../core/base/limits.ts"
import { expectFewSignatures } from "../command/fetched-head.ts"
import { readBytes } from "../command/file.ts"
import { type Called, defineCommand, printVerdict } from "../command/options.ts"
import type { Output } from "../command/output.ts"
import { createProgress } from "../command/progress.ts"
import { readTrust } from "../command/trust-options.ts"
import type { Artifact } from "./artifacts.ts"
import { bundlesIn, type GivenBundle } from "./bundle-files.ts"
import { fieldsOf, titleOf, verdictJson } from "./describe.ts"
import { isVerdict, parseGiven, verifyGiven } from "./files.ts"
import { type Given, readGiven } from "./given.ts"
import { createHeads, type Heads } from "./heads.ts"
import { printImage } from "./image-line.ts"
import { createKeyedJudge, type Judge, type Trusting } from "./judge.ts"
import { assertUsable, certificateFlags, type VerifyOptions, verifyOptions } from "./options.ts"
import { judgePair } from "./pair.ts"
import { createReport } from "./report.ts"
import { exitCodeOfMany, type Verdict, verdictError } from "./verdict.ts"

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

/** The one bundle of one artifact that were given, if it is about no more. */
async function theOne({ bundles, artifacts, odd }: Given): Promise<One | undefined> {
  const [file, ...more] = bundles
  const [artifact, ...others] = artifacts
  if (file === undefined || artifact === undefined || !file.isNamed) return undefined
  if (more.length + others.length + odd.length > 0) return undefined
  for await (const bundle of bundlesIn(file.path)) {
    return bundle.line === undefined ? { bundle, artifact } : undefined
  }
  return undefined
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

/** Takes the progress bar away before it prints. */
function behindProgress(output: Output, end: () => void): Output {
  return {
    result(...words) {
      end()
      output.result(...words)
    },
    remark(text) {
      end()
      output.remark(text)
    },
  }
}

const MOST_NAMED = 3

function remarkStrangers({ strangers }: Given, output: Output): void {
  if (strangers.length === 0) return
  const names = strangers.slice(0, MOST_NAMED).join(", ")
  const more = strangers.length > MOST_NAMED ? ", …" : ""
  output.remark(
    `${strangers.length} other files of the folders were not looked at, as bundles and artifacts are given apart: ${names}${more}`,
  )
}

async function verifyMany(judge: Judge, given: Given, heads: Heads, called: Called): Promise<void> {
  const { terminal, output } = called
  const { stderr: stream, now } = terminal
  const progress = createProgress({ stream, now, what: "verify", total: given.bundles.length })
  const shown = behindProgress(output, progress.end)
  const report = createReport(shown)
  const onFile = () => progress.advance(1)
  await verifyGiven(given, { judge, report, onVerified: heads.take, onFile })
  remarkStrangers(given, shown)
  report.end()
  terminal.fail(exitCodeOfMany(report.counts()))
  await heads.remember()
}

async function verifyImages(
  { judge }: Trusting,
  images: readonly string[],
  options: VerifyOptions,
  heads: Heads,
  { terminal, output }: Called,
): Promise<void> {
  const { judgeImage } = await import("./image.ts")
  const { stderr: stream, now } = terminal
  const progress = createProgress({ stream, now, what: "verify", total: images.length })
  const report = createReport(behindProgress(output, progress.end))
  for (const image of images) {
    const judged = await judgeImage(judge, image, options, terminal)
    if (judged.verdict.outcome === "verified") heads.take(judged.verdict.verified.checkpoints)
    printImage(report, image, judged)
    progress.advance(1)
  }
  if (images.length > 1) report.end()
  progress.end()
  terminal.fail(exitCodeOfMany(report.counts()))
  await heads.remember()
}

async function verify(options: VerifyOptions, called: Called): Promise<void> {
  assertUsable(options, called.command)
  const trusting = await openJudge(options, called)
  const heads = createHeads(options.heads, trusting.trust)
  const { bundle: bundles = [], artifact: artifacts = [], digest: digests = [], image } = options
  if (image !== undefined) return await verifyImages(trusting, image, options, heads, called)
  const given = await readGiven({ bundles, artifacts, digests })
  const one = await theOne(given)
  if (one === undefined) return await verifyMany(trusting.judge, given, heads, called)
  return await verifyOne(trusting.judge, one, heads, called)
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
Of an image one signature that holds is enough; why others do not count is said.

No network is used but for --image. Exits with 3 and the reason if a bundle does not hold, with 5
and the reason if this program cannot judge it, and with 1 if a bundle or an artifact has no
counterpart; of many 3 comes before 5, and 5 before 1.`,
  run: verify,
})
