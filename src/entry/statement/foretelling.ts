// Digests foretold: what unmodified signers log about an image, a commit or a file follows from what its owner
// knows of it. cosign 3 (`sign`), cosign 2 and Tekton Chains (simple signing), gitsign (online) and the publish
// attestations of PyPI. A digest that matches says what the entry is about, never that its signer is right. Leaves
// out what is not fixed: annotations, attestations, timestamps.
import { utf8 } from "../../core/base/bytes.ts"
import { digestOf, type HashName, hashNames } from "../../core/base/digest.ts"
import { refuse, shown } from "../../core/base/errors.ts"
import { formatHex } from "../../core/base/text.ts"
import { canonicalName } from "./names.ts"
import { dssePae, IN_TOTO_PAYLOAD_TYPE } from "./pae.ts"

export interface Foretold {
  /** As `algorithm:hex`: the digest that the log has. */
  readonly digest: string
  /** What signs so, for people. */
  readonly why: string
}

/** The digest of bytes by a hash, in hex. */
export type Digester = (hash: HashName, bytes: Uint8Array) => string

const portableDigest: Digester = (hash, bytes) => formatHex(digestOf(hash, bytes))

function digested(
  bytes: Uint8Array,
  hashes: readonly HashName[],
  why: string,
  digest: Digester = portableDigest,
): Foretold[] {
  return hashes.map((hash) => ({ digest: `${hash}:${digest(hash, bytes)}`, why }))
}

/** An envelope is logged by the hash of what was signed, or by its payload's. */
function envelope(statement: string, why: string, digest?: Digester): Foretold[] {
  const payload = utf8(statement)
  return [
    ...digested(dssePae(IN_TOTO_PAYLOAD_TYPE, payload), hashNames, why, digest),
    ...digested(payload, ["sha256"], why, digest),
  ]
}

function assertHex(hex: string, lengths: readonly number[], what: string): void {
  if (lengths.includes(hex.length) && /^[0-9a-f]+$/.test(hex)) return
  const expected = `${lengths.join(" or ")} lower-case hex digits`
  refuse("malformed", `${what}: expected ${expected}, found ${shown(hex, 150)}`)
}

/** What cosign 3 signs, as its JSON writer prints it: without blanks, or in other builds one behind each comma. */
function cosignStatement(hex: string, blank: "" | " "): string {
  const subject = `[{"digest":{"sha256":"${hex}"},${blank}"annotations":{}}]`
  const members = [
    '"_type":"https://in-toto.io/Statement/v1"',
    `"subject":${subject}`,
    '"predicateType":"https://sigstore.dev/cosign/sign/v1"',
    '"predicate":{}',
  ]
  return `{${members.join(`,${blank}`)}}`
}

/** What cosign 2 and Tekton Chains sign; the strings are escaped as Go escapes them. */
function simpleSigning(hex: string, repository: string): string {
  const identity = `"identity":{"docker-reference":${JSON.stringify(repository)}}`
  const image = `"image":{"docker-manifest-digest":"sha256:${hex}"}`
  const type = '"type":"cosign container image signature"'
  return `{"critical":{${identity},${image},${type}},"optional":null}`
}

/** The names under which clients sign an image of this repository: Docker Hub stands under another one. */
export function signedNames(repository: string): readonly string[] {
  const name = canonicalName(repository)
  const names = name.startsWith("docker.io/") ? [name, `index.${name}`] : [name]
  return [...new Set([repository, ...names])]
}

/**
 * Of an image by its SHA-256 digest (64 hex digits): eight candidates, and three more a repository (without a
 * tag, as it is pushed to). Refuses `malformed` for another digest. `digest` is noble's by default, which is slow
 * for thousands of images.
 */
export function foretoldOfImage(
  digestHex: string,
  repositories: readonly string[],
  digest?: Digester,
): readonly Foretold[] {
  assertHex(digestHex, [64], "digest of an image")
  const simple = repositories.flatMap((repository) => {
    const why = `cosign 2 or Tekton Chains, image ${repository}`
    return digested(utf8(simpleSigning(digestHex, repository)), hashNames, why, digest)
  })
  return [
    ...envelope(cosignStatement(digestHex, ""), "cosign 3 sign", digest),
    ...envelope(cosignStatement(digestHex, " "), "cosign 3 sign, written with blanks", digest),
    ...simple,
  ]
}

/** Of a Git commit, by its ID (40 or 64 hex digits): gitsign signs it as text. Refuses `malformed`. */
export function foretoldOfCommit(id: string): readonly Foretold[] {
  assertHex(id, [40, 64], "commit")
  return digested(utf8(id), ["sha256"], "gitsign")
}

/** Of a file that PyPI publishes, by its name and SHA-256 digest. Refuses `malformed` for another digest. */
export function foretoldOfPypi(fileName: string, sha256Hex: string): readonly Foretold[] {
  assertHex(sha256Hex, [64], "digest of a file")
  const statement = JSON.stringify({
    _type: "https://in-toto.io/Statement/v1",
    subject: [{ name: fileName, digest: { sha256: sha256Hex } }],
    predicateType: "https://docs.pypi.org/attestations/publish/v1",
    predicate: null,
  })
  return envelope(statement, "PyPI publish attestation")
}
