// Bundles of the public service and of a private one, which sigstore-go has among its sources with the trusted roots that they are for.
import { join } from "node:path"
import type { Check } from "../running/check.ts"
import { countersign } from "../stand/served-log.ts"

const PUBLIC_ROOT = "public-good.json"

interface Example {
  readonly bundle: string
  readonly identity: string
  readonly issuer: string
  readonly digest: string
  readonly root?: string
}

/** An npm package's provenance: intoto 0.0.2 in a bundle of version 0.1, with a checkpoint. */
const provenance: Example = {
  bundle: "sigstore.js@2.0.0-provenance.sigstore.json",
  identity: "https://github.com/sigstore/sigstore-js/.github/workflows/release.yml@refs/heads/main",
  issuer: "https://token.actions.githubusercontent.com",
  digest:
    "sha512:46d4e2f74c4877316640000a6fdf8a8b59f1e0847667973e9859f774dd31b8f1e0937813b777fb66a2ac67d50540fe34640966eee9fc2ccca387082b4c85cd3c",
}

/** By an email address, promised and not proven; with the authorities' certificates, as clients did in 2022. */
const early: Example = {
  bundle: "dsse.sigstore.json",
  identity: "brian@dehamer.com",
  issuer: "https://github.com/login/oauth",
  digest:
    "sha512:bbfd372fc9beeb777fe35d05bb10c0c70a9733d366a75fed7dd18866c7391de3ee7e88ba74dd47abf3e15c845e547fcf0e5c3da80854c751554224d3a6d4e55f",
}

/** Of a private deployment, by a user name; its log's tree bears another name than the host of its URL. */
const userName: Example = {
  bundle: "othername.sigstore.json",
  identity: "foo!oidc.local",
  issuer: "http://oidc.local:8080",
  digest: "sha256:bc103b4a84971ef6459b294a2b98568a2bfb72cded09d4acd1e16366a401f95b",
  root: "scaffolding.json",
}

/** Checks of `countersign verify` on what the package has; `program` gives paths beside its programs. */
export function publicChecks(program: (name: string) => string): readonly Check[] {
  const sources = program("../share/gocode/src/github.com/sigstore/sigstore-go")
  const data = (name: string) => join(sources, "pkg/testing/data", name)

  function words({
    bundle,
    identity,
    issuer,
    digest,
    root = PUBLIC_ROOT,
  }: Example): readonly string[] {
    const signer = ["--certificate-identity", identity, "--certificate-oidc-issuer", issuer]
    const trust = ["--trusted-root", data(`trusted-roots/${root}`)]
    const what = ["--bundle", data(`bundles/${bundle}`), "--digest", digest]
    return [...countersign, "verify", ...what, ...signer, ...trust]
  }

  const holds = (operation: string, example: Example): Check => ({
    operation,
    run: async (room) => void (await room.run(words(example))),
  })
  const refused = (operation: string, example: Example, reason: RegExp): Check => ({
    operation,
    run: (room) => room.refused(words(example), reason),
  })
  const twice = { ...early, bundle: "dsse-2sigs.sigstore.json" }
  return [
    holds("provenance of an npm package", provenance),
    holds("an early attestation by an email address", early),
    holds("a blob by a user name, over a tree with a name of its own", userName),
    refused(
      "an email address for a user name",
      { ...userName, identity: "foo@oidc.local" },
      /identity: expected/,
    ),
    refused("another identity", { ...provenance, identity: early.identity }, /identity: expected/),
    refused("another issuer", { ...early, issuer: provenance.issuer }, /issuer: expected/),
    refused("another package", { ...provenance, digest: early.digest }, /no subject/),
    refused("an envelope with two signatures", twice, /signatures: expected/),
  ]
}
