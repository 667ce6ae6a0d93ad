// `countersign search`: finds entries by what they say, and verifies on demand that the log has them.
import { verifyInclusion } from "../../client/inclusion.ts"
import { readKeyFile } from "../../client/key-file.ts"
import type { Entry, FoundAttestation, SearchCriteria } from "../../client/log-answer.ts"
import type { LogClient } from "../../client/log-client.ts"
import { digestOf } from "../../core/base/digest.ts"
import { bug } from "../../core/base/errors.ts"
import { LONGEST_PEM, MOST_FOUND_ON_PAGE } from "../../core/base/limits.ts"
import { present } from "../../core/base/present.ts"
import { kindNames } from "../../entry/kind-names.ts"
import { type EntrySummary, readSummary } from "../../entry/kinds/summary.ts"
import { sha256Text } from "../../entry/search-terms.ts"
import { proven } from "../command/exit-code.ts"
import { fetchHead } from "../command/fetched-head.ts"
import { digestFile, readBytes } from "../command/file.ts"
import { logOption, openLog } from "../command/log-options.ts"
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
import { readDigest } from "../command/written-digest.ts"

const searchOptions = [
  logOption(),
  parsed(
    "--digest <digest>",
    "digest of an artifact or an attestation: ALGORITHM:HEX or IMAGE@sha256:HEX",
    readDigest,
  ).conflicts("artifact"),
  optional("--artifact <file>", "the artifact itself; its SHA-256 digest is looked up"),
  optional("--key <file>", "public key or certificate of a signer"),
  optional("--identity <name>", "an identity named in a signer's certificate"),
  optional("--issuer <url>", "the issuer that vouched for the identity"),
  optional("--subject <name>", "name of an in-toto subject"),
  optional("--predicate-type <type>", "predicate type of an in-toto statement"),
  optional("--kind <kind>", `kind of entry: one of ${kindNames.join(", ")}, also with a version`),
  optional("--newest", "newest entries first"),
  preset("--limit <n>", "the most entries to print", decimalArgument, 20),
  optional("--verify", "verify for each entry that the log has it"),
  ...trustOptions,
  jsonOption(),
] as const

type SearchOptions = ValuesOf<typeof searchOptions>

/** What the options ask for; the file of an artifact and that of a key stand for their digests. */
async function readCriteria(options: SearchOptions): Promise<SearchCriteria> {
  const { artifact, key: keyFile, identity, issuer, subject, predicateType, kind } = options
  let { digest } = options
  if (artifact !== undefined) {
    const { sha256 } = await digestFile(artifact, ["sha256"])
    digest = sha256Text(sha256 ?? bug("no digest was made"))
  }
  let key: string | undefined
  if (keyFile !== undefined) {
    const { spki } = readKeyFile(await readBytes(keyFile, "key", LONGEST_PEM))
    key = sha256Text(digestOf("sha256", spki))
  }
  return { digest, key, identity, issuer, subject, predicateType, kind }
}

async function findEntries(
  log: LogClient,
  criteria: SearchCriteria,
  { limit, newest }: SearchOptions,
) {
  const order = newest === true ? "newest" : "oldest"
  const entries: Entry[] = []
  let after: number | undefined
  for (;;) {
    const wanted = Math.min(MOST_FOUND_ON_PAGE, limit - entries.length)
    const page = await log.search(criteria, { order, after, limit: Math.max(1, wanted) })
    entries.push(...page.entries.slice(0, Math.max(0, wanted)))
    const { next, completeUpTo, size } = page
    if (next === undefined || entries.length >= limit) {
      return { entries, completeUpTo, size, hasMore: next !== undefined }
    }
    after = next
  }
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

async function search(options: SearchOptions, called: Called): Promise<void> {
  const criteria = await readCriteria(options)
  if (Object.values(criteria).every((value) => value === undefined)) {
    called.command.error("error: expected something to search for, such as --digest or --identity")
  }
  const { log, trust, output } = await openLog(called)
  const { entries, completeUpTo, size, hasMore } = await findEntries(log, criteria, options)
  const { digest } = criteria
  const { attestations } = digest === undefined ? { attestations: [] } : await log.artifact(digest)
  const attested = new Map(attestations.map((attestation) => [attestation.index, attestation]))
  // Read after the search, so that it covers everything that was found.
  const head = options.verify ? await fetchHead(log, trust) : undefined
  for (const entry of entries) {
    if (head !== undefined) {
      const { proof } = await log.inclusion(entry.index, head.size)
      proven(() => verifyInclusion(entry.body, proof, head))
    }
    printEntry(output, entry, attested.get(entry.index), head !== undefined)
  }
  const more = hasMore ? " (and more: raise --limit)" : ""
  output.remark(`${entries.length} of ${completeUpTo} entries${more}`)
  if (completeUpTo < size) {
    const missed = size - completeUpTo
    output.remark(
      `the log's search index is behind: its newest ${missed} entries were not searched`,
    )
  }
  if (head !== undefined) remarkPinning(output, head.isPinned)
}

export const searchCommand = defineCommand({
  options: searchOptions,
  help: `
An entry must match everything that is asked for. That the log leaves nothing out cannot be
verified, but that it has what it shows can: with --verify, exits with 3 if a proof does not hold.

Example:
  countersign search --log https://log.example.com --artifact app.tar.gz
  countersign search --log https://log.example.com --identity dev@example.com --newest
  countersign search --log https://log.example.com --key key.pub --verify --policy log.policy`,
  run: search,
})
