// What `countersign watch add` is told to add: an image, a file, a bundle, or what a key has signed, each made into the
// lines of a subject. Nothing that a bundle or a log says is verified: whoever adds it has it from somewhere.
import { basename } from "node:path"
import { readKeyFile } from "../../client/key-file.ts"
import type { LogClient } from "../../client/log-client.ts"
import { digestOf, hashNames } from "../../core/base/digest.ts"
import { bug, refuse, shown } from "../../core/base/errors.ts"
import { LONGEST_BUNDLE, LONGEST_PEM, MOST_FOUND_ON_PAGE } from "../../core/base/limits.ts"
import { formatHex } from "../../core/base/text.ts"
import { readClaim } from "../../entry/kinds/claim.ts"
import { readSummary } from "../../entry/kinds/summary.ts"
import { sha256Text } from "../../entry/search-terms.ts"
import { readStatement } from "../../entry/statement/reading.ts"
import { parseSigstoreBundle, type SigstoreBundle } from "../../sigstore/bundle.ts"
import { digestFile, readBytes, readText } from "../command/file.ts"

export interface AddedSource {
  /** A name for the subject, if none is given. */
  readonly name: string
  /** Lines of the subject. */
  readonly lines: readonly string[]
  /** Rules for its signers, as they stand behind `signer`. */
  readonly signers: readonly string[]
  /** What a person should know of it. */
  readonly remarks: readonly string[]
}

/** A subject's name is one word. */
function wordOf(text: string): string {
  const word = text.replaceAll(/[\s#]+/g, "-")
  return word === "" ? "subject" : word
}

const IMAGE = /^([^@\s]+)@(sha256:[0-9a-f]{64})$/

/** `REPOSITORY[:TAG]@sha256:HEX`; the tag is left out, because it may move. */
export function imageSource(reference: string): AddedSource {
  const [, named = "", digest] = IMAGE.exec(reference) ?? []
  if (digest === undefined) {
    return refuse(
      "malformed",
      `--image: expected REPOSITORY@sha256:HEX, as docker images --digests or crane digest say it, found ${shown(reference, 150)}`,
    )
  }
  const tag = named.indexOf(":", named.lastIndexOf("/") + 1)
  const repository = tag < 0 ? named : named.slice(0, tag)
  const name = wordOf(repository.slice(repository.lastIndexOf("/") + 1))
  return { name, lines: [`image ${repository}@${digest}`], signers: [], remarks: [] }
}

export async function fileSource(path: string): Promise<AddedSource> {
  const digests = await digestFile(path, hashNames)
  const lines = hashNames.map(
    (hash) => `digest ${hash}:${formatHex(digests[hash] ?? bug(`no ${hash} digest`))}`,
  )
  return { name: wordOf(basename(path)), lines, signers: [], remarks: [] }
}

const PLAIN_IDENTITY = /^[A-Za-z0-9@:/.+%#?=&_-]+$/
const ONE_WORD = /^[\x21-\x7e]+$/

/** A pattern that fits this identity alone, whatever its certificate has written there. */
function patternOf(identity: string): string {
  if (PLAIN_IDENTITY.test(identity)) return identity
  const escaped = (character: string) =>
    `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`
  return `~${identity.replaceAll(/[^\p{L}\p{N}]/gu, (each) => (each < "\x80" ? escaped(each) : each))}`
}

/** The rule that fits whoever signed an entry; none for a certificate whose names cannot stand in a rule. */
function signersOf(body: Uint8Array): readonly string[] {
  return readClaim(body).keys.flatMap((verifier) => {
    const { written = [], identities = [], issuer } = verifier.names ?? {}
    const [identity] = [...written, ...identities]
    if (identity === undefined) return [`key ${sha256Text(digestOf("sha256", verifier.spki))}`]
    if (issuer === undefined || !ONE_WORD.test(issuer)) return []
    return [`oidc ${issuer} ${patternOf(identity)}`]
  })
}

/** Digests that entries can be found by, of the artifact or of what a statement is about. */
function digestsIn({ content, entries }: SigstoreBundle): readonly string[] {
  if (content.form === "message-signature") {
    return entries.flatMap(({ body }) => readSummary(body).digest ?? [])
  }
  const statement = readStatement(content.payload)
  if (statement.form === "odd" || statement.subjects.length === 0) {
    return refuse(
      "malformed",
      "bundle: expected a statement that every reader reads alike, with subjects, found another payload",
    )
  }
  return statement.subjects
    .flatMap(({ digests }) => digests)
    .filter((digest) =>
      /^(?:sha256:[0-9a-f]{64}|sha384:[0-9a-f]{96}|sha512:[0-9a-f]{128})$/.test(digest),
    )
}

export async function bundleSource(path: string): Promise<AddedSource> {
  const bundle = parseSigstoreBundle(await readText(path, "bundle", LONGEST_BUNDLE))
  const digests = [...new Set(digestsIn(bundle))]
  if (digests.length === 0) {
    refuse("malformed", `bundle ${path}: expected a SHA-2 digest of what was signed, found none`)
  }
  return {
    name: wordOf(basename(path).replace(/\.(?:sigstore|bundle|json|jsonl)+(?:\.json)?$/, "")),
    lines: digests.map((digest) => `digest ${digest}`),
    signers: [...new Set(bundle.entries.flatMap(({ body }) => signersOf(body)))],
    remarks: ["nothing of the bundle was verified: countersign verify says whether it holds"],
  }
}

const FINGERPRINT = /^sha256:[0-9a-f]{64}$/

/** `sha256:HEX`, or the file of a public key or a certificate. */
export async function keyOf(keyOrFile: string): Promise<string> {
  if (FINGERPRINT.test(keyOrFile)) return keyOrFile
  const bytes = await readBytes(keyOrFile, "key", LONGEST_PEM)
  return sha256Text(digestOf("sha256", readKeyFile(bytes, `key ${keyOrFile}`).spki))
}

/** Entries that are asked of a log. */
const MOST_ENTRIES = 10_000

export async function logSource(log: LogClient, keyOrFile: string): Promise<AddedSource> {
  const key = await keyOf(keyOrFile)
  const digests = new Set<string>()
  let count = 0
  let after: number | undefined
  do {
    const page = await log.search({ key }, { order: "oldest", after, limit: MOST_FOUND_ON_PAGE })
    for (const { body } of page.entries) {
      const { digest, payload } = readSummary(body)
      for (const each of [digest, payload]) if (each !== undefined) digests.add(each)
    }
    // Pages without any come to an end, too.
    count += Math.max(1, page.entries.length)
    after = page.next
  } while (after !== undefined && count < MOST_ENTRIES)
  if (digests.size === 0) refuse("not-found", `expected entries signed by ${key}, found none`)
  const more =
    after === undefined ? "" : `, and there are more: only ${MOST_ENTRIES} were asked for`
  return {
    name: `key-${key.slice("sha256:".length, "sha256:".length + 8)}`,
    lines: [...digests].map((digest) => `digest ${digest}`),
    signers: [`key ${key}`],
    remarks: [`${count} entries by the log's word${more}`],
  }
}
