// `countersign search`: finds entries by what they say, and verifies on demand that the log has them.
import { verifyInclusion } from "../../client/inclusion.ts"
import type { Entry, FoundAttestation } from "../../client/log-answer.ts"
import type { LogClient } from "../../client/log-client.ts"
import { present } from "../../core/base/present.ts"
import { readDigest } from "../../core/base/written-digest.ts"
import { kindNames } from "../../entry/kind-names.ts"
import { type EntrySummary, readSummary } from "../../entry/kinds/summary.ts"
import { provenAnswer } from "../command/exit-code.ts"
import { fetchHead } from "../command/fetched-head.ts"
import { credentialOptions, logOption, openLog } from "../command/log-options.ts"
import { networkOptions } from "../command/network.ts"
import {
  type Called,
  decimalArgument,
  defineCommand,
  jsonOption,
  optional,
  parsed,
  preset,
  type ValuesOf,
} from "../command/options.ts"
import type { Fields, Output } from "../command/output.ts"
import { remarkPinning, trustOptions } from "../command/trust-options.ts"
import { type Answer, answerTo, type Found } from "./search-answer.ts"
import { type Question, questionsOf, readCommit, readImage } from "./search-question.ts"

const searchOptions = [
  logOption(),
  parsed(
    "--digest <digest>",
    "digest of an artifact or an attestation: ALGORITHM:HEX or IMAGE@sha256:HEX",
    readDigest,
  ).conflicts(["artifact", "image", "commit", "pypi"]),
  optional(
    "--artifact <file>",
    "the artifact itself; its SHA-256, SHA-384 and SHA-512 digests are looked up",
  ).conflicts(["image", "commit", "pypi"]),
  parsed(
    "--image <image>",
    "image in a registry, REPO@sha256:HEX: also by what cosign and Tekton Chains sign of it",
    readImage,
  ).conflicts(["commit", "pypi"]),
  parsed("--commit <id>", "Git commit: also by what gitsign signs of it", readCommit).conflicts(
    "pypi",
  ),
  optional("--pypi <file>", "file of a Python package: also by what PyPI's publishers sign of it"),
  optional("--key <file>", "public key or certificate of a signer"),
  optional("--identity <name>", "an identity named in a signer's certificate"),
  optional("--issuer <url>", "the issuer that vouched for the identity"),
  optional("--subject <name>", "name of an in-toto subject"),
  parsed(
    "--mention <digest>",
    "digest that a statement mentions, of what its subjects were built from or contain",
    readDigest,
  ),
  optional("--predicate-type <type>", "predicate type of an in-toto statement"),
  optional("--kind <kind>", `kind of entry: one of ${kindNames.join(", ")}, also with a version`),
  optional("--newest", "newest entries first"),
  preset("--limit <n>", "the most entries to print", decimalArgument, 20),
  optional("--verify", "verify for each entry that the log has it"),
  ...trustOptions,
  ...credentialOptions,
  ...networkOptions,
  jsonOption(),
] as const

type SearchOptions = ValuesOf<typeof searchOptions>

function askedIn(options: SearchOptions): Promise<readonly Question[]> {
  const { artifact, image, commit, pypi, digest, key } = options
  const { identity, issuer, subject, mention, predicateType, kind } = options
  return questionsOf({
    ...present({ artifact, image, commit, pypi, digest, key }),
    ...present({ identity, issuer, subject, mention, predicateType, kind }),
  })
}

function entryFields(
  { time }: Entry,
  { digest, payload, signers }: EntrySummary,
  attestation: FoundAttestation | undefined,
  why: readonly string[],
): Fields {
  const fields: (readonly [string, string])[] = why.map((each) => ["found by", each])
  fields.push(["committed", time])
  if (digest !== undefined) fields.push(["artifact", digest])
  if (payload !== undefined) fields.push(["payload", payload])
  const { predicateType, isKept } = attestation ?? {}
  if (predicateType !== undefined) fields.push(["predicate type", predicateType])
  if (isKept === true) fields.push(["attestation", "kept by the log"])
  for (const { key, identities, issuer } of signers) {
    for (const identity of identities) fields.push(["signed by", identity])
    if (issuer !== undefined) fields.push(["vouched for by", issuer])
    fields.push(["key", key])
  }
  return fields
}

function printEntry(
  output: Output,
  { entry, why }: Found,
  attestation: FoundAttestation | undefined,
  isVerified: boolean,
): void {
  const summary = readSummary(entry.body)
  const { index, leafHash, time } = entry
  const title = `entry ${index}: ${summary.kind}${isVerified ? ", verified" : ""}`
  output.result(title, entryFields(entry, summary, attestation, why), {
    index,
    leafHash,
    time,
    ...summary,
    ...present({ attestation }),
    ...(why.length > 0 && { why }),
    isVerified,
  })
}

