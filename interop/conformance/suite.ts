// The cases of Sigstore's public conformance suite, from a checkout of it that COUNTERSIGN_CONFORMANCE names: nothing of
// it is kept in this project. Each is run by file and by digest, as the suite does.
import { createHash } from "node:crypto"
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { join, resolve } from "node:path"
import type { Check } from "../running/check.ts"
import { runTrials, type Trial } from "./trial.ts"

/** What the suite takes where a case says nothing (test/client.py there). */
const IDENTITY =
  "https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon/.github/workflows/extremely-dangerous-oidc-beacon.yml@refs/heads/main"
const ISSUER = "https://token.actions.githubusercontent.com"

/** The case whose trusted root is that of the public service, but for the end of a log. */
const WITH_PUBLIC_ROOT = "trust-root-tlog-validity-end-inclusive"

interface RootJson {
  readonly tlogs: readonly { readonly publicKey: { readonly validFor: { end?: unknown } } }[]
}

/** The public service's trusted root, of which the suite has a copy that ends a log's time. */
function publicRootOf(cases: string): string {
  const text = readFileSync(join(cases, WITH_PUBLIC_ROOT, "trusted_root.json"), "utf8")
  const root = JSON.parse(text) as RootJson
  for (const { publicKey } of root.tlogs) delete publicKey.validFor.end
  return JSON.stringify(root)
}

function trialOf(folder: string, name: string, shared: string, isByDigest: boolean): Trial {
  const own = (file: string) => {
    const path = join(folder, file)
    return existsSync(path) ? path : undefined
  }
  const textOf = (file: string) => {
    const path = own(file)
    return path && readFileSync(path, "utf8").trim()
  }
  const artifact = own("artifact") ?? shared
  const digest = createHash("sha256").update(readFileSync(artifact)).digest("hex")
  const [key, trustedRoot] = [own("key.pub"), own("trusted_root.json")]
  return {
    name: isByDigest ? "by digest" : "by file",
    isGood: !name.endsWith("fail"),
    bundle: join(folder, "bundle.sigstore.json"),
    identity: textOf("identity") ?? IDENTITY,
    issuer: textOf("issuer") ?? ISSUER,
    artifact: isByDigest ? `sha256:${digest}` : artifact,
    ...(key && { key }),
    ...(trustedRoot && { trustedRoot }),
  }
}

/** One check for each case. Throws trouble for a folder that is no checkout of the suite. */
export function suiteChecks(checkout: string): readonly Check[] {
  const cases = resolve(checkout, "test/assets/bundle-verify")
  const names = readdirSync(cases, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .toSorted()
  const root = publicRootOf(cases)
  return names.map((name) => ({
    operation: name,
    async run(room) {
      const publicRoot = room.write("public_root.json", root)
      const shared = resolve(cases, "../a.txt")
      const trials = [false, true].map(
        (isByDigest) => () => trialOf(join(cases, name), name, shared, isByDigest),
      )
      await runTrials(room, trials, { publicRoot, mayFail: name.endsWith("fail") })
    },
  }))
}
