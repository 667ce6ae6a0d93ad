// `countersign search`: finds entries by what they say, and verifies on demand that the log has them.

import { type Command, Option } from "commander"
import { verifyInclusion } from "../../client/inclusion.ts"
import { readKeyFile } from "../../client/key-file.ts"
import type { Entry } from "../../client/log-answer.ts"
import type { LogClient } from "../../client/log-client.ts"
import type { FoundAttestation, SearchCriteria } from "../../client/search-answer.ts"
import { digestOf } from "../../core/base/digest.ts"
import { bug } from "../../core/base/errors.ts"
import { LONGEST_PEM, MOST_FOUND_ON_PAGE } from "../../core/base/limits.ts"
import { present } from "../../core/base/present.ts"
import { kindNames } from "../../entry/kind-names.ts"
import { type EntrySummary, readSummary } from "../../entry/kinds/summary.ts"
import { sha256Text } from "../../entry/search-terms.ts"
import { digestFile, readDigest } from "../command/artifact-digest.ts"
import { proven } from "../command/exit-code.ts"
import { type FetchedHead, fetchHead } from "../command/fetched-head.ts"
import { readBytes } from "../command/file.ts"
import { logOption, openLog } from "../command/log-options.ts"
import { addOptions, argument, decimalArgument, jsonOption } from "../command/options.ts"
import type { Fields, Output } from "../command/output.ts"
import type { Terminal } from "../command/terminal.ts"
import { remarkPinning, trustOptions } from "../command/trust-options.ts"

interface SearchOptions extends SearchCriteria {
  readonly artifact?: string
  readonly newest?: boolean
  readonly limit: number
  readonly verify?: boolean
}

const searchOptions: readonly Option[] = [
  new Option(
    "--digest <digest>",
    "digest of an artifact or an attestation: ALGORITHM:HEX or IMAGE@sha256:HEX",
  )
    .argParser(argument(readDigest))
    .conflicts("artifact"),
  new Option("--artifact <file>", "the artifact itself; its SHA-256 digest is looked up"),
  new Option("--key <file>", "public key or certificate of a signer"),
  new Option("--identity <name>", "an identity named in a signer's certificate"),
  new Option("--issuer <url>", "the issuer that vouched for the identity"),
  new Option("--subject <name>", "name of an in-toto subject"),
  new Option("--predicate-type <type>", "predicate type of an in-toto statement"),
  new Option("--kind <kind>", `kind of entry: one of ${kindNames.join(", ")}, also with a version`),
  new Option("--newest", "newest entries first"),
  new Option("--limit <n>", "the most entries to print").argParser(decimalArgument).default(20),
  new Option("--verify", "verify for each entry that the log has it"),
]

async function digestOfFile(path: string): Promise<string> {
  const { sha256 } = await digestFile(path, ["sha256"])
  return sha256Text(sha256 ?? bug("no digest was made"))
}

async function fingerprintOfFile(path: string): Promise<string> {
  const { spki } = readKeyFile(await readBytes(path, "key", LONGEST_PEM))
  return sha256Text(digestOf("sha256", spki))
}

/** What the options ask for; the file of an artifact and that of a key stand for their digests. */
async function readCriteria(options: SearchOptions): Promise<SearchCriteria> {
  const { artifact, key, identity, issuer, subject, predicateType, kind } = options
  const digest = artifact === undefined ? options.digest : await digestOfFile(artifact)
  const fingerprint = key === undefined ? undefined : await fingerprintOfFile(key)
  return { digest, key: fingerprint, identity, issuer, subject, predicateType, kind }
}

interface Found {
  readonly entries: readonly Entry[]
  readonly completeUpTo: number
  readonly hasMore: boolean
}

async function findEntries(
  log: LogClient,
  criteria: SearchCriteria,
  { limit, newest }: SearchOptions,
): Promise<Found> {
  const order = newest === true ? "newest" : "oldest"
  const entries: Entry[] = []
  let after: number | undefined
  for (;;) {
    const wanted = Math.min(MOST_FOUND_ON_PAGE, limit - entries.length)
    const page = await log.search(criteria, { order, after, limit: Math.max(1, wanted) })
    entries.push(...page.entries.slice(0, Math.max(0, wanted)))
    const { next, completeUpTo } = page
    if (next === undefined || entries.length >= limit) {
      return { entries, completeUpTo, hasMore: next !== undefined }
    }
    after = next
  }
}

/** What is attested about the digest, by entry: the newest of it. */
async function findAttestations(
  log: LogClient,
  { digest }: SearchCriteria,
): Promise<ReadonlyMap<number, FoundAttestation>> {
  const { attestations } = digest === undefined ? { attestations: [] } : await log.artifact(digest)
  return new Map(attestations.map((attestation) => [attestation.index, attestation]))
}

async function verifyEntry(log: LogClient, entry: Entry, head: FetchedHead): Promise<void> {
  const { proof } = await log.inclusion(entry.index, head.size)
  proven(() => verifyInclusion(entry.body, proof, head))
}

function entryFields(
  { time }: Entry,
  { digest, payload, signers }: EntrySummary,
  attestation: FoundAttestation | undefined,
): Fields {
  const fields: (readonly [string, string])[] = [["committed", time]]
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
  entry: Entry,
  attestation: FoundAttestation | undefined,
  isVerified: boolean,
): void {
  const summary = readSummary(entry.body)
  const { index, leafHash, time } = entry
  const title = `entry ${index}: ${summary.kind}${isVerified ? ", verified" : ""}`
  output.result(title, entryFields(entry, summary, attestation), {
    index,
    leafHash,
    time,
    ...summary,
    ...present({ attestation }),
    isVerified,
  })
}

async function search(command: Command, options: SearchOptions, terminal: Terminal): Promise<void> {
  const criteria = await readCriteria(options)
  if (Object.values(criteria).every((value) => value === undefined)) {
    command.error("error: expected something to search for, such as --digest or --identity")
  }
  const { log, trust, output } = await openLog(command, terminal)
  const { entries, completeUpTo, hasMore } = await findEntries(log, criteria, options)
  const attestations = await findAttestations(log, criteria)
  // Read after the search, so that it covers everything that was found.
  const head = options.verify ? await fetchHead(log, trust) : undefined
  for (const entry of entries) {
    if (head !== undefined) await verifyEntry(log, entry, head)
    printEntry(output, entry, attestations.get(entry.index), head !== undefined)
  }
  const more = hasMore ? " (and more: raise --limit)" : ""
  output.remark(`${entries.length} of ${completeUpTo} entries${more}`)
  if (head !== undefined) remarkPinning(output, head.isPinned)
}

export function searchCommand(command: Command, terminal: Terminal): void {
  addOptions(command, [logOption(), ...searchOptions, ...trustOptions, jsonOption()])
    .addHelpText(
      "after",
      `
An entry must match everything that is asked for. That the log leaves nothing out cannot be
verified, but that it has what it shows can: with --verify, exits with 3 if a proof does not hold.

Example:
  countersign search --log https://log.example.com --artifact app.tar.gz
  countersign search --log https://log.example.com --identity dev@example.com --newest
  countersign search --log https://log.example.com --key key.pub --verify --policy log.policy`,
    )
    .action((options: SearchOptions) => search(command, options, terminal))
}
