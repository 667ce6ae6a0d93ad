// The ways in which cosign signs an image, and what a log then has of each: kind and version of the entry, and
// the digest in it, computed here from the bytes that the client signs. A new version of a client that signs other
// bytes fails here before a monitor misses anything.
import { createHash } from "node:crypto"
import type { Stand } from "../stand/stand.ts"

export type KeyKind = "p256" | "p384" | "ed25519"

/** An image as a registry has it. */
export interface Image {
  /** HOST:PORT/NAME. */
  readonly repository: string
  /** 64 hex digits. */
  readonly digest: string
}

export interface Way {
  readonly title: string
  readonly key: KeyKind
  /** What follows `cosign`, without key and image. */
  readonly words: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** The client fails after the log has taken the entry. */
  readonly isOrphan?: true
  /** `KIND:VERSION` of the entry. */
  readonly kind: string
  /** `algorithm:hex` in the entry; undefined where it cannot be foretold. */
  readonly foretold?: (image: Image) => string
}

function hex(hash: string, text: string): string {
  return createHash(hash).update(text).digest("hex")
}

function statement({ digest }: Image): string {
  return `{"_type":"https://in-toto.io/Statement/v1","subject":[{"digest":{"sha256":"${digest}"},"annotations":{}}],"predicateType":"https://sigstore.dev/cosign/sign/v1","predicate":{}}`
}

function simpleSigning({ repository, digest }: Image): string {
  return `{"critical":{"identity":{"docker-reference":"${repository}"},"image":{"docker-manifest-digest":"sha256:${digest}"},"type":"cosign container image signature"},"optional":null}`
}

const overPayload = (image: Image): string => `sha256:${hex("sha256", statement(image))}`

function overPae(hash: string) {
  return (image: Image): string => {
    const payload = statement(image)
    const type = "application/vnd.in-toto+json"
    const pae = `DSSEv1 ${type.length} ${type} ${payload.length} ${payload}`
    return `${hash}:${hex(hash, pae)}`
  }
}

function overSimpleSigning(hash: string) {
  return (image: Image): string => `${hash}:${hex(hash, simpleSigning(image))}`
}

/** Words that attest PREDICATE, a file in the room. */
const PREDICATE = ["--predicate", "predicate.json", "--type", "custom"]

/** What cosign 3 does in its own formats and in its older one. */
export function cosign3Ways({ files, log }: Stand): readonly Way[] {
  const config = (version: 1 | 2) => [
    ...["--trusted-root", files.trustedRoot],
    ...["--signing-config", files.signing[version]],
  ]
  const older = ["--new-bundle-format=false", "--use-signing-config=false", "--rekor-url", log.url]
  const env = { SIGSTORE_REKOR_PUBLIC_KEY: files.logKey }
  const v2 = "hashedrekord:0.0.2"
  const sign = ["sign", ...config(2)]
  const attest = ["attest", ...config(2), ...PREDICATE]
  const legacy = { words: ["sign", ...older], env, kind: "hashedrekord:0.0.1" }
  return [
    {
      title: "sign, API v2, P-256",
      key: "p256",
      words: sign,
      kind: v2,
      foretold: overPae("sha256"),
    },
    {
      title: "sign, API v2, P-384",
      key: "p384",
      words: sign,
      kind: v2,
      foretold: overPae("sha384"),
    },
    {
      ...{ title: "sign, API v2, Ed25519", key: "ed25519", words: sign, kind: v2 },
      foretold: overPae("sha512"),
      isOrphan: true,
    },
    {
      ...{ title: "sign, API v1, P-256", key: "p256", words: ["sign", ...config(1)] },
      ...{ kind: "dsse:0.0.1", foretold: overPayload },
    },
    { title: "attest, API v2, P-256", key: "p256", words: attest, kind: v2 },
    { title: "attest, API v2, P-384", key: "p384", words: attest, kind: v2 },
    {
      ...{ title: "attest, API v1, P-256", key: "p256", kind: "dsse:0.0.1" },
      words: ["attest", ...config(1), ...PREDICATE],
    },
    { ...legacy, title: "older format, P-256", key: "p256", foretold: overSimpleSigning("sha256") },
    { ...legacy, title: "older format, P-384", key: "p384", foretold: overSimpleSigning("sha384") },
    {
      ...{ ...legacy, title: "older format, Ed25519", key: "ed25519" },
      foretold: overSimpleSigning("sha512"),
    },
  ]
}

/** What cosign 2 does. */
export function cosign2Ways({ files, log }: Stand): readonly Way[] {
  const env = { SIGSTORE_REKOR_PUBLIC_KEY: files.logKey }
  const server = ["--rekor-url", log.url]
  const kind = "hashedrekord:0.0.1"
  const attest = { words: ["attest", ...server, ...PREDICATE], env, kind: "dsse:0.0.1" }
  return [
    {
      ...{ title: "sign, P-256", key: "p256", words: ["sign", ...server], env, kind },
      foretold: overSimpleSigning("sha256"),
    },
    {
      ...{ title: "sign by referrers, P-256", key: "p256", kind },
      words: ["sign", ...server, "--registry-referrers-mode=oci-1-1"],
      env: { ...env, COSIGN_EXPERIMENTAL: "1" },
      foretold: overSimpleSigning("sha256"),
    },
    { ...attest, title: "attest, P-256", key: "p256" },
    { ...attest, title: "attest, P-384", key: "p384" },
    { ...attest, title: "attest, Ed25519", key: "ed25519" },
  ]
}
