// The judge by identities in certificates. Loaded only if the command line asks for one: what it stands on is large.
import { portableEngine } from "../../client/verify/engine.ts"
import { refuse, shown } from "../../core/base/errors.ts"
import { LONGEST_TRUSTED_ROOT } from "../../core/base/limits.ts"
import { present } from "../../core/base/present.ts"
import { type Expected, type IdentityPolicy, readPolicy } from "../../keyless/identity.ts"
import { parseKeylessTrust } from "../../keyless/trust.ts"
import { neededHashesKeyless, verifyKeyless } from "../../keyless/verify.ts"
import { readText } from "../command/file.ts"
import { checkpointsOf, createChoice, type Judge } from "./judge.ts"
import type { VerifyOptions } from "./options.ts"

function expected(exact: string | undefined, pattern: string | undefined): Expected | undefined {
  return exact ?? (pattern === undefined ? undefined : { pattern })
}

function fieldOf(text: string): readonly [string, string] {
  const at = text.indexOf("=")
  if (at > 0) return [text.slice(0, at), text.slice(at + 1)]
  return refuse("not-allowed", `--certificate-field: expected NAME=VALUE, found ${shown(text)}`)
}

/** The names of cosign's flags are those of the fields. */
function fieldsOf(options: VerifyOptions): Readonly<Record<string, string>> {
  const flags = {
    "github-workflow-trigger": options.certificateGithubWorkflowTrigger,
    "github-workflow-sha": options.certificateGithubWorkflowSha,
    "github-workflow-name": options.certificateGithubWorkflowName,
    "github-workflow-repository": options.certificateGithubWorkflowRepository,
    "github-workflow-ref": options.certificateGithubWorkflowRef,
  }
  const given = Object.entries(flags).filter(
    (flag): flag is [string, string] => flag[1] !== undefined,
  )
  const all = [...given, ...(options.certificateField ?? []).map(fieldOf)]
  const names = all.map(([name]) => name)
  const twice = names.find((name, i) => names.indexOf(name) < i)
  if (twice !== undefined) refuse("not-allowed", `expected ${twice} once, found it twice`)
  return Object.fromEntries(all)
}

/** Refuses `not-allowed` for an identity that cannot be read; else as the reader of the trusted root does. */
export async function createKeylessJudge(
  options: VerifyOptions,
  trustedRootFile: string,
): Promise<Judge> {
  const { subject: subjects } = options
  const identity: IdentityPolicy = {
    extensions: fieldsOf(options),
    ...present({
      identity: expected(options.certificateIdentity, options.certificateIdentityRegexp),
      issuer: expected(options.certificateOidcIssuer, options.certificateOidcIssuerRegexp),
    }),
  }
  readPolicy(identity)
  const text = await readText(trustedRootFile, "trusted root", LONGEST_TRUSTED_ROOT)
  const trustedRoot = parseKeylessTrust(text)
  const nextEngine = createChoice(portableEngine, async () =>
    (await import("./native-engine.ts")).createNativeEngine(),
  )
  return {
    hashesOf: neededHashesKeyless,
    async judge(bundle, artifact) {
      const engine = await nextEngine()
      const check = { artifact, trustedRoot, identity, engine, ...present({ subjects }) }
      const verified = verifyKeyless(bundle, check)
      return { ...verified, checkpoints: checkpointsOf(bundle, verified) }
    },
  }
}