const NOT_NOBODY = "; that none was found does not mean that nobody signed"

/** Of the newest entries the log may not know yet whether they are opaque. */
function unknownRemark({ found, opaque, size }: Answer): string | undefined {
  if (opaque === undefined || opaque.upTo >= size) return undefined
  const nothing = found.length === 0 ? NOT_NOBODY : ""
  return `of its newest ${size - opaque.upTo} entries the log does not know yet whether they are opaque${nothing}`
}

/** What nobody can tell from what the log has: without it an empty answer would read as if nobody had signed. */
function opaqueRemark({ found, opaque }: Answer): string | undefined {
  const nothing = found.length === 0 ? NOT_NOBODY : ""
  if (opaque === undefined) {
    return `this log does not say of how many entries it cannot tell what they are about${nothing}`
  }
  const { count, upTo } = opaque
  if (count === 0) return undefined
  const opaqueOnes = count === 1 ? "1 entry below" : `${count} entries below`
  const are = `${opaqueOnes} ${upTo} ${count === 1 ? "is" : "are"} opaque`
  const why = "nobody can tell from what the log has what they are about"
  return `${are}: ${count === 1 ? why.replace("they are", "it is") : why}${nothing}`
}

/** How far the answer goes, after its entries. */
function printReach(output: Output, answer: Answer, isJson: boolean): void {
  const { found, completeUpTo, size, hasMore, opaque, attachedUpTo } = answer
  if (isJson) {
    const reach = { found: found.length, hasMore, completeUpTo, size }
    output.result("", [], { ...reach, ...present({ opaque, attachedUpTo }) })
  }
  const more = hasMore ? " (and more: raise --limit)" : ""
  output.remark(`${found.length} of ${completeUpTo} entries${more}`)
  if (completeUpTo < size) {
    const missed = size - completeUpTo
    output.remark(
      `the log's search index is behind: its newest ${missed} entries were not searched`,
    )
  }
  for (const remark of [opaqueRemark(answer), unknownRemark(answer)]) {
    if (remark !== undefined) output.remark(remark)
  }
}

/** What the log says of the attestations about the digests that were asked for, by entry. */
async function attestationsOf(log: LogClient, questions: readonly Question[]) {
  const digests = questions.flatMap(({ criteria }) => criteria.digest ?? [])
  const artifacts = await Promise.all(digests.map((digest) => log.artifact(digest)))
  const all = artifacts.flatMap(({ attestations }) => attestations)
  return new Map(all.map((attestation) => [attestation.index, attestation]))
}

async function search(options: SearchOptions, called: Called): Promise<void> {
  const questions = await askedIn(options)
  if (questions.length === 0) {
    called.command.error("error: expected something to search for, such as --digest or --identity")
  }
  const { log, trust, output } = await openLog(called)
  const order = options.newest === true ? "newest" : "oldest"
  const answer = await answerTo(log, questions, { limit: options.limit, order })
  const attested = answer.found.length === 0 ? new Map() : await attestationsOf(log, questions)
  // Read after the search, so that it covers everything that was found.
  const head = options.verify ? await fetchHead(log, trust) : undefined
  for (const found of answer.found) {
    const { index, body } = found.entry
    if (head !== undefined) {
      const { proof } = await log.inclusion(index, head.size)
      provenAnswer(() => verifyInclusion(body, proof, head))
    }
    printEntry(output, found, attested.get(index), head !== undefined)
  }
  printReach(output, answer, options.json === true)
  if (head !== undefined) remarkPinning(output, head.isPinned)
}

export const searchCommand = defineCommand({
  options: searchOptions,
  help: `
An entry must match everything that is asked for. That the log leaves nothing out cannot be
verified, but that it has what it shows can: with --verify, exits with 3 if a proof does not hold.

Of some entries the log has only a hash of what was signed. They are counted as opaque after every
answer: they may be about anything. What unmodified signers sign of an image, a commit or a file for
PyPI is foretold and found all the same; "found by" says so. It says what an entry is about, not
that its signer is right. With --json, the last line says how far the answer goes.

Example:
  countersign search --log https://log.example.com --artifact app.tar.gz
  countersign search --log https://log.example.com --image ghcr.io/acme/app@sha256:...
  countersign search --log https://log.example.com --identity dev@example.com --newest
  countersign search --log https://log.example.com --key key.pub --verify --policy log.policy`,
  run: search,
})
