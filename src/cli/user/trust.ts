// `countersign trust`: writes the two files by which Sigstore's clients know a log, after looking whether
// the key in them signs the log's checkpoints.
import { mkdir } from "node:fs/promises"
import { join } from "node:path"
import type { LogClient } from "../../client/log-client.ts"
import { openHead, openTrusted, signingLog, type Trust } from "../../client/trust.ts"
import { assertToken } from "../../core/access/token.ts"
import { equalBytes } from "../../core/base/bytes.ts"
import { refuse } from "../../core/base/errors.ts"
import { formatHex } from "../../core/base/text.ts"
import type { Policy } from "../../core/note/policy.ts"
import { formatSigningConfig, type RekorVersion } from "../../sigstore/signing-config.ts"
import { formatTrustedRoot, type PinnedLog, parseTrustedRoot } from "../../sigstore/trusted-root.ts"
import { provenAnswer } from "../command/exit-code.ts"
import { onDisk, writeWhole } from "../command/file.ts"
import { credentialOptions, logOption, openLog } from "../command/log-options.ts"
import { networkOptions } from "../command/network.ts"
import { choice, defineCommand, jsonOption, mandatory, optional } from "../command/options.ts"
import type { Output } from "../command/output.ts"
import { trustOptions } from "../command/trust-options.ts"

/**
 * A checkpoint under a pinned key says nothing of the other keys that signed it: anyone can add a
 * signature line of their own.
 */
function assertPinned({ origin, spki }: PinnedLog, { logs }: Policy): void {
  if (logs.some(({ vkey }) => vkey.type === 2 && equalBytes(vkey.publicKey, spki))) return
  refuse(
    "untrusted",
    `expected the policy to name the ECDSA key of ${origin}, which Sigstore's clients need, found ` +
      "other keys only; pin it with --trusted-root, or add its vkey to the policy",
  )
}

/**
 * The log as the files are to describe it. Falsehood if its checkpoint is not signed by a key that must
 * have signed it; refuses `untrusted` for a policy that does not name that key.
 */
async function findLog(log: LogClient, trust: Trust | undefined): Promise<PinnedLog> {
  const checkpoint = await log.checkpoint()
  openHead(checkpoint, undefined)
  if (trust !== undefined && "trustedRoot" in trust) {
    return provenAnswer(() => signingLog(checkpoint, trust.trustedRoot))
  }
  if (trust !== undefined) provenAnswer(() => openTrusted(checkpoint, trust))
  // What the log says of itself, if the key in it signed this checkpoint.
  const root = parseTrustedRoot(await log.trustedRoot())
  const stated = provenAnswer(() => signingLog(checkpoint, root))
  if (trust !== undefined && "policy" in trust) assertPinned(stated, trust.policy)
  return stated
}

/** The URL with a token in its path: the one form in which clients that know nothing of tokens carry them. */
async function withToken(url: string, file: string | undefined): Promise<string> {
  if (file === undefined) return url
  const { readTokenOf } = await import("../network/credentials.ts")
  const token = await readTokenOf(file)
  assertToken(token, file)
  return `${url.replace(/\/+$/, "")}/w/${token}`
}

const SECRET_MODE = 0o600

async function writeFiles(
  log: PinnedLog,
  out: string,
  version: RekorVersion,
  tokenFile: string | undefined,
) {
  const { baseUrl, origin, spki } = log
  const validFrom = log.validFrom ?? refuse("malformed", "validFor.start: expected a time")
  const files = {
    trustedRoot: join(out, "trusted_root.json"),
    signingConfig: join(out, "signing_config.json"),
  }
  const root = formatTrustedRoot([{ baseUrl, spki, validFrom }])
  const config = formatSigningConfig({
    url: await withToken(baseUrl, tokenFile),
    operator: origin,
    validFrom,
    versions: [version],
  })
  await onDisk("folder", out, mkdir(out, { recursive: true }))
  await writeWhole(files.trustedRoot, root, "trusted root")
  const mode = tokenFile === undefined ? undefined : SECRET_MODE
  await writeWhole(files.signingConfig, config, "signing config", mode)
  return files
}

function remark(output: Output, url: string, { baseUrl }: PinnedLog, isPinned: boolean): void {
  if (new URL(url).origin !== new URL(baseUrl).origin) {
    output.remark(`clients will reach the log under ${baseUrl}, not under ${url}`)
  }
  if (isPinned) return
  output.remark(
    "TRUST ON FIRST USE: the log itself gave this key (no --trusted-root or --policy was given). " +
      "Compare the log ID with the operator's before you rely on it.",
  )
}

export const trustCommand = defineCommand({
  options: [
    logOption(),
    mandatory("--out <dir>", "where the two files are written"),
    choice("--api-version <n>", "the Rekor API that signers are to use", ["1", "2"], "2"),
    optional(
      "--signing-token-file <file>",
      "write the token in this file into the URL of the signing config, for clients such as cosign",
    ),
    jsonOption(),
    ...trustOptions,
    ...credentialOptions,
    ...networkOptions,
  ],
  help: `
Example:
  countersign trust --log https://log.example.com --out ./sigstore --trusted-root pinned.json

Over API 2, cosign logs an image or an attestation as a hash alone, so that nobody can tell from the
log what it is about until somebody attaches what was signed (countersign attach); over API 1 it
sends the attestation along, but cannot attest with keys of P-384 or Ed25519.

With --signing-token-file whoever can read the signing config can do what the token lets do: the
file is written for you alone. The trusted root has no token in it and may be given to anyone.

Exits with 3 if the log's checkpoint is not signed by the key that is written or pinned.`,
  async run({ out, apiVersion, signingTokenFile }, called) {
    const { url, log: client, trust, output } = await openLog(called)
    const isPinned = trust !== undefined
    const log = await findLog(client, trust)
    const files = await writeFiles(log, out, apiVersion === "1" ? 1 : 2, signingTokenFile)
    const { origin, baseUrl, logId } = log
    output.result(
      `${origin} at ${baseUrl}`,
      [
        ["log ID", formatHex(logId)],
        ["trusted root", files.trustedRoot],
        ["signing config", files.signingConfig],
      ],
      { origin, baseUrl, logId, isPinned, ...files },
    )
    remark(output, url, log, isPinned)
    if (signingTokenFile !== undefined) {
      output.remark(`${files.signingConfig} has a token in it: keep it as you keep the token`)
    }
  },
})
